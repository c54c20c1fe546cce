"""One transaction in a worker thread: begun, run, ended, and run again where that is safe."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Generic, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from dragoman.core.errors import Unavailable
from dragoman.core.safe_text import sentence
from dragoman.store.postgres import errors
from dragoman.store.postgres import pool as pool_module
from dragoman.store.postgres.address import Address
from dragoman.store.postgres.connection import PostgresConnection
from dragoman.store.postgres.pool import DriverConnection, Pool
from dragoman.store.sql.connection import Connection

T = TypeVar("T")

STATEMENT_SECONDS: Final = 18
"""Seconds after which the server ends a statement."""

_ATTEMPTS: Final = 5
_PAUSE: Final = 0.05
_ASKED_FOR: Final = 4.0
"""Seconds after the deadline for asking how a transaction ended whose connection broke."""

_RUN: Final = (
    "CAST(pg_postmaster_start_time() AS text)"
    " || ' ' || coalesce(CAST(pg_stat_get_bgwriter_stat_reset_time() AS text), '')"
)
"""Differs after a crash of the server or of one of its processes, when numbers of transactions are given again."""

_VERSION: Final = (
    f"SELECT CASE WHEN NOT pg_is_in_recovery() THEN CAST(pg_current_snapshot() AS text) || ' ' || {_RUN} END"
)
"""Differs after every transaction that has written anything. A standby does not tell all that it would have to."""

_READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_LOCK: Final = (
    f"SELECT CAST(pg_current_xact_id() AS text), {_RUN},"
    " pg_advisory_xact_lock(hashtextextended(current_schema() || ':dragoman:' || ?, 0))"
)
_NOT_DURABLE: Final = "; SET LOCAL synchronous_commit = off"
_NO_LOCK: Final = f"SELECT CAST(pg_current_xact_id() AS text), {_RUN}"
_STATUS: Final = f"SELECT pg_xact_status(CAST(%s AS xid8)), {_RUN}"


def settings(address: Address, seconds: int = STATEMENT_SECONDS) -> str:
    """Statements that set what holds for one transaction: PgBouncer gives the next one another connection."""
    path = "" if address.schema is None else f"; SET LOCAL search_path = {_quoted(address.schema)}"
    timeout = seconds * 1000
    idle = "SET LOCAL idle_in_transaction_session_timeout = 60000; SET LOCAL jit = off"
    return f"SET LOCAL statement_timeout = {timeout}; {idle}{path}"


def ask_version(con: Connection) -> str | None:
    """The version of the database, by one statement that needs no transaction."""
    version: str | None = con.execute(_VERSION).get
    return version


class Reading(Generic[T]):
    """Reads one consistent state. A read that a broken connection ends is made once more on another one.

    Attributes:
        version: That of the state that was read, where it is asked for.
    """

    def __init__(
        self,
        pool: Pool,
        address: Address,
        work: Callable[[Connection], T],
        *,
        single: bool = False,
        versioned: bool = False,
        begin: str | None = None,
    ) -> None:
        """Read nothing yet.

        Args:
            pool: Gives the connection.
            address: Of the database.
            work: Reads.
            single: It runs exactly one statement.
            versioned: Ask for the version as well.
            begin: Statements that begin the transaction; empty for a single statement that needs none.
        """
        self.version: str | None = None
        version = f"; {_VERSION}" if versioned else ""
        self._begin = f"{_READ}; {settings(address)}{version}" if begin is None else begin
        self._end = "COMMIT" if single else ""
        self._ends = time.monotonic() + pool_module.DEADLINE
        self._pool = pool
        self._address = address
        self._work = work
        self._stopped = False
        self._lock = threading.Lock()
        self._connection: DriverConnection | None = None

    def run(self) -> T:
        """Read. Blocks."""
        with errors.explained(self._address.name):
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    return self._once()
                except psycopg.Error as error:
                    if self._stopped or self._is_last(attempt) or not _is_passing(error):
                        raise
                    _pause(attempt)
        raise AssertionError

    def stop(self) -> None:
        """Have the server end the statement under way, without waiting for that."""
        with self._lock:
            self._stopped = True
            connection = self._connection
        if connection is not None:
            threading.Thread(target=self._cancel, args=(connection,), daemon=True).start()

    def _once(self) -> T:
        with self._pool.connection(self._ends) as connection:
            with self._lock:
                if self._stopped:
                    raise Unavailable(sentence("Reading {} was interrupted.", self._address.name), hint="Try again.")
                self._connection = connection
            try:
                con = PostgresConnection(connection, self._begin, self._end)
                result = self._work(con)
                self.version = con.first_rows[0][0] if con.first_rows else None
                return result
            finally:
                with self._lock:
                    self._connection = None
                _undo(connection)

    def _is_last(self, attempt: int) -> bool:
        return attempt == _ATTEMPTS or time.monotonic() >= self._ends

    def _cancel(self, connection: DriverConnection) -> None:
        with self._lock:
            # Given back meanwhile, it may be at work for somebody else.
            if self._connection is connection:
                with suppress(psycopg.Error):
                    connection.cancel_safe(timeout=3)


class Writing(Generic[T]):
    """Writes in one transaction.

    Before ``work`` has begun, and after the server has undone it because of others, it is run again. When the
    connection breaks while the server commits, the server is asked how that ended.
    """

    def __init__(
        self, pool: Pool, address: Address, work: Callable[[Connection], T], *, area: str, once: bool, durable: bool
    ) -> None:
        self._ends = time.monotonic() + pool_module.DEADLINE
        self._pool = pool
        self._address = address
        self._work = work
        self._area = area
        self._once_only = once
        self._durable = durable
        self._has_begun = False

    def run(self) -> T:
        """Write. Blocks."""
        with errors.explained(self._address.name):
            for attempt in range(1, _ATTEMPTS + 1):
                self._has_begun = False
                try:
                    return self._once()
                except psycopg.Error as error:
                    if self._is_last(attempt) or not self._may_run_again(error):
                        raise
                    _pause(attempt)
        raise AssertionError

    def _is_last(self, attempt: int) -> bool:
        return attempt == _ATTEMPTS or time.monotonic() >= self._ends

    def _may_run_again(self, error: psycopg.Error) -> bool:
        if not self._has_begun:
            return _is_passing(error)
        return not self._once_only and error.sqlstate in errors.REPEATABLE

    def _once(self) -> T:
        with self._pool.connection(self._ends) as connection:
            try:
                con = PostgresConnection(
                    connection, f"{_WRITE}; {settings(self._address)}{'' if self._durable else _NOT_DURABLE}"
                )
                lock = con.execute(_LOCK, (self._area,)) if self._area else con.execute(_NO_LOCK)
                transaction: tuple[str, str] = lock.get[:2]
                self._has_begun = True
                result = self._work(con)
                self._commit(connection, transaction)
            except BaseException:
                _undo(connection)
                raise
        return result

    def _commit(self, connection: DriverConnection, transaction: tuple[str, str]) -> None:
        try:
            connection.execute("COMMIT")
        except psycopg.OperationalError as error:
            if not connection.broken:
                raise
            committed = self._has_committed(transaction)
            if committed is False:
                raise
            if committed is None:
                raise errors.unknown_outcome(self._address.name) from error

    def _has_committed(self, transaction: tuple[str, str]) -> bool | None:
        """Whether a transaction was committed; ``None`` when that cannot be found out."""
        number, run = transaction
        while time.monotonic() < self._ends + _ASKED_FOR:
            try:
                with self._pool.connect() as connection:
                    row = connection.execute(_STATUS.encode(), (number,)).fetchone()
            except psycopg.errors.InvalidParameterValue:
                return False  # the number is still to be given
            except psycopg.Error:
                row = None
            if row is not None and row[0] != "in progress":
                # After a crash the number may have been given again, to a transaction that was committed.
                is_known = row[0] is not None and (row[0] != "committed" or row[1] == run)
                return row[0] == "committed" if is_known else None
            time.sleep(_PAUSE)
        return None


def _is_passing(error: psycopg.Error) -> bool:
    """Whether the same may succeed on another connection: this one broke, or was undone because of others."""
    state = error.sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError)
    return state in errors.REPEATABLE or state.startswith(("08", "57P"))


def _undo(connection: DriverConnection) -> None:
    """End the transaction; a connection that cannot is closed, and the pool makes another."""
    try:
        if connection.info.transaction_status != TransactionStatus.IDLE:
            connection.execute("ROLLBACK")
    except psycopg.Error:
        connection.close()


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311 - spreads waiters, hides nothing


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
