"""Message <-> row: pure functions that lose nothing of a message.

A row has columns for what is searched and sorted by, and one compact JSON for whatever else is there, which for
most messages is nothing. Account, conversation and number belong to other columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, cast

from dragoman.core.model import (
    NOTHING,
    Attachment,
    Author,
    AuthorKind,
    Citation,
    Edit,
    Message,
    Reaction,
)
from dragoman.store import index_terms
from dragoman.store.sql.connection import UNREADABLE, DamagedRowError, IndexRow, bind, from_us, to_us, unbind

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
_NOBODY: Final = Author(name="user")
_LONG: Final = 1000


@dataclass(slots=True)
class Row:
    """The columns of a message.

    Attributes:
        live: 1 when there is something to show; 0 for a tombstone or a message whose number only is kept.
        time_us: Microseconds since 1970, see :mod:`dragoman.store.sql.connection`.
        author: JSON of the author, ``None`` when nothing but the number is kept.
        data: JSON of the rest, ``None`` when nothing is left.
    """

    live: int
    time_us: int
    author: str | bytes | None
    reply_to: str | bytes | None
    text: str | bytes | None
    data: str | bytes | None


@dataclass(frozen=True, slots=True)
class Stored:
    """A message with the table's number of it. Tombstones and mere numbers are not ``visible``."""

    number: int
    row: Row
    message: Message

    @property
    def visible(self) -> bool:
        """Whether it may be shown."""
        return bool(self.row.live)

    @property
    def has_content(self) -> bool:
        """Whether more of it is stored than its number."""
        return self.row.author is not None


def to_row(message: Message) -> Row:
    """The columns that hold ``message``."""
    reply_to = message.reply_to
    return Row(
        1 if message.deleted_at is None else 0,
        to_us(message.sent_at),
        author_json(message.author),
        None if reply_to is None else bind(reply_to),
        bind(message.text),
        rest(message),
    )


def from_row(
    row: Row,
    *,
    id: str,  # noqa: A002 - as in Message
    conversation: str,
    account: str = "",
    number: int | None = None,
    parent: int | None = None,
    replies: int = 0,
) -> Message:
    """The message that ``row`` holds.

    Args:
        row: The columns.
        id: Its id.
        conversation: Where it is.
        account: Whose conversation that is.
        number: The number that people know it by.
        parent: The number of the message that it answers.
        replies: How many messages of the store answer it.

    Raises:
        DamagedRowError: It holds none.
    """
    try:
        others = {} if row.data is None else _unpacked(json.loads(unbind(row.data)))
        if replies:
            # The service may count replies that the store has never read.
            others["replies"] = max(replies, others.get("replies", 0))
        return Message(
            id=id,
            conversation=conversation,
            author=_NOBODY if row.author is None else from_author_json(row.author),
            sent_at=from_us(row.time_us),
            text="" if row.text is None else unbind(row.text),
            reply_to=None if row.reply_to is None else unbind(row.reply_to),
            account=account,
            number=number,
            reply_to_number=parent,
            **others,
        )
    except UNREADABLE as error:
        raise DamagedRowError(f"message {id!r} cannot be read") from error


def tombstone_of(message: Message) -> Message:
    """A tombstone: it keeps place, author and time of a message, and none of its content."""
    if message.deleted_at is None:
        return message
    return replace(
        message, text="", edited_at=None, subject=None, status=None, url=None, reactions=(), attachments=(),
        labels=(), citations=(), history=(), extra=NOTHING, partial=False,
    )  # fmt: skip


def author_json(author: Author) -> str | bytes:
    """The only JSON form of an author: equal authors give equal texts."""
    fields = [author.name, author.id, author.kind.value, author.email]
    # What is not there is left out, so that rows of versions before it stay equal.
    if author.aliases:
        return bind(_encode([*fields, author.own, author.aliases]))
    return bind(_encode([*fields, True] if author.own else fields))


def from_author_json(data: str | bytes) -> Author:
    """The author of :func:`author_json`.

    Raises:
        DamagedRowError: It is none.
    """
    try:
        # Long ones are not cached: a few thousand of them would fill the memory.
        return _author(data) if len(data) < _LONG else _author.__wrapped__(data)
    except UNREADABLE as error:
        raise DamagedRowError("an author cannot be read") from error


def rest(m: Message) -> str | bytes | None:
    """JSON of what has no column of its own; ``None`` when there is nothing."""
    # One condition for all, because hardly one message in a hundred has any of it.
    if not (
        m.reactions or m.attachments or m.labels or m.edited_at or m.replies or m.history or m.deleted_at
        or m.partial or m.citations or m.extra or m.status is not None or m.url is not None
    ):  # fmt: skip
        # Where a service has subjects, most messages have one and nothing else.
        return None if m.subject is None else _rest_of_subject(m.subject)
    return bind(_encode(dict(_packed(m))))


