"""Who is who in a Slack workspace, and what its conversations are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from unicodedata import normalize

from dragoman.archives.fields import EMPTY, JsonObject, object_of, record_of, text_of, texts_of
from dragoman.archives.json_stream import JsonReader
from dragoman.archives.notes import Notes
from dragoman.archives.slack.layout import LISTS
from dragoman.archives.sources import Folder
from dragoman.archives.text import LONGEST_NAME, clean, clean_name
from dragoman.core.fast_model import new_author
from dragoman.core.model import Author, AuthorKind, Conversation, ConversationKind
from dragoman.core.slack.mrkdwn import decode_entities
from dragoman.core.slack.references import author_of

# The list of the workspace comes last, so that it counts more than that of the organisation.
_PEOPLE: Final = ("org_users.json", "users.json")
_SLACKBOT: Final = "USLACKBOT"
_PARTICIPANTS: Final = 200


class Workspace:
    """What the lists at the root of an export tell.

    Args:
        roots: The folders that hold lists; a workspace of an organisation has those of the organisation too.
        notes: Where entries that cannot be read are counted.
    """

    def __init__(self, roots: Iterable[Folder], notes: Notes) -> None:
        self._notes = notes
        self._authors = {_SLACKBOT: new_author(name="Slackbot", id=_SLACKBOT, kind=AuthorKind.BOT)}
        self._bots: dict[str, Author] = {}
        self._titles: dict[str, str] = {}
        self._folders: dict[str, Conversation] = {}
        self.conversations: list[Conversation] = []
        found = list(roots)
        for folder in found:
            self._learn_people(folder)
        for folder in found:
            self._learn_conversations(folder)

    def name_of(self, id_: str) -> str:
        """What people see of a person; empty for a stranger."""
        author = self._authors.get(id_)
        return author.name if author else ""

    def person(self, id_: str) -> Author | None:
        """Somebody whom the lists have."""
        return self._authors.get(id_)

    def title_of(self, id_: str) -> str:
        """What a channel is called; empty when no list has it."""
        return self._titles.get(id_, "")

    def group_of(self, id_: str) -> str:
        """What a group of people is called: exports have no list of them."""
        del id_
        return ""

    def conversation_in(self, folder: str) -> Conversation:
        """The conversation whose days are in a folder of that name."""
        # A file system may have names in another Unicode form than the lists.
        known = self._folders.get(normalize("NFC", folder))
        return known or Conversation(id=f"slack.{folder}", title=folder, kind=ConversationKind.CHANNEL)

    def author_of(self, message: JsonObject) -> Author:
        """Who wrote a message."""
        id_ = author_of(message)
        bot = record_of(message, "bot_profile")
        bot_name = clean(text_of(message, "username") or text_of(bot, "name"))
        if id_:
            known = self._authors.get(id_) or _stranger(id_, message)
            return (
                known if not bot_name or known.name != id_ else new_author(name=bot_name, id=id_, kind=AuthorKind.BOT)
            )
        bot_id = text_of(message, "bot_id") or text_of(bot, "id")
        bot_author = self._bots.get(bot_id)
        if bot_author is not None and bot_name in ("", bot_author.name):
            return bot_author
        if not (bot_id or bot_name):
            return new_author(name="user")
        return new_author(name=bot_name or bot_id, id=bot_id, kind=AuthorKind.BOT)

    def _learn_people(self, folder: Folder) -> None:
        for name in _PEOPLE:
            for user in _entries(folder, name, self._notes):
                author = _author(user)
                if author.id:
                    self._authors[author.id] = author
                    bot = text_of(record_of(user, "profile"), "bot_id")
                    self._bots |= {bot: author} if bot else {}

    def _learn_conversations(self, folder: Folder) -> None:
        for name, kind in LISTS.items():
            for entry in _entries(folder, name, self._notes):
                id_ = text_of(entry, "id")
                if id_:
                    self._add(entry, id_, kind)
                else:
                    self._notes.skip("a conversation without id", folder.label)

    def _add(self, entry: JsonObject, id_: str, kind: ConversationKind) -> None:
        members = texts_of(entry, "members")
        participants = tuple(self.name_of(member) or member for member in members[:_PARTICIPANTS])
        name = text_of(entry, "name")
        named = kind is ConversationKind.CHANNEL and name
        conversation = Conversation(
            id=f"slack.{id_}",
            title=clean(name) if named else ", ".join(participants) or clean(name) or id_,
            kind=kind,
            topic=clean(decode_entities(text_of(record_of(entry, "topic"), "value"))),
            participants=participants,
            members=len(members) or None,
        )
        self.conversations.append(conversation)
        self._titles[id_] = conversation.title[:LONGEST_NAME]
        for folder in (*texts_of(entry, "previous_names"), name, id_):
            if folder:
                self._folders[normalize("NFC", folder)] = conversation


def _entries(folder: Folder, name: str, notes: Notes) -> Iterable[JsonObject]:
    file = folder.file(name)
    if file is None:
        return
    with file.open() as content:
        for _, value in JsonReader(content, notes, file.label).items("[]"):
            yield object_of(value)


def _author(user: JsonObject) -> Author:
    profile = record_of(user, "profile")
    id_ = text_of(user, "id")
    return new_author(
        name=_name(profile, user) or id_,
        id=id_,
        kind=AuthorKind.BOT if user.get("is_bot") is True else AuthorKind.PERSON,
        email=text_of(profile, "email") or None,
    )


def _stranger(id_: str, message: JsonObject) -> Author:
    """Somebody whom no list has, such as a guest of another workspace, by the profile in the message."""
    return new_author(name=_name(record_of(message, "user_profile"), EMPTY) or id_, id=id_)


def _name(profile: JsonObject, user: JsonObject) -> str:
    found = text_of(profile, "display_name", "real_name") or text_of(user, "real_name") or text_of(profile, "name")
    return clean_name(found or text_of(user, "name"))
