"""What an export tells beside its messages: people, channels, who is in which conversation, reactions and files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dragoman.archives.attachments import media_type_of
from dragoman.archives.fields import EMPTY, JsonObject, count_of, flag_of, list_of, number_of, object_of, text_of
from dragoman.archives.json_stream import JsonReader
from dragoman.archives.notes import Notes
from dragoman.archives.sources import File, Folder
from dragoman.archives.text import clean
from dragoman.core.emoji_names import emoji_of_codes
from dragoman.core.fast_model import new_author
from dragoman.core.model import Attachment, Author, AuthorKind, Conversation, ConversationKind, Reaction
from dragoman.store.sqlite.scratch import open_scratch

REACTIONS: Final = "zerver_reaction[]"
"""Reactions stand in the file of the organisation, in others beside the messages."""

_SCHEMA: Final = """
CREATE TABLE subscribers(recipient INTEGER, person INTEGER, PRIMARY KEY(recipient, person)) WITHOUT ROWID;
CREATE TABLE reactions(message INTEGER, emoji TEXT, person INTEGER, PRIMARY KEY(message, emoji, person)) WITHOUT ROWID;
CREATE TABLE files(message INTEGER, number INTEGER, name TEXT, type TEXT, size INTEGER, path TEXT,
  PRIMARY KEY(message, number)) WITHOUT ROWID;
