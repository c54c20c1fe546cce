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
from dragoman.store.postgres import errors, migrate, statements
from dragoman.store.postgres import pool as pool_module
from dragoman.store.postgres.address import Address
from dragoman.store.postgres.connection import PostgresConnection
from dragoman.store.postgres.driver import DriverConnection
from dragoman.store.postgres.pool import Pool
from dragoman.store.sql.connection import Connection

T = TypeVar("T")

_ATTEMPTS: Final = 5
_OUTDATED: Final = ("26000", "42P05", "0A000")
"""States of a prepared statement that the session does not know, or that was made before the tables changed."""

_OF_TABLES: Final = ("22", "23", "3F", "42")
"""Classes of states of a statement that does not fit the tables."""

_PAUSE: Final = 0.05
_ASKED_FOR: Final = 4.0
"""Seconds after the deadline for asking how a transaction ended whose connection broke."""


def ask_version(con: Connection) -> str | None:
    """The version of the database, by one statement that needs no transaction."""
    version: str | None = con.execute(statements.VERSION).get
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
        alone: bool = False,
    ) -> None:
        """Read nothing yet.

        Args:
            pool: Gives the connection.
            address: Of the database.
            work: Reads.
            single: It runs exactly one statement.
            versioned: Ask for the version as well.
            alone: That statement needs no transaction.
        """
        self.version: str | None = None
        self._single = single
        self._versioned = versioned
        self._alone = alone
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
                    _look_at(error, self._pool)
                    if self._stopped or self._is_last(attempt) or not _is_passing(error):
                        _refuse_newer(error, self._pool, self._address)
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
                con = self._begin(connection)
                result = self._work(con)
                self.version = con.first_rows[0][0] if con.first_rows else None
                return result
            finally:
                with self._lock:
                    self._connection = None
                undo(connection)

    def _begin(self, connection: DriverConnection) -> PostgresConnection:
        """A transaction. A single statement in a session of our own is one by itself."""
        version = [statements.VERSION] if self._versioned else []
        if self._alone:
            return PostgresConnection(connection)
        if connection.prepared is not None:
            begin = [] if self._single else [statements.READ]
            return PostgresConnection(connection, begin + version)
        begin = [statements.READ, statements.of_transaction(self._address)]
        return PostgresConnection(connection, begin + version, "COMMIT" if self._single else "")

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

    What failed before it was committed is run again on another connection, if that may help. When the connection breaks
    while the server commits, the server is asked how that ended.
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
                    _look_at(error, self._pool)
                    if self._is_last(attempt) or not self._may_run_again(error):
                        _refuse_newer(error, self._pool, self._address)
                        raise
                    _pause(attempt)
        raise AssertionError

    def _is_last(self, attempt: int) -> bool:
        return attempt == _ATTEMPTS or time.monotonic() >= self._ends

    def _may_run_again(self, error: psycopg.Error) -> bool:
        """Whether it may, now that nothing of it is in the database."""
        return _is_passing(error) and not (self._once_only and self._has_begun)

    def _once(self) -> T:
        with self._pool.connection(self._ends) as connection:
            try:
                con = self._begin(connection)
                lock = con.execute(statements.LOCK, (self._area,)) if self._area else con.execute(statements.NO_LOCK)
                transaction: tuple[str, str] = lock.get[:2]
                self._has_begun = True
                result = self._work(con)
                self._commit(connection, transaction)
            except BaseException:
                undo(connection)
                raise
        return result

    def _begin(self, connection: DriverConnection) -> PostgresConnection:
        begin = [statements.WRITE]
        if connection.prepared is None:
            begin.append(statements.of_transaction(self._address))
        if not self._durable:
            begin.append(statements.NOT_DURABLE)
        return PostgresConnection(connection, begin)

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
                    row = connection.execute(statements.STATUS.encode(), (number,)).fetchone()
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


def _look_at(error: psycopg.Error, pool: Pool) -> None:
    """Have statements prepared anew after the tables have changed."""
    if error.sqlstate in _OUTDATED:
        pool.forget_prepared()


def _refuse_newer(error: psycopg.Error, pool: Pool, address: Address) -> None:
    """Say that a newer version has changed the tables, where a statement fails because of that.

    Raises:
        InvalidArgument: It has changed them while this process ran.
    """
    if (error.sqlstate or "").startswith(_OF_TABLES):
        with suppress(psycopg.Error), pool.connect() as connection:
            migrate.require_known(connection, address)


def _is_passing(error: psycopg.Error) -> bool:
    """Whether the same may succeed on another connection: this one broke, or was undone because of others."""
    state = error.sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError)
    return state in (*errors.REPEATABLE, *_OUTDATED) or state.startswith(("08", "57P"))


def undo(connection: DriverConnection) -> None:
    """End the transaction; a connection that cannot is closed, and the pool makes another."""
    try:
        if connection.info.transaction_status != TransactionStatus.IDLE:
            connection.execute("ROLLBACK")
    except psycopg.Error:
        connection.close()


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311 - spreads waiters, hides nothing
