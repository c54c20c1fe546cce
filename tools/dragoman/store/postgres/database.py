"""The one way to PostgreSQL: transactions in worker threads, on connections that a whole process shares.

Reads see one consistent state. Of writes with the same area one runs after the other, by an advisory lock that ends
with the transaction; so they find what SQLite's single writer finds. All settings are made within the transaction.
"""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import ClassVar, Final, TypeVar

import anyio
import anyio.to_thread

from dragoman.store.postgres import errors, index_rebuild, migrate
from dragoman.store.postgres.address import Address
from dragoman.store.postgres.blind_write import BlindWriting
from dragoman.store.postgres.driver import DriverConnection
from dragoman.store.postgres.index_rebuild import IndexRebuild
from dragoman.store.postgres.known_version import KnownVersion, tick
from dragoman.store.postgres.pool import Pool
from dragoman.store.postgres.tables import PostgresTables
from dragoman.store.postgres.transaction import Reading, Writing, ask_version
from dragoman.store.postgres.turns import Turns
from dragoman.store.sql.cache import ReadCache, SingleFlight
from dragoman.store.sql.connection import Connection, Tables
from dragoman.store.sql.database import Versioned

T = TypeVar("T")

_GROWTH: Final = (
    "SELECT messages / greatest(reltuples, 1) FROM pg_class, index_builds"
    " WHERE pg_class.oid = CAST(? AS regclass) AND prefix = ?"
)
_MUCH: Final = 1.2
_VERY_MUCH: Final = 2.0


