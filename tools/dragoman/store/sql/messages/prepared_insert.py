"""Stores messages whose values were made before the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress, count, repeat

from dragoman.core.model import Author
from dragoman.store.sql.connection import Connection
from dragoman.store.sql.messages import conversations
from dragoman.store.sql.messages.message_table import INSERTED, AuthorNumbers, MessageTable, MessageWriter
from dragoman.store.sql.messages.prepared import AUTHOR, ID, INDEX, LIVE, TIME, PreparedColumns, index_rows


def insert_if_all_new(
    con: Connection,
    table: MessageTable,
    where: tuple[str, str],
    prepared: tuple[Sequence[Author], PreparedColumns],
    numbers: AuthorNumbers,
) -> int | None:
    """Store prepared messages of a conversation, or none of them when one is there already.

    Args:
        con: A connection within a transaction.
        table: Where they are stored.
        where: Account and id of the conversation.
        prepared: Authors, and the columns of at least one message, which name authors by their places in that list.
        numbers: Authors that this transaction has stored; it is filled.

    Returns:
        How many of them are visible; ``None`` when nothing was stored.
    """
    authors, columns = prepared
    place = conversations.ensure(con, table.tables, *where)
    # A first look at both ends: an archive that was imported before is mostly there as a whole.
    if table.holds_one_of(con, place, (columns[ID][0], columns[ID][-1])):
        return None
    if not _insert(MessageWriter(con, table.tables, place, numbers), authors, columns):
        return None
    times = list(compress(columns[TIME], columns[LIVE]))
    if times:
        conversations.count_added(con, table.tables, place, times)
    return len(times)


def _insert(writer: MessageWriter, authors: Sequence[Author], columns: PreparedColumns) -> bool:
    """Whether all of them were stored: none is, when one is there already."""
    con, tables = writer.con, writer.tables
    first = tables.last_number(con) + 1
    numbers = _numbers_of(writer, authors, columns[AUTHOR])
    ids, live, times, by, *others = columns[:INDEX]
    # Made column by column: a step of Python for each message takes as long as storing it.
    rows = zip(
        count(first), repeat(writer.place), ids, live, times, map(numbers.__getitem__, by), *others,
        strict=False,
    )  # fmt: skip
    if not tables.insert_if_all_new(con, "messages", INSERTED, list(rows)):
        return False
    tables.index(con, index_rows(columns, first))
    return True


def _numbers_of(writer: MessageWriter, authors: Sequence[Author], places: Sequence[int]) -> dict[int, int]:
    """The numbers of the authors at these places in the list, by their places."""
    used = {place: authors[place] for place in dict.fromkeys(places)}
    writer.store_authors(used.values())
    return {place: writer.authors.by_identity[id(author)][0] for place, author in used.items()}
