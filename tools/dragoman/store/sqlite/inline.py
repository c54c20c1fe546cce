"""A SQLite file for a command that looks something up and ends: worked on where it is asked, without an event loop."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import ClassVar, Final, TypeVar

import apsw

from dragoman.store import index_terms
from dragoman.store.sql.connection import Tables
from dragoman.store.sql.database import Versioned
from dragoman.store.sqlite import errors
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.connection_setup import execute_all, set_up
from dragoman.store.sqlite.locks import PATIENCE
from dragoman.store.sqlite.schema import APPLICATION_ID, VERSION
from dragoman.store.sqlite.tables import SqliteTables

T = TypeVar("T")

_SMALL: Final = 256 * 1024
"""Bytes of a -wal file that the next program reads in no time."""

_FLAGS: Final = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOMUTEX
"""One thread needs no lock at each step."""

_MAP: Final = "PRAGMA mmap_size = 2147418112"
"""Reads pages where the system has them: each page that is copied costs as much as what a search does with it.

A server does not: a file that shrinks under it would end its process. A command is over before that.
"""

_IS_UNFINISHED: Final = "SELECT EXISTS(SELECT 1 FROM index_builds WHERE version <> ? OR next > 0)"


class InlineDatabase:
    """An existing file with tables that are up to date. Belongs to one thread; see :class:`sql.database.Database`.

    Its coroutines never wait, so :func:`dragoman.core.context.inline.run_inline` can run what awaits them.

    Attributes:
        name: How errors call the file.
        writable: Whether this user may write to the file.
    """

    is_remote: ClassVar[bool] = False

    def __init__(self, path: str) -> None:
        """Open the file.

        Raises:
            DragomanError: It is not there, or opening it takes more than a look.
        """
        self.name = path
        with errors.explained(path):
            self._connection: Connection = apsw.Connection(path, flags=_FLAGS)
            try:
                set_up(self._connection, PATIENCE)
                execute_all(self._connection, _MAP)
                self._require_current()
            except BaseException:
                self._connection.close()
                raise
        self.writable = not self._connection.readonly("main")

    def close(self) -> None:
        """Close the file. A small -wal file is left to the next program: moving it takes longer than a search."""
        with errors.explained(self.name):
            if _is_small(f"{self.name}-wal"):
                # The last connection to close moves the -wal file, which takes longer than the search.
                self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            self._connection.close()

    def tables(self, prefix: str) -> Tables:
        """The tables whose names begin so."""
        return SqliteTables(prefix)

    def version(self) -> None:
        """Nothing: a command reads each thing once, so nothing is worth a cache."""

    def time(self) -> float:
        """The clock of the machine."""
        return time.time()

    async def current_version(self, *, unless_changing: bool = False) -> None:
        """Nothing, as :meth:`version`."""

    async def read_versioned(self, work: Callable[[Connection], T], *, single: bool = False) -> Versioned[T]:
        """As :meth:`read`."""
        return Versioned(await self.read(work, single=single), None)

    async def read(self, work: Callable[[Connection], T], *, single: bool = False) -> T:
        """Run ``work`` on one consistent state."""
        del single
        return self._run("BEGIN", work)

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
        """Run ``work`` in a transaction; all writers of a file follow each other."""
        del area, once, keeps_caches, blind
        if not self.writable:
            raise errors.read_only(self.name)
        with errors.explained(self.name):
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        return self._run("BEGIN IMMEDIATE", work)

    async def optimize(self, tables: Tables) -> None:
        """Nothing: a command imports nothing."""

    async def scrub(self) -> None:
        """Nothing: a command that deletes opens the store as a server does."""

    async def check(self) -> None:
        """Nothing: it was just opened."""

    def _run(self, begin: str, work: Callable[[Connection], T]) -> T:
        connection = self._connection
        with errors.explained(self.name):
            connection.execute(begin)
            try:
                result = work(connection)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    # A statement that failed may have ended the transaction already.
                    connection.execute("ROLLBACK")
        return result

    def _require_current(self) -> None:
        """Refuse a file that has to be brought up to date or indexed first."""
        con = self._connection
        version = con.execute("PRAGMA user_version").get
        if con.execute("PRAGMA application_id").get != APPLICATION_ID or version != VERSION:
            raise errors.foreign(self.name)
        if con.execute(_IS_UNFINISHED, (index_terms.VERSION,)).get:
            raise errors.foreign(self.name)


def _is_small(path: str) -> bool:
    try:
        return os.stat(path).st_size <= _SMALL  # noqa: PTH116  # pathlib takes time
    except FileNotFoundError:
        return True
