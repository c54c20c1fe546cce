"""The connections of a process to one SQLite file: one that writes, and some that read. Every method blocks."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import apsw

from dragoman.core.errors import DragomanError, Unavailable
from dragoman.core.safe_text import sentence
from dragoman.store.interface import NotWritableError
from dragoman.store.sqlite import errors, index_rebuild, locks, network_disk, open_file
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.index_rebuild import IndexRebuild
from dragoman.store.sqlite.main_file import ChangeCounter, MainFile, identity
from dragoman.store.sqlite.schema import Migration

T = TypeVar("T")

READERS: Final = 4  # most connections that read at the same time
_RETRY_AFTER: Final = 1.0  # seconds between attempts to write again to a file that was opened on a full disk

_UNEXPECTED: Final = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError)
"""What code raises that meets values which cannot be there."""

_log = logging.getLogger(__name__)


class Connections:
    """All connections of this process to a file, or the only one to a database in memory.

    On a full disk a file is opened for reading only; it is opened for writing as soon as there is room.
    """

    def __init__(self, path: Path | None, migrations: Sequence[Migration], patience: float) -> None:
        self.path = path
        self.name = "The database in memory" if path is None else str(path)  # how errors call the file
        self._migrations = migrations
        self._patience = patience
        self._opening = threading.Lock()
        self._writing = threading.Lock()
        self._writer: Connection | None = None
        self._writable = False
        self._is_stopgap = False
        self._retry_at = 0.0
        self._write_failed = False
        self._file: tuple[int, int] | None = None
        self._main_file: MainFile | None = None
        self._in_transaction = False
        self._written = 0
        self._changes: ChangeCounter | None = None
        self._rebuild: IndexRebuild | None = None
        self._readers: queue.LifoQueue[Connection | None] = queue.LifoQueue()
        for _ in range(READERS):
            self._readers.put(None)

    @property
    def writable(self) -> bool:
        """Whether this user may write to the file, also when its disk is full just now."""
        return self._writable or self._is_stopgap

    def open(self) -> None:
        """Open the file unless it is.

        Raises:
            DragomanError: It cannot be opened.
        """
        with self._opening:
            if self._writer is not None:
                return
            with errors.explained(self.name):
                if self.path is not None:
                    open_file.prepare_folder(self.path)
                    network_disk.warn(self.path)
                try:
                    self._use(self._open_first())
                except (apsw.FullError, apsw.IOError):
                    self._use_stopgap()

    def close(self) -> None:
        """Close everything; reads and writes that come later find the file closed."""
        if self._rebuild is not None:
            self._rebuild.stop()
            self._rebuild = None
        with self._opening, self._writing:
            if self._writer is None:
                return
            writer, self._writer = self._writer, None
            if self._changes is not None:
                self._changes.close()
            for reader in [self._readers.get() for _ in range(READERS)]:
                if reader is not None:
                    reader.close()
                # For reads that were cancelled while they waited: they find the file closed.
                self._readers.put(None)
            if self._main_file is not None:
                # Folding our -wal file into what somebody else wrote would damage it.
                if identity(self.path) == self._file and not self._main_file.is_own():
                    writer.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
                self._main_file.close()
            # Last, so that it can fold the -wal file into the database.
            writer.close()

    def version(self) -> int | None:
        """A number that changes with every write of any program; ``None`` when it cannot be read at once."""
        if self.path is None:
            return self._written
        if self._changes is None or identity(self.path) != self._file:
            return None
        return self._changes.version()

    def write(self, work: Callable[[Connection], T], *, durable: bool = True, keeps_caches: bool = False) -> T:
        """Run ``work`` in a transaction that survives a crash, and if it is ``durable`` a power cut, once this returns.

        Raises:
            NotWritableError: The file cannot be written now.
            DragomanError: Nothing was written.
        """
        try:
            with self._writing:
                result = self._transact(work, durable=durable, keeps_caches=keeps_caches)
        except errors.FAILURES as failure:
            error = errors.explain(failure, self.name)
            if isinstance(error, NotWritableError):
                if not self._write_failed:
                    _log.warning("%s Reading goes on.", error.message)
                self._write_failed = True
            raise error from failure
        self._write_failed = False
        return result

    @contextmanager
    def reader(self) -> Generator[Connection]:
        """A connection for one read.

        Raises:
            Unavailable: The file is closed, or another one is in its place.
        """
        if self._has_one():
            with self._writing:
                yield self._connected()
            return
        self.require_same_file()
        reader = self._readers.get()
        try:
            self._connected()
            reader = reader or open_file.open_reader(self.path or Path(), self._patience)
            yield reader
        finally:
            if reader is not None and reader.txn_state("main") != apsw.SQLITE_TXN_NONE:
                # A statement that was left half read holds the connection in the past.
                reader.close()
                reader = None
            self._readers.put(reader)

    def run(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        """Run ``work``, whose own failures are told as damage where the file is damaged."""
        try:
            return work(connection)
        except _UNEXPECTED as error:
            if _is_sound(connection):
                raise
            raise errors.damaged(self.name) from error

    def run_outside(self, work: Callable[[Connection], None]) -> None:
        """Run ``work`` outside of a transaction on a connection of its own; nobody else of the process writes then."""
        with self._writing, errors.explained(self.name):
            self.require_same_file()
            with closing(open_file.open_writer(self.path or Path(), self._patience)) as con:
                work(con)

    def require_room(self) -> None:
        """Look whether a write would succeed now.

        Raises:
            DragomanError: It would not.
        """
        if self.path is None or not self.writable:
            return
        with errors.explained(self.name):
            open_file.require_room(self.path)
        if self._write_failed or self._is_stopgap:
            self.write(lambda con: con.execute(f"PRAGMA user_version = {con.execute('PRAGMA user_version').get}"))

    def require_same_file(self) -> None:
        """Refuse to go on where the path leads to another file by now, or the file holds something else.

        Raises:
            Unavailable: It does.
        """
        if identity(self.path) != self._file:
            raise errors.moved(self.name)
        if self._main_file is not None and not self._main_file.is_own():
            raise errors.overwritten(self.name)

    def _has_one(self) -> bool:
        """Whether one connection has to do everything: in memory, or where the file cannot be written."""
        if self._is_stopgap and time.monotonic() >= self._retry_at:
            with self._writing, suppress(apsw.Error, OSError, DragomanError):
                self._open_for_writing()
        return self.path is None or self._is_stopgap or not self._writable

    def _open_first(self) -> Connection:
        """Open the file that is at the path, also when it is just being replaced by another one."""
        while True:
            before = identity(self.path)
            writer = open_file.open_first(self.path, self._migrations, self._patience)
            if before is None or before == identity(self.path):
                return writer
            writer.close()

    def _use(self, writer: Connection) -> None:
        self._writer = writer
        # Asked once: a connection must not be spoken to while another thread uses it.
        self._writable = not writer.readonly("main")
        self._file = identity(self.path)
        if self.path is not None and self._writable:
            if index_rebuild.is_under_way(writer):
                self._rebuild = IndexRebuild(partial(open_file.open_writer, self.path, self._patience))
                self._rebuild.start()
            self._changes = ChangeCounter(self.path, self._patience)
            self._main_file = MainFile(self.path)
            self._readers.get_nowait()
            self._readers.put(open_file.open_reader(self.path, self._patience))  # so that the first read is quick
        writer.set_busy_handler(locks.waiting(self._patience, self._check_cancelled))

    def _use_stopgap(self) -> None:
        """Read a file that cannot be opened for writing. Called while that failure is handled."""
        stopgap = None if self.path is None else open_file.open_unchanging(self.path, len(self._migrations))
        if stopgap is None:
            raise  # noqa: PLE0704 - the failure that is being handled
        if self._writer is not None:
            self._writer.close()
        _log.warning("%s cannot be opened for writing: its disk is full or failing. Reading goes on.", self.name)
        self._writer, self._is_stopgap = stopgap, True
        self._file = identity(self.path)
        self._retry_at = time.monotonic() + _RETRY_AFTER

    def _open_for_writing(self) -> None:
        """Open the file once more, for writing. The lock for writing is held.

        Raises:
            apsw.Error: There is no room yet.
        """
        self._retry_at = time.monotonic() + _RETRY_AFTER
        self.require_same_file()
        fresh = self._open_first()
        stopgap, self._is_stopgap = self._writer, False
        self._use(fresh)
        if stopgap is not None:
            stopgap.close()

    def _transact(self, work: Callable[[Connection], T], *, durable: bool, keeps_caches: bool) -> T:
        self._connected()
        if self._is_stopgap:
            self._open_for_writing()
        writer = self._connected()
        writer.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        # A transaction that began as a read could not become a write once another program has written.
        writer.execute("BEGIN IMMEDIATE")
        self._in_transaction = True
        try:
            self.require_same_file()
            before = self._changes.mark(writer) if keeps_caches and self._changes is not None else None
            result = self.run(writer, work)
            writer.execute("COMMIT")
            self._written += not keeps_caches
            if before is not None and self._changes is not None:
                self._changes.keep(writer, before)
        finally:
            self._in_transaction = False
            if writer.in_transaction:
                writer.execute("ROLLBACK")
        return result

    def _check_cancelled(self) -> None:
        if not self._in_transaction:
            import anyio.from_thread  # noqa: PLC0415  # only when there is a lock to wait for

            anyio.from_thread.check_cancelled()

    def _connected(self) -> Connection:
        if self._writer is None:
            raise Unavailable(sentence("{} is closed.", self.name), hint="Start again.")
        return self._writer


def _is_sound(connection: Connection) -> bool:
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").get == "ok")
    except apsw.Error:
        return False
