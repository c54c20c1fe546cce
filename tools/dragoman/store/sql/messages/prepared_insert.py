"""Stores messages whose values were made before the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dragoman.core.model import Author
from dragoman.store.sql.connection import Connection
from dragoman.store.sql.messages import conversations
from dragoman.store.sql.messages.message_table import (
    INSERTED,
    LIVE,
    AuthorNumbers,
    MessageTable,
    MessageWriter,
    visible_times,
)
from dragoman.store.sql.messages.prepared import PreparedRow, index_row_of

_AUTHOR: Final = 3
"""Index of the author in a prepared row."""


def insert_if_all_new(
    con: Connection,
    table: MessageTable,
    where: tuple[str, str],
    prepared: tuple[Sequence[Author], Sequence[PreparedRow]],
    numbers: AuthorNumbers,
) -> int | None:
    """Store prepared messages of a conversation, or none of them when one is there already.

    Args:
        con: A connection within a transaction.
        table: Where they are stored.
        where: Account and id of the conversation.
        prepared: Authors, and at least one row that names them by their places in that list.
        numbers: Authors that this transaction has stored; it is filled.

    Returns:
        How many of them are visible; ``None`` when nothing was stored.
    """
    authors, fresh = prepared
    place = conversations.ensure(con, table.tables, *where)
    # A first look at both ends: an archive that was imported before is mostly there as a whole.
    if table.holds_one_of(con, place, (fresh[0][0], fresh[-1][0])):
        return None
    times = _insert(MessageWriter(con, table.tables, place, numbers), authors, fresh)
    if times:
        conversations.count_added(con, table.tables, place, times)
    return None if times is None else len(times)


def _insert(writer: MessageWriter, authors: Sequence[Author], prepared: Sequence[PreparedRow]) -> list[int] | None:
    """Times of those that are visible; ``None`` when one is there already."""
    tables, place = writer.tables, writer.place
    numbers = _numbers_of(writer, authors, prepared)
    columns = [
        (number, place, id_, live, time_us, numbers[author], reply_to, text, data)
        for number, (id_, live, time_us, author, reply_to, text, data, *_) in enumerate(
            prepared, tables.last_number(writer.con) + 1
        )
    ]
    if not tables.insert_if_all_new(writer.con, "messages", INSERTED, columns):
        return None
    live = zip(columns, prepared, strict=True)
    tables.index(writer.con, [index_row_of(fresh, row[0]) for row, fresh in live if row[LIVE]])
    return visible_times(columns)


def _numbers_of(writer: MessageWriter, authors: Sequence[Author], prepared: Sequence[PreparedRow]) -> dict[int, int]:
    """The numbers of the authors whom these rows name, by their places in the list."""
    used = {place: authors[place] for place in dict.fromkeys([row[_AUTHOR] for row in prepared])}
    writer.store_authors(used.values())
    return {place: writer.authors.by_identity[id(author)][0] for place, author in used.items()}
