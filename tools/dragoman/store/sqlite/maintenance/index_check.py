"""Compares the full-text index with the texts that it was made of.

The index holds no texts, so its words are added up for each message, and so are those of a second index that is made
anew from the texts, in memory and for some messages at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from dragoman.store.sql.connection import Tables
from dragoman.store.sql.messages import refolding
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sqlite.connection import Connection

_AT_ONCE: Final = 2000
_INSERT: Final = "INSERT INTO temp.fresh_index(rowid, body, parts, scope) VALUES(?,?,?,?)"
_CLEAR: Final = "INSERT INTO temp.fresh_index(fresh_index) VALUES('delete-all')"


def differences(con: Connection, table: MessageTable) -> Iterator[str]:
    """A sentence for each message whose words are not those in the index.

    Args:
        con: A connection within a transaction; it may be unable to write.
        table: Which messages.
    """
    _create_tables(con, table.tables)
    try:
        indexed = dict(_sums(con, "stored_words"))
        entries = refolding.indexed(con, table.tables)
        while batch := list(islice(entries, _AT_ONCE)):
            con.executemany(_INSERT, batch)
            expected = _sums(con, "fresh_words")
            con.execute(_CLEAR)
            for number, *_ in batch:
                if indexed.pop(number, 0) != expected.get(number, 0):
                    yield f"message {number} is indexed with other words than it has"
        for number in indexed:
            yield f"message {number} is in the index and cannot be shown"
    finally:
        for name in ("stored_words", "fresh_words", "fresh_index"):
            con.execute(f"DROP TABLE IF EXISTS temp.{name}")


def _create_tables(con: Connection, tables: Tables) -> None:
    name = tables.sql("$index")
    definition: str = con.execute("SELECT sql FROM main.sqlite_schema WHERE name = ?", (name,)).get
    con.execute(definition.replace(f"CREATE VIRTUAL TABLE {name}", "CREATE VIRTUAL TABLE temp.fresh_index", 1))
    con.execute(f"CREATE VIRTUAL TABLE temp.stored_words USING fts5vocab(main, {name}, instance)")
    con.execute("CREATE VIRTUAL TABLE temp.fresh_words USING fts5vocab(temp, fresh_index, instance)")


def _sums(con: Connection, table: str) -> Mapping[int, int]:
    """For each message, the sum of a hash of each word with its place."""
    # Rows come word by word, so those of a message are added up. Both sides are of one process: hash() has one seed.
    sums: dict[int, int] = defaultdict(int)
    for term, number, column, offset in con.execute(f"SELECT term, doc, col, offset FROM temp.{table}"):  # noqa: S608 - our own words
        sums[number] += hash((term, column, offset))
    return sums
