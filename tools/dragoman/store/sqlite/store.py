"""A store in one SQLite file, which any number of processes of one machine share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Self

from dragoman.core.context.clock import steady_time
from dragoman.store.interface import Store
from dragoman.store.sqlite.cursors import SqliteCursors
from dragoman.store.sqlite.database import Database
from dragoman.store.sqlite.messages.message_store import SqliteMessages
from dragoman.store.sqlite.rate_budgets import SqliteRateBudgets
from dragoman.store.sqlite.usage import SqliteUsage
from dragoman.store.sqlite.writes.write_store import SqliteAudit, SqliteConfirmations, SqliteExposures, SqliteWrites

_SECOND: Final = 1_000_000


class SqliteStore(Store):
    """See :class:`Store`. While its file cannot be written, reading goes on."""

    def __init__(self, database: Database, clock: Callable[[], float] = steady_time) -> None:
        """Keep an open database.

        Args:
            database: Where everything is.
            clock: Seconds since 1970.
        """

        def now() -> int:
            return round(clock() * _SECOND)

        self._database = database
        self.messages = SqliteMessages(database, clock)
        self.cursors = SqliteCursors(database, clock)
        self.writes = SqliteWrites(database, now)
        self.confirmations = SqliteConfirmations(database, now)
        self.exposures = SqliteExposures(database, now)
        self.audit = SqliteAudit(database, now)
        self.usage = SqliteUsage(database, now)
        self.rate_budgets = SqliteRateBudgets(database, clock)

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path | None, *, clock: Callable[[], float] = steady_time) -> AsyncGenerator[Self]:
        """Open the file, making it where it is missing; ``None`` remembers in memory until closed.

        Args:
            path: Where the file is.
            clock: Seconds since 1970.

        Raises:
            InvalidArgument: Something else is at that path.
            Unavailable: The file cannot be opened now.
        """
        async with Database.at(path) as database:
            yield cls(database, clock)

    async def check(self) -> None:
        """Read, and look whether there is room to write."""
        await self._database.check()
