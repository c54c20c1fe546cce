"""Messages as the values that a database stores, made before the transaction, perhaps in another process.

What is sent between processes is made of plain values alone, so that it is written and read in microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress, count
from typing import Any, Final

from dragoman.core.conversation_merge import merge_conversations
from dragoman.core.model import Author, Conversation, Message
from dragoman.store.sql.connection import IndexRow, bind, to_us, unbind
from dragoman.store.sql.messages import rows

PreparedRow = tuple[
    str | bytes, int, int, int, str | bytes | None, str | bytes, str | bytes | None, str, str | None, str
]
"""Id, live, time, author, reply_to, text and rest, then the columns ``body``, ``parts`` and ``scope`` of the index.

The author is a place in the list of authors. Parts of ``None`` say that the columns of the index are still to
be made, of the body. A body that is the text is the same object, which is sent once.
"""

ID: Final = 0
LIVE: Final = 1
TIME: Final = 2
AUTHOR: Final = 3
INDEX: Final = 7
_PARTS: Final = 8

PreparedColumns = tuple[Sequence[Any], ...]
"""The columns of prepared rows: a table's rows are made of columns several times faster than of other rows."""


@dataclass(slots=True)
class PreparedGroup:
    """Messages of one conversation.

    Attributes:
        described: Whether the archive describes the conversation; otherwise only its id is known.
        columns: Of its messages; empty where there are none.
    """

    conversation: Conversation
    described: bool = False
    columns: PreparedColumns = ()

    def messages(self, authors: Sequence[Author]) -> Iterator[Message]:
        """The messages that were prepared."""
        for id_, live, time_us, place, reply_to, text, data in zip(*self.columns[:INDEX], strict=True):
            author = authors[int(place)]
            row = rows.Row(live, time_us, rows.author_json(author), reply_to, text, data)
            yield replace(rows.from_row(row, id=unbind(id_), conversation=self.conversation.id), author=author)


@dataclass(slots=True)
class PreparedBatch:
    """Messages of any number of conversations."""

    authors: list[Author] = field(default_factory=list[Author])
    groups: list[PreparedGroup] = field(default_factory=list[PreparedGroup])


def prepare(items: Iterable[Conversation | Message], *, indexed: float = 1) -> PreparedBatch:
    """Make the rows of messages, grouped by their conversations in the order in which they came.

    Args:
        items: Messages, and descriptions of conversations; those of one conversation are merged.
        indexed: Share of the messages for which the columns of the index are made too; the others are left to
            whoever stores them.
    """
    groups: dict[str, tuple[PreparedGroup, list[PreparedRow]]] = {}
    authors = _Authors()
    due = 0.0
    for item in items:
        if isinstance(item, Conversation):
            group, _ = groups.setdefault(item.id, (PreparedGroup(item), []))
            if item is not group.conversation:
                group.conversation = merge_conversations(group.conversation, item)
            group.described = True
            continue
        id_ = item.conversation
        _, prepared = groups.get(id_) or groups.setdefault(id_, (PreparedGroup(Conversation(id=id_)), []))
        # A share, not a yes or no: the reading process does as much as keeps both processes at work.
        due += indexed
        prepared.append(_row_of(item, authors.place_of(item.author), indexed=due >= 1))
        due -= due >= 1
    for group, prepared in groups.values():
        group.columns = tuple(zip(*prepared, strict=True))
    return PreparedBatch(authors.found, [group for group, _ in groups.values()])


def index_rows(columns: PreparedColumns, first: int) -> list[IndexRow]:
    """The rows of the full-text index for those that are visible, made now where they were not made before.

    Args:
        columns: Of the messages.
        first: The number of the first message; the others follow it.
    """
    given = compress(zip(count(first), *columns[INDEX:], strict=False), columns[LIVE])
    if None not in columns[_PARTS]:
        return list(given)
    return [
        (number, body, parts, scope) if parts is not None else _index_row(number, body)
        for number, body, parts, scope in given
    ]


def _index_row(number: int, text: str) -> IndexRow:
    body, parts, scope = rows.index_columns_of_text(text)
    return number, body, parts, scope


class _Authors:
    """The authors of a batch, each once."""

    def __init__(self) -> None:
        self.found: list[Author] = []
        self._by_identity: dict[int, int] = {}
        self._by_value: dict[Author, int] = {}
        self._held: list[Author] = []

    def place_of(self, author: Author) -> int:
        """Where the author is in the list."""
        place = self._by_identity.get(id(author))
        if place is None:
            place = self._by_value.setdefault(author, len(self.found))
            if place == len(self.found):
                self.found.append(author)
            self._by_identity[id(author)] = place
            self._held.append(author)  # so that no other object gets its identity
        return place


def _row_of(message: Message, author: int, *, indexed: bool) -> PreparedRow:
    live = message.deleted_at is None
    kept = message if live else rows.tombstone_of(message)
    id_, text, data, moment = bind(kept.id), bind(kept.text), rows.rest(kept), to_us(kept.sent_at)
    reply_to = None if kept.reply_to is None else bind(kept.reply_to)
    # With labels or files the columns hold more than a text, so they cannot be made of it alone.
    if not indexed and not kept.labels and not kept.attachments:
        return id_, int(live), moment, author, reply_to, text, data, rows.searched_text(kept), None, ""
    body, parts, scope = rows.index_columns(kept)
    return id_, int(live), moment, author, reply_to, text, data, body, parts, scope
