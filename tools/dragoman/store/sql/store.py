"""A store in a SQL database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dragoman.core.context.clock import steady_time
from dragoman.store.interface import Store
from dragoman.store.sql.connection import Database
from dragoman.store.sql.cursors import SqlCursors
from dragoman.store.sql.messages.message_store import SqlMessages
from dragoman.store.sql.rate_budgets import SqlRateBudgets
from dragoman.store.sql.retention import SqlRetention
from dragoman.store.sql.sync.sync_store import SqlSync
from dragoman.store.sql.usage import SqlUsage
from dragoman.store.sql.writes.write_store import SqlAudit, SqlConfirmations, SqlExposures, SqlWrites

_SECOND: Final = 1_000_000


class SqlStore(Store):
    """See :class:`Store`. While its database cannot be written, reading goes on."""

    def __init__(self, database: Database, clock: Callable[[], float] = steady_time) -> None:
        """Keep an open database.

        Args:
            database: Where everything is.
            clock: Seconds since 1970.
        """

        def now() -> int:
            return round(clock() * _SECOND)

        # Leases are compared between processes, and steady time is each process's own.
        wall = database.time if clock is steady_time else clock
        self._database = database
        self.messages = SqlMessages(database, clock)
        self.cursors = SqlCursors(database, clock)
        self.writes = SqlWrites(database, now)
        self.confirmations = SqlConfirmations(database, now)
        self.exposures = SqlExposures(database, now)
        self.audit = SqlAudit(database, now)
        self.usage = SqlUsage(database, now)
        self.retention = SqlRetention(database)
        self.rate_budgets = SqlRateBudgets(database, clock)
        self.sync = SqlSync(database, lambda: round(wall() * _SECOND))

    def version(self) -> int | None:
        """Ask the database."""
        return self._database.version()

    async def check(self) -> None:
        """Read, and look whether there is room to write."""
        await self._database.check()
