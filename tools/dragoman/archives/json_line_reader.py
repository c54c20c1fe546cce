"""Maps the lines of a JSON Lines archive to messages and conversations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Final, LiteralString

from dragoman.archives.fields import (
    JsonObject,
    count_of,
    flag_of,
    is_list,
    is_number,
    is_object,
    list_of,
    number_of,
    object_of,
    record_of,
    text_of,
    texts_of,
)
from dragoman.archives.format import Item
from dragoman.archives.ids import ContentIds, Notebook
from dragoman.archives.text import clean
from dragoman.archives.times import from_iso, from_milliseconds, from_seconds
from dragoman.core.errors import InvalidArgument
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.model import (
    Attachment,
    Author,
    AuthorKind,
    Citation,
    Conversation,
    ConversationKind,
    Edit,
    Message,
    Reaction,
)
from dragoman.core.references import Reference, parse
from dragoman.core.safe_text import Sentence, safe, sentence

MESSAGE_MEMBERS: Final = frozenset({"author", "sent_at", "text"})
TIMES: Final[tuple[LiteralString, ...]] = ("sent_at", "time", "timestamp")
"""Names of the member that tells when a message was sent; the first that is there counts."""

_KINDS: Final = {kind.value: kind for kind in ConversationKind} | {"dm": ConversationKind.DIRECT}
_AUTHOR_KINDS: Final = {kind.value: kind for kind in AuthorKind}
_PLAIN: Final = frozenset({"author", *TIMES, "text", "conversation", "ref", "external_id", "id", "number", "reply_to"})
_AUTHORS: Final = 10_000
# Milliseconds passed this number in 1973, and seconds will in the year 5138.
_IN_SECONDS: Final = 10**11
_SINCE_1970: Final = re.compile(r"-?[0-9]{9,14}(?:\.[0-9]{1,9})?")
"""Seconds or milliseconds as text; of eight digits it is a day."""

_MOST_COUNTED: Final = 2**63 - 1


class UnusableLineError(Exception):
    """A line that cannot be kept."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason)
        self.reason = safe(reason)


class LineReader:
    """Maps the lines of one file, in order.

    Args:
        zone: Of times that name none.
        account: Whose references name conversations by their id alone.
    """

    def __init__(self, zone: tzinfo, account: str = "local") -> None:
        self._zone = zone
        self._account = account
        self._content_ids = ContentIds()
        self._numbers = Notebook()
        self._authors: dict[Author, Author] = {}
        self._named: dict[str, Author] = {}

    def items(self, value: object) -> Iterator[Item]:
        """What a line holds: a message, a description of a conversation, or both.

        Raises:
            UnusableLineError: It holds neither.
        """
        if not is_object(value):
            raise UnusableLineError("no JSON object")
        reference = _reference(text_of(value, "ref"))
        conversation = _conversation_id(value, reference, self._account)
        about = record_of(value, "conversation")
        if about:
            yield _described(about, conversation)
        elif not MESSAGE_MEMBERS & value.keys():
            yield _described(value, conversation)
            return
        yield self._message(value, conversation, reference)

    def _message(self, line: JsonObject, conversation: str, reference: Reference | None) -> Message:
        name = next((name for name in TIMES if line.get(name) is not None), TIMES[0])
        written = line.get(name)
        sent_at = self._time(line, name)
        if sent_at is None and written is None:
            raise UnusableLineError("no sent_at")
        if sent_at is None:
            raise UnusableLineError(sentence("{} is no ISO time", name))
        written_text = line.get("text")
        if not (written_text is None or isinstance(written_text, str) or is_number(written_text)):
            raise UnusableLineError("text is no text")
        text = "" if "deleted_at" in line and self._time(line, "deleted_at") else clean(text_of(line, "text"))
        id_ = self._id(line, reference, conversation, str(written), text)
        plain = new_message(
            id=id_,
            conversation=conversation,
            author=self._author(line),
            sent_at=sent_at,
            text=text,
            reply_to=self._parent(line, conversation, id_) if "reply_to" in line else None,
        )
        # Most lines have nothing else.
        return plain if line.keys() <= _PLAIN else self._with_details(plain, line)

    def _with_details(self, message: Message, line: JsonObject) -> Message:
        return replace(
            message,
            edited_at=self._time(line, "edited_at"),
            deleted_at=self._time(line, "deleted_at"),
            partial=flag_of(line, "partial"),
            subject=text_of(line, "subject") or None,
            status=text_of(line, "status") or None,
            url=text_of(line, "url") or None,
            reactions=_reactions(line),
            attachments=tuple(_attachment(entry) for entry in _entries(line, "attachments", "name")),
            labels=tuple(filter(None, (text_of(entry, "name") for entry in _entries(line, "labels", "name")))),
            citations=tuple(_citation(entry) for entry in _entries(line, "citations", "title")),
            history=tuple(self._edit(entry) for entry in _entries(line, "history", "text")),
            extra=record_of(line, "extra"),
        )

    def _author(self, line: JsonObject) -> Author:
        """The author; the same one again for the same words, which stores and compares faster."""
        written = line.get("author")
        key = written if isinstance(written, str) and "bot" not in line else None
        known = self._named.get(key) if key else None
        if known is not None:
            return known
        author = _author(line)
        if len(self._authors) > _AUTHORS:
            self._authors.clear()
            self._named.clear()
        author = self._authors.setdefault(author, author)
        if key:
            self._named[key] = author
        return author

    def _id(self, line: JsonObject, reference: Reference | None, conversation: str, time: str, text: str) -> str:
        number = number_of(line, "number")
        given = text_of(line, "external_id", "id") or (reference.message if reference else None)
        if given and number is not None:
            self._numbers.put(f"{number} {conversation}", given)
        if given or number is not None:
            return given or f"n{number}"
        return self._content_ids.make(conversation, time, text)

    def _parent(self, line: JsonObject, conversation: str, own: str) -> str | None:
        value = line.get("reply_to")
        if isinstance(value, int) and not isinstance(value, bool):
            # A number of the file if its lines have numbers, else an id.
            known = self._numbers.get(f"{value} {conversation}")
            parent = known or (f"n{value}" if line.get("number") is not None else str(value))
        else:
            written = text_of(line, "reply_to")
            reference = _reference(written)
            parent = (reference.message if reference else None) or written
        return parent if parent not in ("", own) else None

    def _time(self, line: JsonObject, name: str) -> datetime | None:
        value = line.get(name)
        if isinstance(value, str) and not _SINCE_1970.fullmatch(value):
            return from_iso(value, self._zone)
        number = float(value) if isinstance(value, str) else value
        in_seconds = not isinstance(number, int | float) or abs(number) < _IN_SECONDS
        return from_seconds(value) if in_seconds else from_milliseconds(value)

    def _edit(self, entry: JsonObject) -> Edit:
        return Edit(text=text_of(entry, "text"), at=self._time(entry, "at"))


