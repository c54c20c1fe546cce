"""Databases that are not the store's own: temporary ones, and files of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import apsw

from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import sentence
from dragoman.store.sqlite.connection import Connection

_SETTINGS: Final = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16000;"
_NEW: Final = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
_GUARDS: Final = "PRAGMA trusted_schema = OFF; PRAGMA query_only = ON; PRAGMA cell_size_check = ON;"


def open_scratch(schema: str) -> Connection:
    """A temporary database for what memory should not hold; it is gone when it is closed.

    Args:
        schema: Statements that make its tables.
    """
    connection = _connection("", _NEW)  # a temporary file without a name
    # Statements run as their rows are read, and some settings give a row.
    list(connection.execute(f"{_SETTINGS} {schema} BEGIN"))
    return connection


def open_foreign(path: Path) -> Connection:
    """A database file of another program, which is only read and whose triggers and views are not trusted.

    Args:
        path: The file; a write-ahead log that lies beside it is read too.

    Raises:
        InvalidArgument: It is no database, or damaged.
    """
    has_log = path.with_name(f"{path.name}-wal").exists()
    name = path.resolve().as_uri() + ("?mode=ro" if has_log else "?immutable=1")
    try:
        connection = _connection(name, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        list(connection.execute(_GUARDS))
        list(connection.execute("SELECT count(*) FROM sqlite_schema"))
    except apsw.Error:
        raise InvalidArgument(
            sentence("{} cannot be read as a database.", path.name), hint="Copy it again from its source."
        ) from None
    return connection


def _connection(name: str, flags: int) -> Connection:
    return apsw.Connection(name, flags=flags)
