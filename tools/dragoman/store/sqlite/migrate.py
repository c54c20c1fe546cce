"""Brings the tables of a file up to date, and tells which version it has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dragoman.store.sqlite import errors, index_rebuild
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.locks import retrying
from dragoman.store.sqlite.schema import APPLICATION_ID, MIGRATIONS, Migration


def migrate(connection: Connection, name: str, migrations: Sequence[Migration], patience: float) -> None:
    """Bring the tables of a file up to date, each step in one transaction. Other processes may do the same.

    Args:
        connection: Open, with no transaction under way.
        name: How errors call the file.
        migrations: All steps; the file has seen the first of them.
        patience: Seconds to wait for locks.

    Raises:
        DragomanError: The file is another program's, from a newer version, or cannot be written.
    """
    if is_foreign(connection):
        raise errors.foreign(name)
    found = version(connection)
    if found > len(migrations):
        raise errors.newer(name, found, len(migrations))
    if found < len(migrations) and connection.readonly("main"):
        raise errors.read_only(name)
    while found < len(migrations):
        # Step by step, so that a power cut loses one at most.
        found = retrying(lambda: _step(connection, migrations), patience)
    if not connection.readonly("main") and index_rebuild.is_outdated(connection):
        retrying(lambda: _prepare_index(connection), patience)


def _prepare_index(connection: Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        index_rebuild.prepare(connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _step(connection: Connection, migrations: Sequence[Migration]) -> int:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done this step while we waited for the lock.
        found = version(connection)
        if found < len(migrations):
            _apply(connection, migrations[found])
            found += 1
            connection.execute(f"PRAGMA user_version = {found}; PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return found


def _apply(connection: Connection, migration: Migration) -> None:
    if isinstance(migration, str):
        connection.execute(migration)
    else:
        migration(connection)


def version(connection: Connection) -> int:
    """How many steps a file has seen."""
    found: int = connection.execute("PRAGMA user_version").get
    return found


def require_known_version(connection: Connection, path: Path) -> None:
    """Refuse the file of another program or of a later version.

    Raises:
        InvalidArgument: It is one.
    """
    if connection.execute("PRAGMA application_id").get != APPLICATION_ID:
        raise errors.foreign(str(path))
    if version(connection) > len(MIGRATIONS):
        raise errors.newer(str(path), version(connection), len(MIGRATIONS))


def is_foreign(connection: Connection) -> bool:
    """Whether a file is a database of another program."""
    # Both in one state of the file: another process may be making the tables just now.
    connection.execute("BEGIN")
    try:
        ours = connection.execute("PRAGMA application_id").get == APPLICATION_ID
        return not ours and bool(connection.execute("SELECT count(*) FROM sqlite_schema").get)
    finally:
        connection.execute("ROLLBACK")
