"""The one way to SQLite: a file that a whole process shares, worked on in worker threads only.

Any number of event loops, threads and processes may use one file. Nothing here belongs to a loop
except the limiters, which are kept for each.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, Generic, TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.from_thread
import anyio.to_thread
import apsw
from anyio.lowlevel import RunVar

from dragoman.core import paths
from dragoman.core.errors import Unavailable
from dragoman.store.sqlite import errors, open_file
from dragoman.store.sqlite.cache.change_counter import ChangeCounter
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.messages import index_rebuild
from dragoman.store.sqlite.messages.index_rebuild import IndexRebuild
from dragoman.store.sqlite.open_file import PATIENCE
from dragoman.store.sqlite.schema import MIGRATIONS, Migration

T = TypeVar("T")

READERS: Final = 4
"""Most connections that read at the same time."""

_STEPS: Final = 50_000
_UNEXPECTED: Final = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError)
"""What code raises that meets values which cannot be there."""


class Database:
    """A SQLite file, or a database in memory that ends with its last user. Made by :meth:`at`."""

    _shared: Final[dict[Path, Database]] = {}
    _guard: Final = threading.Lock()

    def __init__(self, path: Path | None, migrations: Sequence[Migration], patience: float) -> None:
        self.path = path
        self._migrations = migrations
        self._patience = patience
        self._users = 0
        self._opening = threading.Lock()
        self._writing = threading.Lock()
        self._writer: Connection | None = None
        self._writable = False
        self._file: tuple[int, int] | None = None
        self._begun = False
        self._written = 0
        self._changes: ChangeCounter | None = None
        self._rebuild: IndexRebuild | None = None
        self._places: queue.LifoQueue[Connection | None] = queue.LifoQueue()
        for _ in range(READERS):
            self._places.put(None)

    @classmethod
    @asynccontextmanager
    async def at(
        cls, path: Path | None, migrations: Sequence[Migration] = MIGRATIONS, *, patience: float = PATIENCE
    ) -> AsyncGenerator[Database]:
        """Open the file, making it and its folder where they are missing; ``None`` is in memory.

        Users of one path in a process share its connections; the last one to leave closes them.

        Args:
            path: Where the file is.
            migrations: Scripts that make the tables, each leading one version further.
            patience: Seconds to wait for a lock that another program holds.

        Raises:
            InvalidArgument: Something else is at that path.
            Unavailable: The file cannot be opened now.
        """
        database = cls._shared_at(path, migrations, patience)
        try:
            await anyio.to_thread.run_sync(database.connect)
            yield database
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(database.leave)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on one consistent state of the file. A cancelled read stops.

        Raises:
            DragomanError: The file cannot be read.
        """
        job = _Reading(self, work)
        try:
            return await anyio.to_thread.run_sync(job.run, abandon_on_cancel=True, limiter=self._limiters().reads)
        except anyio.get_cancelled_exc_class():
            job.stop()
            raise

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction; when this returns, what it wrote survives a crash and a power cut.

        Once it has the lock it is finished even when the caller is cancelled. An exception undoes it all.

        Raises:
            DragomanError: Nothing was written.
        """
        return await anyio.to_thread.run_sync(lambda: self._write(work), limiter=self._limiters().writes)

    def version(self) -> int | None:
        """Another one after every write, of whichever program; ``None`` when it cannot be told at once."""
        if self.path is None:
            return self._written
        if self._changes is None or open_file.identity(self.path) != self._file:
            return None
        return self._changes.version()

    @property
    def name(self) -> str:
        """How errors call the file."""
        return "The database in memory" if self.path is None else str(self.path)

    @property
    def writable(self) -> bool:
        """Whether this user may write to the file."""
        return self._writable

    @classmethod
    def _shared_at(cls, path: Path | None, migrations: Sequence[Migration], patience: float) -> Database:
        resolved = None if path is None else paths.expanded(path).absolute().resolve()
        with cls._guard:
            database = None if resolved is None else cls._shared.get(resolved)
            if database is None:
                database = cls(resolved, migrations, patience)
                if resolved is not None:
                    cls._shared[resolved] = database
            database._users += 1
        return database

    def connect(self) -> None:
        """Open the file unless it is. Blocks."""
        with self._opening:
            if self._writer is not None:
                return
            with errors.explained(self.name):
                if self.path is not None:
                    open_file.prepare_folder(self.path)
                self._writer = open_file.open_first(self.path, self._migrations, self._patience)
                # Asked once: a connection must not be spoken to while another thread uses it.
                self._writable = not self._writer.readonly("main")
                self._file = open_file.identity(self.path)
                if self.path is not None and self._writable:
                    self._rebuild = self._begin_rebuild(self.path, self._writer)
                    self._changes = ChangeCounter(self.path, self._patience)
            self._writer.set_busy_handler(open_file.waiting(self._patience, self._check_cancelled))

    def _begin_rebuild(self, path: Path, con: Connection) -> IndexRebuild | None:
        if not index_rebuild.is_under_way(con):
            return None
        rebuild = IndexRebuild(lambda: open_file.open_writer(path, self._patience))
        rebuild.start()
        return rebuild

    def leave(self) -> None:
        """Close the file when nobody else in the process uses it. Blocks."""
        with self._guard:
            self._users -= 1
            if self._users > 0:
                return
            if self.path is not None and self._shared.get(self.path) is self:
                del self._shared[self.path]
        self._close()

    def _close(self) -> None:
        if self._rebuild is not None:
            self._rebuild.stop()
            self._rebuild = None
        with self._opening, self._writing:
            if self._writer is None:
                return
            writer, self._writer = self._writer, None
            if self._changes is not None:
                self._changes.close()
            for reader in [self._places.get() for _ in range(READERS)]:
                if reader is not None:
                    reader.close()
                # For reads that were cancelled while they waited: they find the file closed.
                self._places.put(None)
            # Last, so that it can fold the -wal file into the database.
            writer.close()

    def _write(self, work: Callable[[Connection], T]) -> T:
        with self._writing, errors.explained(self.name):
            writer = self._connected()
            writer.execute("BEGIN IMMEDIATE")
            self._begun = True
            try:
                if open_file.identity(self.path) != self._file:
                    raise errors.moved(self.name)
                result = self.run(writer, work)
                writer.execute("COMMIT")
                self._written += 1
            finally:
                self._begun = False
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
            return result

    def run(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        """Run ``work``, whose own failures are told as damage where the file is damaged."""
        try:
            return work(connection)
        except _UNEXPECTED as error:
            if _is_sound(connection):
                raise
            raise errors.damaged(self.name) from error

    def _check_cancelled(self) -> None:
        if not self._begun:
            anyio.from_thread.check_cancelled()

    def _connected(self) -> Connection:
        if self._writer is None:
            raise Unavailable(f"{self.name} is closed.", hint="Start again.")
        return self._writer

    @contextmanager
    def reader(self) -> Generator[Connection]:
        """A connection for one read. Blocks."""
        if self.path is None or not self.writable:
            # A database in memory, and a file that may only be read, have one connection.
            with self._writing:
                yield self._connected()
            return
        reader = self._places.get()
        try:
            self._connected()
            reader = reader or open_file.open_reader(self.path, self._patience)
            yield reader
        finally:
            self._places.put(_fit(reader))

    def _limiters(self) -> _Limiters:
        by_database = _LIMITERS.get(None)
        if by_database is None:
            by_database = WeakKeyDictionary[Database, _Limiters]()
            _LIMITERS.set(by_database)
        return by_database.setdefault(self, _Limiters())


class _Limiters:
    """How many worker threads of one event loop may be busy with one file."""

    def __init__(self) -> None:
        self.reads = anyio.CapacityLimiter(READERS)
        self.writes = anyio.CapacityLimiter(1)


_LIMITERS: Final = RunVar[WeakKeyDictionary[Database, _Limiters] | None]("dragoman_store_limiters", None)


class _Reading(Generic[T]):
    """One read in a worker thread, which can be stopped from outside."""

    def __init__(self, database: Database, work: Callable[[Connection], T]) -> None:
        self._database = database
        self._work = work
        self._stopped = False

    def run(self) -> T:
        with errors.explained(self._database.name), self._database.reader() as connection:
            if self._stopped:
                raise apsw.InterruptError
            # Asked again and again: SQLite's own interrupt is lost on a statement that is just about to begin.
            connection.set_progress_handler(lambda: self._stopped, _STEPS)
            try:
                return self._in_one_state(connection)
            finally:
                connection.set_progress_handler(None)

    def stop(self) -> None:
        self._stopped = True

    def _in_one_state(self, connection: Connection) -> T:
        connection.execute("BEGIN")
        try:
            return self._database.run(connection, self._work)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _is_sound(connection: Connection) -> bool:
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").get == "ok")
    except apsw.Error:
        return False


def _fit(reader: Connection | None) -> Connection | None:
    """The connection for the next read; ``None`` when a statement that was left half read holds it in the past."""
    if reader is None or reader.txn_state("main") == apsw.SQLITE_TXN_NONE:
        return reader
    reader.close()
    return None