def _conversation_id(line: JsonObject, reference: Reference | None, account: str) -> str:
    if reference is not None:
        return _place_of(reference, account)
    name = text_of(record_of(line, "conversation"), "id", "ref") or text_of(line, "conversation")
    if not name and not MESSAGE_MEMBERS & line.keys():
        name = text_of(line, "id")
    if not name:
        raise UnusableLineError("no conversation")
    return _conversation_of(name, account)


@lru_cache(maxsize=1000)
def _conversation_of(name: str, account: str) -> str:
    """The conversation's id: that of a reference, else the name itself."""
    named = _reference(name)
    return _place_of(named, account) if named else name


def _place_of(reference: Reference, account: str) -> str:
    """The conversation's id; one of another account begins with its name, for two may have one of the same id."""
    if reference.account in (account, "local"):
        return reference.conversation
    return f"{reference.account}.{reference.conversation}"


def _reference(text: str) -> Reference | None:
    try:
        return parse(text) if text else None
    except InvalidArgument:
        return None


def _described(about: JsonObject, id_: str) -> Conversation:
    return Conversation(
        id=id_,
        title=clean(text_of(about, "title", "name")),
        kind=_KINDS.get(text_of(about, "kind"), ConversationKind.ROOM),
        topic=clean(text_of(about, "topic")),
        participants=tuple(_names(about, "participants")),
        members=count_of(about, "members"),
        external=tuple(texts_of(about, "external")),
        status=text_of(about, "status") or None,
        url=text_of(about, "url") or None,
        extra=record_of(about, "extra"),
    )


def _names(record: JsonObject, name: str) -> Iterator[str]:
    for item in list_of(record, name):
        found = item if isinstance(item, str) else text_of(object_of(item), "name", "id", "email")
        if found:
            yield clean(found)


def _author(line: JsonObject) -> Author:
    bot = AuthorKind.BOT if flag_of(line, "bot") else AuthorKind.PERSON
    entry = line.get("author")
    if not is_object(entry):
        return new_author(name=clean(text_of(line, "author")) or "user", kind=bot)
    id_, email = text_of(entry, "id"), text_of(entry, "email")
    return new_author(
        name=clean(text_of(entry, "name")) or email or id_ or "user",
        id=id_,
        kind=_AUTHOR_KINDS.get(text_of(entry, "kind"), bot),
        email=email or None,
    )


def _entries(line: JsonObject, name: str, member: str) -> Iterator[JsonObject]:
    """The objects of a list, or a single one; a text stands for an object with this member alone."""
    value = line.get(name)
    for item in value if is_list(value) else [value]:
        if is_object(item):
            yield item
        elif isinstance(item, str):
            yield {member: item}


def _reactions(line: JsonObject) -> tuple[Reaction, ...]:
    value = line.get("reactions")
    if is_object(value) and "emoji" not in value:
        counted = (Reaction(emoji=emoji, count=count_of(value, emoji) or 0) for emoji in value)
        return tuple(reaction for reaction in counted if reaction.emoji and reaction.count)
    found: dict[str, Reaction] = {}
    for entry in _entries(line, "reactions", "emoji"):
        emoji, by = text_of(entry, "emoji", "name"), tuple(_names(entry, "by"))
        count = max(len(by), 1) if entry.get("count") is None else count_of(entry, "count") or 0
        before = found.get(emoji, Reaction(emoji=emoji, count=0))
        if emoji and count:
            found[emoji] = Reaction(emoji=emoji, count=min(before.count + count, _MOST_COUNTED), by=before.by + by)
    return tuple(found.values())


def _attachment(entry: JsonObject) -> Attachment:
    return Attachment(
        name=text_of(entry, "name", "url") or "file",
        id=text_of(entry, "id"),
        media_type=text_of(entry, "media_type") or None,
        size=count_of(entry, "size"),
        url=text_of(entry, "url") or None,
    )


def _citation(entry: JsonObject) -> Citation:
    url, text = text_of(entry, "url"), text_of(entry, "text")
    return Citation(title=text_of(entry, "title") or url, url=url or None, text=text or None)
