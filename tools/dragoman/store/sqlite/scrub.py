"""Rewrites a file so that nothing of what was deleted can be read in it, nor in its -wal file."""

from __future__ import annotations

from typing import Final

import apsw

from dragoman.core.errors import Unavailable
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.schema.messages import PREFIXES
from dragoman.store.sqlite.tables import SqliteTables

_PAGES: Final = 500
"""Pages of an index that one step writes: some hundredths of a second, for which other writers wait."""

_UNCHANGED: Final = 2
"""Changes of a step that found nothing more to merge, as FTS5 counts them."""


def scrub(con: Connection) -> None:
    """Rewrite the index, then the file, then empty the -wal file.

    Args:
        con: A connection of its own, with no transaction under way.

    Raises:
        Unavailable: Somebody keeps an earlier state of the file open.
        apsw.Error: As SQLite fails.
    """
    for prefix in PREFIXES:
        _rewrite_index(con, SqliteTables(prefix))
    con.execute("PRAGMA temp_store = FILE")  # the whole file would be in memory for a moment
    con.execute("VACUUM")
    try:
        con.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError as error:
        raise Unavailable(
            "What was deleted is gone from the store, but a program keeps an earlier state of it open, and the file"
            " beside it (-wal) still holds that.",
            hint="Run the command once more when that program has ended.",
        ) from error


def _rewrite_index(con: Connection, tables: SqliteTables) -> None:
    """Merge all segments into one: words of deleted messages stay in the old ones."""
    pages = -_PAGES  # the first step takes up all segments, the others go on with them
    while True:
        before = _total_changes(con)
        con.execute("BEGIN IMMEDIATE")
        try:
            con.execute(tables.sql("INSERT INTO $index($index, rank) VALUES('merge', ?)"), (pages,))
            con.execute("COMMIT")
        finally:
            if con.in_transaction:
                con.execute("ROLLBACK")
        if pages > 0 and _total_changes(con) - before < _UNCHANGED:
            return
        pages = _PAGES


def _total_changes(con: Connection) -> int:
    changes: int = con.execute("SELECT total_changes()").get
    return changes
