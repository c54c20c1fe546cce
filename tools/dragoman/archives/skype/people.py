"""Who is who in an export of Skype, and what the conversations are called."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Final

from dragoman.archives.fields import JsonObject, object_of, record_of, text_of
from dragoman.archives.json_mending import list_within
from dragoman.archives.skype.events import CALL, call_names
from dragoman.archives.skype.markup import pieces_of
from dragoman.archives.text import clean
from dragoman.core.fast_model import new_author
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Author, AuthorKind, Conversation, ConversationKind

_ID: Final = lazy_pattern(r"\d{1,2}:")
_GROUP: Final = "19:"
_BOT: Final = "28:"
_PERSON: Final = "8:"
_MOST: Final = 10_000
"""People that are known at once, so that what names them need not be read again."""

_UNSEEN: Final = lazy_pattern(r"^\d{1,2}:(?:live:)?(?:\.cid\.)?")


class People:
    """Learns names from the lists of conversations, from messages, quotes and calls."""

    def __init__(self) -> None:
        self._user = ""
        self._names: dict[str, str] = {}
        self._conversations: dict[str, JsonObject] = {}
        self._learned: set[tuple[str, str]] = set()
        self._authors: dict[str, Author] = {}

    def learn_user(self, id_: str) -> None:
        """Take the id of the user whose export it is."""
        self._user = full_id(id_)

    def learn_conversation(self, members: JsonObject) -> str:
        """Take what a list tells of a conversation; its id."""
        id_ = text_of(members, "id") or text_of(members, "displayName")
        self._conversations[id_] = members
        name = clean(html.unescape(text_of(members, "displayName")))
        if name and not id_.startswith(_GROUP):
            self._names[id_] = name
        return id_

    def learn_messages(self, entries: list[object]) -> None:
        """Take the names in messages."""
        for entry in entries:
            self.learn_message(object_of(entry))

    def learn_message(self, entry: JsonObject) -> None:
        """Take the names in a message: that of its author, those in quotes and calls."""
        content = text_of(entry, "content")
        called = text_of(entry, "displayName")
        if called:
            self._learn_author(text_of(entry, "from"), called)
        if "authorname" in content:
            quotes = (piece.attributes for piece in pieces_of(content) if piece.tag == "quote")
            self._learn_names((one.get("author", ""), one.get("authorname", "")) for one in quotes)
        if text_of(entry, "messagetype") == CALL:
            self._learn_names(call_names(content).items())

    def _learn_author(self, id_: str, called: str) -> None:
        if (id_, called) in self._learned:
            return
        if len(self._learned) < _MOST:
            self._learned.add((id_, called))
        author, name = full_id(id_), clean(html.unescape(called))
        if name and author != self._user:
            # The first one stays: the newest message comes first, and has the name of today.
            self._names.setdefault(author, name)

    def name_of(self, id_: str) -> str:
        """The name that people see, or else the id without its prefix."""
        full = full_id(id_)
        return self._names.get(full) or _UNSEEN.sub("", full) or "user"

    def author(self, id_: str) -> Author:
        """The person, bot, or the conversation itself, which an id names. All names have to be learned before."""
        known = self._authors.get(id_)
        if known is not None:
            return known
        made = self._author(id_)
        if len(self._authors) < _MOST:
            self._authors[id_] = made
        return made

    def _author(self, id_: str) -> Author:
        full = full_id(id_)
        kind = AuthorKind.BOT if full.startswith(_BOT) else AuthorKind.PERSON
        if not full or full.startswith(_GROUP):
            return new_author(name="Skype", kind=AuthorKind.SYSTEM)
        return new_author(name=self.name_of(full), id=full, kind=kind, own=full == self._user)

    def conversation(self, id_: str) -> Conversation:
        """A conversation with its title, kind and people."""
        members = self._conversations.get(id_, {})
        thread = record_of(members, "threadProperties")
        ids = [one for one in list_within(thread.get("members")) if isinstance(one, str)]
        is_group = id_.startswith(_GROUP)
        names = [self.name_of(one) for one in ids] if is_group else [self.name_of(id_)]
        others = [self.name_of(one) for one in ids if full_id(one) != self._user]
        title = clean(html.unescape(text_of(thread, "topic"))) or clean(html.unescape(text_of(members, "displayName")))
        return Conversation(
            id=f"skype.{id_}",
            title=title or ", ".join(others if is_group else names),
            kind=ConversationKind.GROUP if is_group else ConversationKind.DIRECT,
            participants=tuple(dict.fromkeys(names)),
            members=len(ids) or None,
        )

    def _learn_names(self, pairs: Iterable[tuple[str, str]]) -> None:
        for id_, name in pairs:
            shown = clean(name)
            if id_ and shown:
                self._names.setdefault(full_id(id_), shown)


def full_id(id_: str) -> str:
    """An id with the number of its kind; quotes and addresses leave it out, or put it behind a path."""
    last = id_.strip().rpartition("/")[2]
    return last if not last or _ID.match(last) else f"{_PERSON}{last}"