"""
_PEOPLE: Final = ("zerver_userprofile[]", "zerver_userprofile_crossrealm[]", "zerver_userprofile_mirrordummy[]")
_CHANNELS: Final = "zerver_stream[]"
_RECIPIENTS: Final = "zerver_recipient[]"
_SUBSCRIPTIONS: Final = "zerver_subscription[]"
_ATTACHMENTS: Final = "zerver_attachment[]"
_UNREAD: Final = tuple(
    f"{table}[]"
    for table in (
        *("zerver_realmauditlog", "zerver_useractivity", "zerver_useractivityinterval", "zerver_userpresence"),
        *("zerver_usertopic", "zerver_mutedtopic", "zerver_usermessage", "zerver_userstatus", "zerver_client"),
        *("analytics_realmcount", "analytics_usercount", "analytics_streamcount", "zerver_botstoragedata"),
        *("zerver_alertword", "zerver_customprofilefieldvalue", "zerver_usergroupmembership", "zerver_onboardingstep"),
    )
)
"""Large tables, which are passed over row by row."""

_PERSON, _CHANNEL = 1, 2
_SHOWN: Final = 200
# SQLite takes no larger number.
_LARGEST: Final = 2**63


class Realm:
    """An organisation.

    Args:
        folder: The folder of its export; files may be missing.
        notes: Where damage is told.

    Attributes:
        has_reactions: Whether any message has reactions.
        has_files: Whether any message refers to files.
    """

    def __init__(self, folder: Folder, notes: Notes) -> None:
        self._folder = folder
        self._notes = notes
        self._people: dict[int, Author] = {}
        self._channels: dict[int, JsonObject] = {}
        self._recipients: dict[int, tuple[int, int]] = {}
        self._conversations: dict[tuple[int, int], Conversation] = {}
        self._scratch = open_scratch(_SCHEMA)
        self.has_reactions = self.has_files = False
        for path, row in self._rows("realm.json", *_PEOPLE, _CHANNELS, _RECIPIENTS, _SUBSCRIPTIONS, REACTIONS):
            self._learn(path, row)
        for _, row in self._rows("attachment.json", _ATTACHMENTS):
            self._learn_file(row)

    def close(self) -> None:
        """Drop what is in temporary tables."""
        self._scratch.close()

    def learn_reaction(self, row: JsonObject) -> None:
        """Take one reaction; one person counts once for an emoji, whatever name of it they chose."""
        message, person = count_of(row, "message"), count_of(row, "user_profile")
        name, code = text_of(row, "emoji_name"), text_of(row, "emoji_code")
        is_unicode = text_of(row, "reaction_type") in ("", "unicode_emoji")
        emoji = (emoji_of_codes(code) if is_unicode else "") or (f":{name}:" if name else "")
        if message is not None and person is not None and emoji:
            self.has_reactions = True
            self._scratch.execute("INSERT OR IGNORE INTO reactions VALUES(?,?,?)", (message, emoji, person))

    def author(self, number: int) -> Author:
        """The person or bot of a number."""
        return self._people.get(number) or new_author(name=f"user {number}", id=str(number))

    def conversation(self, recipient: int, sender: int) -> Conversation:
        """Where a message to a recipient goes: a channel, or a conversation of the people who are in it."""
        place = (recipient, 0 if self.is_channel(recipient) else sender)
        known = self._conversations.get(place)
        if known is None:
            known = self._conversations[place] = self._find(recipient, sender)
        return known

    def _find(self, recipient: int, sender: int) -> Conversation:
        kind, number = self._recipients.get(recipient, (0, recipient))
        if kind == _CHANNEL:
            return self._channel(number, recipient)
        if kind == _PERSON:
            # This kind of recipient is the other person, so the sender belongs to the conversation, too.
            people = sorted({sender, number})
        else:
            statement = "SELECT person FROM subscribers WHERE recipient = ? ORDER BY person"
            people = [row[0] for row in self._scratch.execute(statement, (recipient,))]
        if not people:
            kind_of = ConversationKind.GROUP if kind else ConversationKind.ROOM
            return Conversation(id=f"zulip.recipient.{recipient}", kind=kind_of)
        names = tuple(self.author(person).name for person in people)
        return Conversation(
            # By people: newer servers have a group of two instead, which is the same conversation.
            id=f"zulip.dm.{'-'.join(map(str, people))}",
            title=", ".join(names),
            kind=ConversationKind.DIRECT if len(people) <= _CHANNEL else ConversationKind.GROUP,
            participants=names,
        )

    def is_channel(self, recipient: int) -> bool:
        """Whether messages to a recipient have a topic."""
        known = self._recipients.get(recipient)
        return known is None or known[0] == _CHANNEL

    def reactions(self, message: int) -> Iterator[Reaction]:
        """The reactions to a message, each emoji with the people who chose it."""
        people: dict[str, list[str]] = {}
        for emoji, person in self._scratch.execute("SELECT emoji, person FROM reactions WHERE message = ?", (message,)):
            people.setdefault(emoji, []).append(self.author(person).name)
        for emoji, names in people.items():
            yield Reaction(emoji=emoji, count=len(names), by=tuple(names))

    def attachments(self, message: int) -> Iterator[Attachment]:
        """The files that a message refers to."""
        statement = "SELECT number, name, type, size, path FROM files WHERE message = ? ORDER BY number"
        for number, name, media_type, size, path in self._scratch.execute(statement, (message,)):
            lying = self._folder.file(f"uploads/{path}") if path else None
            yield Attachment(
                id=str(number),
                name=name,
                media_type=media_type or media_type_of(name),
                size=lying.size if size is None and lying else size,
                url=lying.reference if lying else None,
            )

    def _rows(self, name: str, *tables: str) -> Iterator[tuple[str, JsonObject]]:
        file: File | None = self._folder.file(name)
        if file is None:
            return
        with file.open() as content:
            for path, value in JsonReader(content, self._notes, file.label).items(*tables, *_UNREAD):
                if path in tables:
                    yield path, object_of(value)

    def _learn(self, path: str, row: JsonObject) -> None:
        number = count_of(row, "id")
        if path == REACTIONS:
            self.learn_reaction(row)
        elif path == _SUBSCRIPTIONS:
            recipient, person = count_of(row, "recipient"), count_of(row, "user_profile")
            if recipient is not None and person is not None and row.get("active") is not False:
                self._scratch.execute("INSERT OR IGNORE INTO subscribers VALUES(?,?)", (recipient, person))
        elif number is None:
            return
        elif path == _RECIPIENTS:
            self._recipients[number] = (number_of(row, "type") or 0, count_of(row, "type_id") or 0)
        elif path == _CHANNELS:
            self._channels[number] = {"name": text_of(row, "name"), "description": text_of(row, "description")}
            self._learn_recipient(row, _CHANNEL, number)
        elif path in _PEOPLE:
            self._people[number] = _author(row, number, is_bot=path == _PEOPLE[1] or flag_of(row, "is_bot"))
            self._learn_recipient(row, _PERSON, number)

    def _learn_recipient(self, row: JsonObject, kind: int, number: int) -> None:
        """Take what a person or channel says of its recipient, for exports that leave the row of it out."""
        recipient = count_of(row, "recipient")
        recipient = count_of(row, "recipient_id") if recipient is None else recipient
        if recipient is not None:
            self._recipients.setdefault(recipient, (kind, number))

    def _learn_file(self, row: JsonObject) -> None:
        number = count_of(row, "id") or 0
        path = text_of(row, "path_id")
        name = clean(text_of(row, "file_name")) or path.rpartition("/")[2] or "file"
        values = (number, name, text_of(row, "content_type"), count_of(row, "size"), path)
        for message in list_of(row, "messages"):
            if isinstance(message, int) and 0 <= message < _LARGEST:
                self.has_files = True
                self._scratch.execute("INSERT OR IGNORE INTO files VALUES(?,?,?,?,?,?)", (message, *values))

    def _channel(self, number: int, recipient: int) -> Conversation:
        about = self._channels.get(number, EMPTY)
        statement = "SELECT person FROM subscribers WHERE recipient = ? ORDER BY person LIMIT ?"
        people = [self.author(row[0]).name for row in self._scratch.execute(statement, (recipient, _SHOWN))]
        count = self._scratch.execute("SELECT count(*) FROM subscribers WHERE recipient = ?", (recipient,)).get
        return Conversation(
            id=f"zulip.stream.{number}",
            title=clean(text_of(about, "name")),
            kind=ConversationKind.CHANNEL,
            topic=clean(text_of(about, "description")),
            participants=tuple(people),
            members=count or None,
        )


def _author(row: JsonObject, number: int, *, is_bot: bool) -> Author:
    email = text_of(row, "delivery_email", "email")
    return new_author(
        name=clean(text_of(row, "full_name")) or email or f"user {number}",
        id=str(number),
        kind=AuthorKind.BOT if is_bot else AuthorKind.PERSON,
        email=email or None,
    )
