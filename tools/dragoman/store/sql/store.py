"""A store in a SQL database."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from dragoman.store.interface import Store
from dragoman.store.sql.connection import SteadyTime
from dragoman.store.sql.cursors import SqlCursors
from dragoman.store.sql.database import Database
from dragoman.store.sql.messages.message_store import SqlMessages
from dragoman.store.sql.rate_budgets import SqlRateBudgets
from dragoman.store.sql.retention import SqlRetention
from dragoman.store.sql.sync.sync_store import SqlSync
from dragoman.store.sql.usage import SqlUsage
from dragoman.store.sql.writes.write_store import SqlAudit, SqlConfirmations, SqlExposures, SqlWrites


class SqlStore(Store):
    """See :class:`Store`. While its database cannot be written, reading goes on."""

    def __init__(self, database: Database, clock: Callable[[], float] | None = None) -> None:
        """Keep an open database.

        Args:
            database: Where everything is.
            clock: Seconds since 1970; that of the machine where none is given.
        """
        # Leases are compared between processes, and steady time is each process's own.
        shared_clock = clock or database.time
        clock = clock or SteadyTime()
        self._database = database
        self.messages = SqlMessages(database, clock)
        self.cursors = SqlCursors(database, clock)
        self.writes = SqlWrites(database, clock)
        self.confirmations = SqlConfirmations(database, clock)
        self.exposures = SqlExposures(database, clock)
        self.audit = SqlAudit(database, clock)
        self.usage = SqlUsage(database, clock)
        self.retention = SqlRetention(database)
        self.rate_budgets = SqlRateBudgets(database, clock)
        self.sync = SqlSync(database, shared_clock)

    def version(self) -> Hashable | None:
        """Ask the database."""
        return self._database.version()

    async def check(self) -> None:
        """Read, and look whether there is room to write."""
        await self._database.check()
