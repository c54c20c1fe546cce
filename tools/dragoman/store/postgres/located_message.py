"""A message by its number, with all that showing it takes, in one statement: each further one is a round trip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from dragoman.core.model import Message
from dragoman.store.conversations import ConversationRow
from dragoman.store.sql.connection import Connection, Tables, unbind
from dragoman.store.sql.messages import conversations, rows
from dragoman.store.sql.messages.rows import Row, Stored

_MESSAGE: Final = "{0}.live, {0}.moment, {0}a.data, {0}.reply_to, {0}.text, {0}.data"
_PLACE: Final = tuple(conversations.COLUMNS.split(", "))
_FIND: Final = (
    "SELECT m.id, "  # noqa: S608 - our own words
    f"{', '.join(f'mp.{name}' for name in _PLACE)}, {_MESSAGE.format('m')},"
    " (SELECT r.number FROM $messages r WHERE r.place = m.place"
    " AND @key(r.id) = @key(coalesce(m.reply_to, l.reply_to))), coalesce(m.reply_to, l.reply_to),"
    f" {', '.join(f'lp.{name}' for name in _PLACE)}, {_MESSAGE.format('l')},"
    " (SELECT count(*) FROM local_messages r WHERE r.place = l.place AND @key(r.reply_to) = @key(l.id) AND r.live = 1)"
    " FROM $messages m JOIN $places mp ON mp.place = m.place LEFT JOIN $authors ma ON ma.author = m.author"
    " LEFT JOIN local_places lp ON lp.account = '' AND @key(lp.id) = @key(mp.id)"
    " LEFT JOIN local_messages l ON l.place = lp.place AND @key(l.id) = @key(m.id)"
    " LEFT JOIN local_authors la ON la.author = l.author WHERE m.number = ?"
)
_ROW: Final = 6
"""Columns of :data:`_MESSAGE`."""


@dataclass(frozen=True, slots=True)
class LocatedMessage:
    """A message of the table ``seen``.

    Attributes:
        number: That people know it by.
        row: Its conversation.
        stored: What is kept of it.
        parent: The message that it answers, where that is known: its id and its number, if it has one.
        local: The conversation and the message of the local account that have the same ids, where there are such.
    """

    number: int
    row: ConversationRow
    stored: Stored
    parent: tuple[str, int | None] | None
    local: tuple[ConversationRow, Message] | None

    @property
    def address(self) -> tuple[str, str, str]:
        """Account, conversation and id."""
        return self.row.conversation.account, self.row.conversation.id, self.stored.message.id


def find(con: Connection, tables: Tables, number: int) -> LocatedMessage | None:
    """The message of a number."""
    found = con.execute(tables.sql(_FIND), (number,)).fetchone()
    if found is None:
        return None
    values = iter(found)
    id_ = unbind(next(values))
    row = conversations.row_of(_take(values, len(_PLACE)))
    stored = _stored(number, id_, row, _take(values, _ROW))
    parent_number, parent = _take(values, 2)
    local_place, local_row, replies = _take(values, len(_PLACE)), _take(values, _ROW), next(values)
    return LocatedMessage(
        number=number,
        row=row,
        stored=stored,
        parent=None if parent is None else (unbind(parent), parent_number),
        local=_local(id_, local_place, local_row, replies),
    )


def _local(
    id_: str, place: tuple[Any, ...], columns: tuple[Any, ...], replies: int
) -> tuple[ConversationRow, Message] | None:
    if place[0] is None or columns[0] is None:
        return None
    row = conversations.row_of(place)
    stored = _stored(0, id_, row, columns)
    if not (row.known and stored.visible):
        return None
    return row, replace(stored.message, replies=replies)


def _stored(number: int, id_: str, row: ConversationRow, columns: tuple[Any, ...]) -> Stored:
    found = Row(*columns)
    where = row.conversation
    return Stored(number, found, rows.from_row(found, id=id_, conversation=where.id, account=where.account))


def _take(values: Any, count: int) -> tuple[Any, ...]:
    return tuple(next(values) for _ in range(count))