def _rest_of_subject(subject: str) -> str | bytes:
    # The topics of a conversation come again and again; long ones are not cached, as with authors.
    return (_subject_json if len(subject) < _LONG else _subject_json.__wrapped__)(subject)


@lru_cache(maxsize=1024)
def _subject_json(subject: str) -> str | bytes:
    return bind(f'{{"subject":{_encode(subject)}}}')


def named_ids(reply_to: str | bytes | None, data: str | bytes | None) -> tuple[str, ...]:
    """Ids of the messages that a row names: its parent, and ``references`` of what has no column of its own."""
    parents = (unbind(reply_to),) if reply_to else ()
    others = unbind(data) if data else ""
    if '"references"' not in others:
        return parents
    extra: Mapping[str, object] = json.loads(others).get("extra", NOTHING)
    named = cast("list[object]", found) if isinstance(found := extra.get("references"), list) else []
    return (*parents, *[one for one in named if isinstance(one, str)])


def _packed(m: Message) -> Iterator[tuple[str, object]]:
    """What there is of the members, in the order in which every row has them."""
    if m.replies:
        yield "replies", m.replies
    if m.edited_at is not None:
        yield "edited_at", to_us(m.edited_at)
    if m.deleted_at is not None:
        yield "deleted_at", to_us(m.deleted_at)
    if m.partial:
        yield "partial", 1
    if m.subject is not None:
        yield "subject", m.subject
    if m.status is not None:
        yield "status", m.status
    if m.url is not None:
        yield "url", m.url
    yield from _packed_lists(m)


def _packed_lists(m: Message) -> Iterator[tuple[str, object]]:
    if m.reactions:
        yield "reactions", [(r.emoji, r.count, r.by) for r in m.reactions]
    if m.attachments:
        yield "attachments", [(a.name, a.id, a.media_type, a.size, a.url) for a in m.attachments]
    if m.labels:
        yield "labels", m.labels
    if m.citations:
        yield "citations", [(c.title, c.url, c.text) for c in m.citations]
    if m.history:
        yield "history", [(e.text, _optional(e.at)) for e in m.history]
    if m.extra:
        yield "extra", dict(m.extra)


def _unpacked(others: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {key: others[key] for key in ("replies", "subject", "status", "url") if key in others}
    for key in ("edited_at", "deleted_at"):
        found[key] = from_us(others.get(key))
    # A member that is not there has the default of a message, whatever version wrote the row.
    found["partial"] = bool(others.get("partial"))
    found["labels"] = tuple(others.get("labels", ()))
    found["reactions"] = tuple(Reaction(emoji=e, count=n, by=tuple(by)) for e, n, by in others.get("reactions", ()))
    found["attachments"] = tuple(
        Attachment(name=n, id=i, media_type=t, size=s, url=u) for n, i, t, s, u in others.get("attachments", ())
    )
    found["citations"] = tuple(Citation(title=t, url=u, text=x) for t, u, x in others.get("citations", ()))
    found["history"] = tuple(Edit(text=t, at=from_us(a)) for t, a in others.get("history", ()))
    extra: Mapping[str, object] = others.get("extra", NOTHING)
    found["extra"] = extra
    return found


def _optional(time: datetime | None) -> int | None:
    return None if time is None else to_us(time)


@lru_cache(maxsize=4096)
def _author(data: str | bytes) -> Author:
    name, id_, kind, email, *others = json.loads(unbind(data))
    own, *aliases = others or [False]
    return Author(name=name, id=id_, kind=AuthorKind(kind), email=email, own=own, aliases=tuple(*aliases))


def index_row(message: Message, number: int) -> IndexRow:
    """The columns of the full-text index for a message.

    Args:
        message: What is indexed.
        number: The table's number of it.
    """
    return number, *index_columns(message)


def index_columns(message: Message) -> tuple[str, str, str]:
    """The columns ``body``, ``parts`` and ``scope``."""
    text = searched_text(message)
    # Three quick looks save the search for links in nearly every message.
    scope = _scope(message, text) if message.labels or message.attachments or "://" in text else ""
    return index_terms.body(text), index_terms.parts(text), scope


def index_columns_of_text(text: str) -> tuple[str, str, str]:
    """The same columns for a message without labels and files, of the text in which words are looked for."""
    scope = index_terms.HAS_LINK if "://" in text and index_terms.holds_link(text) else ""
    return index_terms.body(text), index_terms.parts(text), scope


def searched_text(message: Message) -> str:
    """All of a message in which words are looked for."""
    # Most messages have neither, and joining would copy each text.
    if message.subject is None and not message.attachments:
        return message.text
    return "\n".join([message.text, message.subject or "", *(file.name for file in message.attachments)])


def _scope(message: Message, text: str) -> str:
    scope = list(map(index_terms.label_scope, message.labels))
    if message.attachments:
        scope.append(index_terms.HAS_FILE)
    if index_terms.holds_link(text):
        scope.append(index_terms.HAS_LINK)
    return " ".join(scope)
