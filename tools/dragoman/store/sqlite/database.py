"""The one way to SQLite: a file that a whole process shares, worked on in worker threads only.

Any number of event loops, threads and processes may use one file. Nothing here belongs to a loop
except the limiters, which are kept for each.
"""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.to_thread
import apsw
from anyio.lowlevel import RunVar

from dragoman.core import paths
from dragoman.store.sql.connection import Tables
from dragoman.store.sql.database import Versioned
from dragoman.store.sqlite import errors
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.connections import READERS, Connections
from dragoman.store.sqlite.index_merge import merge_step
from dragoman.store.sqlite.locks import PATIENCE
from dragoman.store.sqlite.schema import MIGRATIONS, Migration
from dragoman.store.sqlite.scrub import scrub
from dragoman.store.sqlite.tables import SqliteTables

T = TypeVar("T")

_STEPS: Final = 50_000


class Database:
    """A SQLite file, or a database in memory that ends with its last user. Made by :meth:`at`."""

    is_remote: ClassVar[bool] = False
    _shared: Final[dict[Path, Database]] = {}
    _guard: Final = threading.Lock()

    def __init__(self, path: Path | None, migrations: Sequence[Migration], patience: float) -> None:
        self.path = path
        self.connections = Connections(path, migrations, patience)
        self.name = self.connections.name
        self._users = 0

    @classmethod
    @asynccontextmanager
    async def at(
        cls, path: Path | None, migrations: Sequence[Migration] = MIGRATIONS, *, patience: float = PATIENCE
    ) -> AsyncGenerator[Database]:
        """Open the file, making it and its folder where they are missing; ``None`` is in memory.

        Users of one path in a process share its connections; the last one to leave closes them.

        Args:
            path: Where the file is.
            migrations: Steps that make the tables, each leading one version further.
            patience: Seconds to wait for a lock that another program holds.

        Raises:
            InvalidArgument: Something else is at that path.
            Unavailable: The file cannot be opened now.
        """
        database = cls._shared_at(path, migrations, patience)
        try:
            await anyio.to_thread.run_sync(database.connections.open)
            yield database
        finally:
            # Also when cancelled: an open file would keep its locks and its -wal file.
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(database.leave)

    async def current_version(self, *, unless_changing: bool = False) -> int | None:
        """The same as :meth:`version`."""
        del unless_changing
        return self.version()

    async def read_versioned(self, work: Callable[[Connection], T], *, single: bool = False) -> Versioned[T]:
        """As :meth:`read`, with the version before it."""
        del single
        version = self.version()
        # Asked before: what is written meanwhile makes the result look older than it is, never newer.
        return Versioned(await self.read(work), version)

    async def read(self, work: Callable[[Connection], T], *, single: bool = False) -> T:
        """Run ``work`` on one consistent state of the file. A cancelled read stops.

        Raises:
            DragomanError: The file cannot be read.
        """
        del single
        job = _Reading(self.connections, work)
        try:
            # Left behind when it is cancelled: a read changes nothing, and its caller has gone.
            return await anyio.to_thread.run_sync(job.run, abandon_on_cancel=True, limiter=self._limiters().reads)
        except errors.FAILURES as failure:
            raise errors.explain(failure, self.name) from failure
        except anyio.get_cancelled_exc_class():
            job.stopped = True
            raise

    async def write(
        self,
        work: Callable[[Connection], T],
        *,
        area: str = "",
        once: bool = False,
        durable: bool = True,
        keeps_caches: bool = False,
        blind: bool = False,
    ) -> T:
        """Run ``work`` in a transaction; when this returns, what it wrote survives a crash and a power cut.

        Once it has the lock it is finished even when the caller is cancelled. An exception undoes it all.

        Args:
            work: What writes.
            area: Not asked for: of all writes to a file one runs after the other.
            once: Not asked for: no work is run a second time.
            durable: False does not wait for the disk: a power cut may undo it, whole.
            keeps_caches: It writes nothing that reads are cached of, so :meth:`version` stays as it is.
            blind: Not asked for: a file is near.

        Raises:
            NotWritableError: The file cannot be written now, and may be later.
            DragomanError: Nothing was written.
        """
        del area, once, blind
        if not self.connections.writable:
            raise errors.read_only(self.name)
        job = partial(self.connections.write, work, durable=durable, keeps_caches=keeps_caches)
        return await anyio.to_thread.run_sync(job, limiter=self._limiters().writes)

    async def optimize(self, tables: Tables) -> None:
        """Merge the index in short transactions."""
        # One step a transaction: others write between them.
        while await self.write(lambda con: merge_step(con, tables)):
            pass

    async def scrub(self) -> None:
        """Rewrite the file, for which other writers wait.

        Raises:
            DragomanError: It cannot be written, or somebody keeps an earlier state of it open.
        """
        # What is in memory leaves nothing on a disk.
        if self.path is not None:
            await anyio.to_thread.run_sync(lambda: self.connections.run_outside(scrub), limiter=self._limiters().writes)

    def time(self) -> float:
        """The clock of the machine."""
        return time.time()

    def tables(self, prefix: str) -> Tables:
        """The tables whose names begin so."""
        return SqliteTables(prefix)

    async def check(self) -> None:
        """Look whether the file can be read, and, where this user may write it, also written.

        Raises:
            DragomanError: It cannot.
        """
        await self.read(lambda con: con.execute("SELECT count(*) FROM sqlite_schema").get)
        await anyio.to_thread.run_sync(self.connections.require_room, limiter=self._limiters().writes)

    def version(self) -> int | None:
        """A number that changes with every write of any program; ``None`` when it cannot be read at once."""
        return self.connections.version()

    @property
    def writable(self) -> bool:
        """Whether this user may write to the file, also when its disk is full just now."""
        return self.connections.writable

    @classmethod
    def _shared_at(cls, path: Path | None, migrations: Sequence[Migration], patience: float) -> Database:
        resolved = None if path is None else paths.expanded(path).absolute().resolve()
        with cls._guard:
            # Resolved, so that two names of one file do not become two writers that wait for each other.
            database = None if resolved is None else cls._shared.get(resolved)
            if database is None:
                database = cls(resolved, migrations, patience)
                if resolved is not None:
                    cls._shared[resolved] = database
            database._users += 1
        return database

    def leave(self) -> None:
        """Close the file when nobody else in the process uses it. Blocks."""
        with self._guard:
            self._users -= 1
            if self._users > 0:
                return
            # Under the guard, so that nobody finds a database that is about to close.
            if self.path is not None and self._shared.get(self.path) is self:
                del self._shared[self.path]
        self.connections.close()

    def _limiters(self) -> _Limiters:
        # Limiters belong to an event loop, and the connections to the process.
        by_database = _LIMITERS.get(None)
        if by_database is None:
            by_database = WeakKeyDictionary[Database, _Limiters]()
            _LIMITERS.set(by_database)
        limiters = by_database.get(self)
        if limiters is None:
            limiters = by_database[self] = _Limiters()
        return limiters


@dataclass(frozen=True, slots=True, eq=False)
class _Limiters:
    """How many worker threads of one event loop may be busy with one file."""

    reads: anyio.CapacityLimiter = field(default_factory=partial(anyio.CapacityLimiter, READERS))
    writes: anyio.CapacityLimiter = field(default_factory=partial(anyio.CapacityLimiter, 1))


_LIMITERS: Final = RunVar[WeakKeyDictionary[Database, _Limiters] | None]("dragoman_store_limiters", None)


@dataclass(slots=True, eq=False)
class _Reading(Generic[T]):
    """One read in a worker thread, which ends soon once it is ``stopped``."""

    connections: Connections
    work: Callable[[Connection], T]
    stopped: bool = False

    def run(self) -> T:
        with self.connections.reader() as connection:
            if self.stopped:
                raise apsw.InterruptError
            # Asked again and again: SQLite's own interrupt is lost on a statement that is just about to begin.
            connection.set_progress_handler(lambda: self.stopped, _STEPS)
            try:
                connection.execute("BEGIN")
                return self.connections.run(connection, self.work)
            finally:
                connection.set_progress_handler(None)
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
