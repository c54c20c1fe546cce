"""The one way to SQLite: a file that a whole process shares, worked on in worker threads only.

Any number of event loops, threads and processes may use one file. Nothing here belongs to a loop
except the limiters, which are kept for each.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, Generic, Self, TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.from_thread
import anyio.to_thread
import apsw
from anyio.lowlevel import RunVar

from dragoman.errors import Unavailable
from dragoman.store import faults, opening
from dragoman.store.opening import PATIENCE
from dragoman.store.schema import MIGRATIONS

T = TypeVar("T")

READERS: Final = 4
"""Most connections that read at the same time."""


class Database:
    """A SQLite file, or a database in memory that ends with its last user. Made by :meth:`at`."""

    _shared: Final[dict[Path, Database]] = {}
    _guard: Final = threading.Lock()

    def __init__(self, path: Path | None, migrations: Sequence[str], patience: float) -> None:
        self.path = path
        self._migrations = migrations
        self._patience = patience
        self._users = 0
        self._opening = threading.Lock()
        self._writing = threading.Lock()
        self._writer: apsw.Connection | None = None
        self._places: queue.LifoQueue[apsw.Connection | None] = queue.LifoQueue()

    @classmethod
    @asynccontextmanager
    async def at(
        cls, path: Path | None, migrations: Sequence[str] = MIGRATIONS, *, patience: float = PATIENCE
    ) -> AsyncGenerator[Self]:
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
        database = await anyio.to_thread.run_sync(lambda: cls._enter(path, migrations, patience))
        try:
            yield database
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(database._leave)

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
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

    async def write(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run ``work`` in a transaction; when this returns, what it wrote survives a crash and a power cut.

        Once it has the lock it is finished even when the caller is cancelled. An exception undoes it all.

        Raises:
            DragomanError: Nothing was written.
        """
        return await anyio.to_thread.run_sync(lambda: self._write(work), limiter=self._limiters().writes)

    @property
    def name(self) -> str:
        """How errors call the file."""
        return "The database in memory" if self.path is None else str(self.path)

    @property
    def writable(self) -> bool:
        """Whether this user may write to the file."""
        return self._writer is not None and not self._writer.readonly("main")

    @classmethod
    def _enter(cls, path: Path | None, migrations: Sequence[str], patience: float) -> Self:
        if path is None:
            database = cls(None, migrations, patience)
        else:
            resolved = path.expanduser().absolute().resolve()
            with cls._guard:
                database = cls._shared.get(resolved) or cls(resolved, migrations, patience)  # type: ignore[assignment]  # there are no subclasses
                cls._shared[resolved] = database
                database._users += 1
        try:
            database._open()
        except BaseException:
            database._leave()
            raise
        return database

    def _open(self) -> None:
        with self._opening:
            if self._writer is not None:
                return
            with _explained(self.name):
                if self.path is not None:
                    opening.prepare_folder(self.path)
                self._writer = opening.open_first(self.path, self._migrations, self._patience)
            self._writer.set_busy_handler(opening.waiting(self._patience, _cancelled))
            for _ in range(READERS):
                self._places.put(None)

    def _leave(self) -> None:
        with self._guard:
            self._users -= 1
            if self._users > 0:
                return
            if self.path is not None and self._shared.get(self.path) is self:
                del self._shared[self.path]
        self._close()

    def _close(self) -> None:
        with self._opening, self._writing:
            if self._writer is None:
                return
            for _ in range(READERS):
                reader = self._places.get()
                if reader is not None:
                    reader.close()
            # Last, so that it can fold the -wal file into the database.
            self._writer.close()
            self._writer = None

    def _write(self, work: Callable[[apsw.Connection], T]) -> T:
        with self._writing, _explained(self.name):
            writer = self._connected()
            try:
                writer.execute("BEGIN IMMEDIATE")
            except apsw.BusyError:
                anyio.from_thread.check_cancelled()
                raise
            try:
                result = work(writer)
                writer.execute("COMMIT")
            except BaseException:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
                raise
            return result

    def _connected(self) -> apsw.Connection:
        if self._writer is None:
            raise Unavailable(f"{self.name} is closed.", hint="Start again.")
        return self._writer

    @contextmanager
    def _reader(self) -> Iterator[apsw.Connection]:
        if self.path is None or not self.writable:
            # A database in memory, and a file that may only be read, have one connection.
            with self._writing:
                yield self._connected()
            return
        reader = self._places.get()
        try:
            reader = reader or opening.open_reader(self.path, self._patience)
            yield reader
        finally:
            self._places.put(reader)

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

    def __init__(self, database: Database, work: Callable[[apsw.Connection], T]) -> None:
        self._database = database
        self._work = work
        self._lock = threading.Lock()
        self._stopped = False
        self._busy: apsw.Connection | None = None

    def run(self) -> T:
        with _explained(self._database.name), self._database._reader() as connection:  # noqa: SLF001 - its other half
            with self._lock:
                if self._stopped:
                    raise apsw.InterruptError
                self._busy = connection
            try:
                return self._in_one_state(connection)
            finally:
                with self._lock:
                    self._busy = None

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            if self._busy is not None:
                self._busy.interrupt()

    def _in_one_state(self, connection: apsw.Connection) -> T:
        connection.execute("BEGIN")
        try:
            return self._work(connection)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except (apsw.Error, OSError) as error:
        raise faults.explain(error, name) from error


def _cancelled() -> bool:
    try:
        anyio.from_thread.check_cancelled()
    except anyio.get_cancelled_exc_class():
        return True
    return False