class Database:
    """A database that a process shares. Made by :meth:`at`."""

    is_remote: ClassVar[bool] = True
    _shared: Final[dict[str, Database]] = {}
    _guard: Final = threading.Lock()

    def __init__(self, address: Address) -> None:
        """Connect nothing yet."""
        self._address = address
        self._pool = Pool(address)
        self._opening = threading.Lock()
        self._is_open = False
        self._writable = True
        self._ahead = 0.0
        self._rebuild: IndexRebuild | None = None
        self._users = 0
        self._version_checks = SingleFlight()
        self._turns = Turns(address.name)
        self._known = KnownVersion()
        self.local_results = ReadCache()

    @classmethod
    @asynccontextmanager
    async def at(cls, address: str) -> AsyncGenerator[Database]:
        """Connect, and make the tables where they are missing. Users of one address share its connections.

        Raises:
            DragomanError: The database cannot be used now.
        """
        database = cls._shared_at(address)
        try:
            await anyio.to_thread.run_sync(database.open)
            yield database
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(database.leave, address)

    @property
    def name(self) -> str:
        """How errors call it."""
        return self._address.name

    @property
    def writable(self) -> bool:
        """Whether it could be written when it was opened."""
        return self._writable

    def tables(self, prefix: str) -> Tables:
        """The tables whose names begin so."""
        return PostgresTables(prefix)

    def time(self) -> float:
        """The clock of the database."""
        return time.time() + self._ahead

    def version(self) -> Hashable | None:
        """Known where the database was asked for it in the current block, see :mod:`known_version`."""
        return self._known.current()

    async def current_version(self, *, unless_changing: bool = False) -> Hashable | None:
        """Ask the database which transactions have ended; callers who come at the same time ask once."""
        if unless_changing and self._known.is_changing:
            return None
        return await self._version_checks.run("version", self._ask_version)

    async def _ask_version(self) -> str | None:
        asked_at = tick()
        version = await self._read(Reading(self._pool, self._address, ask_version, alone=True))
        self._known.note(version, asked_at)
        return version

    async def read(self, work: Callable[[Connection], T], *, single: bool = False) -> T:
        """Run ``work`` on one consistent state. A cancelled read stops.

        Args:
            work: Reads.
            single: It runs exactly one statement, which then takes one round trip.

        Raises:
            DragomanError: The database cannot be read.
        """
        return await self._read(Reading(self._pool, self._address, work, single=single))

    async def read_versioned(self, work: Callable[[Connection], T], *, single: bool = False) -> Versioned[T]:
        """As :meth:`read`, with the version of the state that was read."""
        job = Reading(self._pool, self._address, work, single=single, versioned=True)
        asked_at = tick()
        found = await self._read(job)
        self._known.note(job.version, asked_at)
        return Versioned(found, job.version)

    async def _read(self, job: Reading[T]) -> T:
        turn = await self._turns.begin_reading()
        try:
            return await anyio.to_thread.run_sync(job.run, abandon_on_cancel=True, limiter=_unlimited())
        except anyio.get_cancelled_exc_class():
            job.stop()
            raise
        finally:
            turn.release()

    async def write(
        self,
        work: Callable[[Connection], T],
        *,
        area: str = "",
        once: bool = False,
        durable: bool = True,
        keeps_caches: bool = False,  # the version counts the writes of all
        blind: bool = False,
    ) -> T:
        """Run ``work`` in a transaction; when this returns, what it wrote survives a crash.

        Once it has begun it is finished even when the caller is cancelled. An exception undoes it all.

        Args:
            work: Writes.
            area: Of transactions with the same area one runs after the other.
            once: ``work`` must not be run again after a failure.
            durable: False does not wait for the disk of the server: a power cut may undo it, whole.
            keeps_caches: Not asked for.
            blind: ``work`` looks at no rows, and its transaction may be made twice; then it takes one round trip.

        Raises:
            NotWritableError: The database cannot be written now.
            DragomanError: Nothing was written, unless it says that the outcome is unknown.
        """
        del keeps_caches
        if blind:
            job: Writing[T] = BlindWriting(self._pool, self._address, work, area=area, durable=durable)
        else:
            job = Writing(self._pool, self._address, work, area=area, once=once, durable=durable)
        self._known.begin_write()
        turn = await self._turns.begin_writing()
        try:
            return await anyio.to_thread.run_sync(job.run, limiter=_unlimited())
        finally:
            self._known.end_write()
            turn.release()

    async def optimize(self, tables: Tables) -> None:
        """Put what is new into the index, and count what the planner has to know, if much has come."""
        growth = await self.read(lambda con: con.execute(_GROWTH, (tables.sql("$index"), tables.prefix)).get)
        if growth > _MUCH:
            statement = "SELECT gin_clean_pending_list(CAST(? AS regclass))"
            await self.write(lambda con: con.execute(statement, (tables.sql("$index_lexemes"),)))
        if growth > _VERY_MUCH:
            await self.write(lambda con: con.execute(tables.sql("ANALYZE $messages; ANALYZE $index")))

    async def scrub(self) -> None:
        """Have the server rewrite the tables. Its own log of writes is kept as its operator has set.

        Raises:
            DragomanError: They cannot be written now.
        """

        def rewrite() -> None:
            with errors.explained(self.name), self._pool.connect() as connection:
                for table in ("messages", "index", "places", "authors"):
                    connection.execute(f"VACUUM (FULL) seen_{table}, local_{table}")

        await anyio.to_thread.run_sync(rewrite, limiter=_unlimited())

    async def check(self) -> None:
        """Look whether it can be read, and, where this user may write it, also written.

        Raises:
            DragomanError: It cannot.
        """
        await self.read(lambda con: con.execute("SELECT count(*) FROM meta").get)
        if self._writable:
            await self.write(lambda con: con.execute("UPDATE meta SET value = value WHERE key = 'cursor_key'"))

    def open(self) -> None:
        """Connect, unless that is done. Blocks.

        Raises:
            DragomanError: The database cannot be used.
        """
        with self._opening:
            if self._is_open:
                return
            with errors.explained(self.name):
                migrate.again_if_cut(self._prepare, self._pool.connect)
            self._pool.open()
            self._is_open = True
            if self._writable and self._is_index_outdated():
                self._rebuild = IndexRebuild(self._write_blocking)
                self._rebuild.start()

    def _prepare(self, connection: DriverConnection) -> None:
        self._writable = migrate.prepare(connection, self._address)
        self._ahead = migrate.clock_offset(connection)

    def leave(self, address: str) -> None:
        """Close all connections when nobody else in the process uses them. Blocks."""
        with self._guard:
            self._users -= 1
            if self._users > 0:
                return
            if self._shared.get(address) is self:
                del self._shared[address]
        if self._rebuild is not None:
            self._rebuild.stop()
        if self._is_open:
            self._pool.close()

    @classmethod
    def _shared_at(cls, address: str) -> Database:
        with cls._guard:
            database = cls._shared.get(address)
            if database is None:
                database = cls._shared[address] = cls(Address.parse(address))
            database._users += 1
        return database

    def _is_index_outdated(self) -> bool:
        return Reading(self._pool, self._address, index_rebuild.is_outdated, single=True).run()

    def _write_blocking(self, work: Callable[[Connection], T], area: str, /) -> T:
        return Writing(self._pool, self._address, work, area=area, once=False, durable=True).run()


def _unlimited() -> anyio.CapacityLimiter:
    return anyio.CapacityLimiter(1)
