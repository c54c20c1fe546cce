"""What every connection to a file is told first."""

from __future__ import annotations

from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.locks import waiting


def set_up(connection: Connection, patience: float) -> None:
    """Make a new connection wait for locks, and write durably.

    Args:
        connection: The connection.
        patience: Seconds to wait for a lock.
    """
    # First of all: what follows may meet a lock already.
    connection.set_busy_handler(waiting(patience))
    # FULL, because with NORMAL a power cut may take the last commits out of a -wal file.
    # The size limit cuts the -wal file after a large import; by itself it never becomes smaller.
    # A schema is not trusted: a file from elsewhere may have views and triggers that call functions.
    execute_all(
        connection,
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -8000;"
        "PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 4000;"
        "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;",
    )


def execute_all(connection: Connection, statements: str) -> None:
    """Run statements to the last one; without reading their rows, the first that gives one would end it."""
    for _ in connection.execute(statements):
        pass
