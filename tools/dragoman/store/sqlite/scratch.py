"""Temporary databases for what memory should not hold."""

from __future__ import annotations

from typing import Final

import apsw

from dragoman.store.sqlite.connection import Connection

# Such a database ends with its process, so no time is spent on surviving a crash.
_SETTINGS: Final = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000;"
_NEW: Final = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE


def open_scratch(schema: str) -> Connection:
    """A temporary database for what memory should not hold; it is gone when it is closed.

    Args:
        schema: Statements that make its tables.
    """
    connection = connect("", _NEW)  # a temporary file without a name
    # Statements run as their rows are read, and some settings give a row.
    list(connection.execute(f"{_SETTINGS} {schema} BEGIN"))
    return connection


def connect(name: str, flags: int) -> Connection:
    """A connection to a file that is not the store's.

    Raises:
        apsw.Error: It cannot be opened.
    """
    return apsw.Connection(name, flags=flags)
