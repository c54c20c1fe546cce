"""Merges the segments of a full-text index.

Each transaction that writes messages adds a segment, and a search looks into every segment for every word. SQLite
merges small ones by itself, and leaves about ten after a large import.
"""

from __future__ import annotations

from typing import Final

from dragoman.store.sql.connection import Tables
from dragoman.store.sqlite.connection import Connection

_STEP: Final = 1000
"""Pages that one step writes: about a tenth of a second, for which other writers wait."""

_SHARE: Final = 0.5
"""Of the largest segment: when the others are smaller together, merging costs more than it saves."""


def merge_step(con: Connection, tables: Tables) -> bool:
    """Merge some pages, if that is worth it. Runs in a transaction.

    Returns:
        Whether there may be more to merge.
    """
    # One row for each page. What is being merged keeps its rows until the end, so that each step decides alike.
    found = con.execute(tables.sql("SELECT count(*) FROM $index_idx GROUP BY segid"))
    *others, largest = sorted(count for (count,) in found) or [0]
    if sum(others) <= _SHARE * largest:
        return False
    con.execute(tables.sql(f"INSERT INTO $index($index, rank) VALUES('merge', -{_STEP})"))
    return True
