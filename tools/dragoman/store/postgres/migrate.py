"""Makes the tables of a store, or brings them up to date, whichever process comes first."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import psycopg
from psycopg import sql

from dragoman.store import index_terms
from dragoman.store.postgres import errors
from dragoman.store.postgres.address import Address
from dragoman.store.postgres.driver import DriverConnection
from dragoman.store.postgres.schema import MIGRATIONS

_VERSIONS: Final = "CREATE TABLE IF NOT EXISTS schema_version(version bigint NOT NULL)"
_EXISTS: Final = "SELECT to_regclass('schema_version') IS NOT NULL"
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('dragoman:migrate', 0))"
_FACTS: Final = "SELECT current_setting('server_encoding'), pg_is_in_recovery()"


def again_if_cut(work: Callable[[DriverConnection], None], connect: Callable[[], DriverConnection]) -> None:
    """Run work that may be done twice on a new connection, and once more on another one if that breaks.

    Raises:
        psycopg.Error: There is no connection, or the work fails.
    """
    for is_last in (False, True):
        with connect() as connection:
            try:
                work(connection)
            except psycopg.OperationalError:
                if is_last or not connection.broken:
                    raise
            else:
                return


def prepare(connection: DriverConnection, address: Address) -> bool:
    """Bring the tables up to date.

    Returns:
        Whether they can be written.

    Raises:
        DragomanError: They are of a newer version, or this role may not make them.
        psycopg.Error: The server fails.
    """
    encoding, is_standby = _row(connection, _FACTS)
    if encoding != "UTF8":
        raise errors.wrong_encoding(address.name)
    found = require_known(connection, address)
    if found < len(MIGRATIONS):
        _bring_up_to_date(connection, address)
    return not is_standby


def require_known(connection: DriverConnection, address: Address) -> int:
    """The version of the tables.

    Raises:
        InvalidArgument: A newer Dragoman has changed them.
        psycopg.Error: The server fails.
    """
    with connection.transaction():
        _use_schema(connection, address)
        found = _version(connection)
    if found > len(MIGRATIONS):
        raise errors.newer(address.name, found, len(MIGRATIONS))
    return found


def clock_offset(connection: DriverConnection) -> float:
    """Seconds by which the clock of the server is ahead of this machine's."""
    before = time.time()
    found = float(_row(connection, "SELECT extract(epoch FROM clock_timestamp())")[0])
    return found - (before + time.time()) / 2


def script(connection: DriverConnection, address: Address) -> str:
    """What an administrator has to run for a role that may not make tables; empty when nothing is to be done."""
    with connection.transaction():
        _use_schema(connection, address)
        found = _version(connection)
        schema = address.schema or _row(connection, "SELECT coalesce(current_schema(), 'public')")[0]
    if found >= len(MIGRATIONS):
        return ""
    role = sql.Identifier(_row(connection, "SELECT current_user")[0]).as_string(connection)
    named = sql.Identifier(schema).as_string(connection)
    return "\n".join(
        [
            "BEGIN;",
            f"CREATE SCHEMA IF NOT EXISTS {named};",
            f"SET LOCAL search_path = {named};",
            f"{_VERSIONS};",
            *MIGRATIONS[found:],
            *([_mark_index()] if found == 0 else []),
            "DELETE FROM schema_version;",
            f"INSERT INTO schema_version VALUES({len(MIGRATIONS)});",
            f"GRANT USAGE ON SCHEMA {named} TO {role};",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {named} TO {role};",
            f"REVOKE UPDATE, DELETE ON audit FROM {role};",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {named} TO {role};",
            f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {named} TO {role};",
            "COMMIT;",
        ]
    )


def _bring_up_to_date(connection: DriverConnection, address: Address) -> None:
    try:
        with connection.transaction():
            connection.execute(_LOCK)
            if address.schema is not None:
                connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(address.schema)))
            _use_schema(connection, address)
            # Another process may have done it while we waited for the lock.
            found = _version(connection)
            connection.execute(_VERSIONS)
            for step in MIGRATIONS[found:]:
                connection.execute(step.encode())
            if found == 0:
                connection.execute(_mark_index().encode())
            connection.execute("DELETE FROM schema_version")
            connection.execute(f"INSERT INTO schema_version VALUES({len(MIGRATIONS)})".encode())
    except psycopg.errors.InsufficientPrivilege as error:
        raise errors.outdated(address.name) from error


def _mark_index() -> str:
    """That what will be in the index is made by the rules of this version."""
    return f"UPDATE index_builds SET version = '{index_terms.VERSION}';\n"  # noqa: S608 - our own words


def _use_schema(connection: DriverConnection, address: Address) -> None:
    if address.schema is not None:
        connection.execute(sql.SQL("SET LOCAL search_path = {}").format(sql.Identifier(address.schema)))


def _version(connection: DriverConnection) -> int:
    if not _row(connection, _EXISTS)[0]:
        return 0
    return int(_row(connection, "SELECT coalesce(max(version), 0) FROM schema_version")[0])


def _row(connection: DriverConnection, statement: str) -> tuple[Any, ...]:
    row = connection.execute(statement.encode()).fetchone()
    if row is None:
        raise AssertionError
    return row
