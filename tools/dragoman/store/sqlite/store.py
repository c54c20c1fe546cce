"""A store in one SQLite file, which any number of processes of one machine share."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Self

from dragoman.core.context.clock import steady_time
from dragoman.store.interface import Store
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.cursors import SqliteCursors
from dragoman.store.sqlite.database import Database
from dragoman.store.sqlite.messages.message_store import SqliteMessages
from dragoman.store.sqlite.rate_budgets import SqliteRateBudgets
from dragoman.store.sqlite.sync.sync_store import SqliteSync
from dragoman.store.sqlite.writes.write_store import SqliteAudit, SqliteConfirmations, SqliteExposures, SqliteWrites
from dragoman.store.usage import KEPT_DAYS, UsageCount, UsageStore

_DAY: Final = 86_400_000_000
"""Microseconds."""


class SqliteUsage(UsageStore):
    """See :class:`UsageStore`."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self._database = database
        self._now = now

    async def add(self, counts: Sequence[UsageCount]) -> None:
        """Add to the sums of today."""
        await self._database.write(lambda con: _add(con, counts, self._now()))

    async def read(self, days: int) -> list[UsageCount]:
        """Add up the last days."""
        return await self._database.read(lambda con: sum_usage(con, days, self._now()))


def _add(con: Connection, counts: Iterable[UsageCount], now: int) -> None:
    """Add to what the present day has; days long past are dropped."""
    day = now // _DAY
    con.executemany(
        "INSERT INTO tally VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " calls = calls + excluded.calls, ms = ms + excluded.ms, tokens = tokens + excluded.tokens",
        [(day, c.tool, c.account, c.outcome, c.step, c.calls, c.ms, c.tokens) for c in counts],
    )
    con.execute("DELETE FROM tally WHERE day < ?", (day - KEPT_DAYS,))


def sum_usage(con: Connection, days: int, now: int) -> list[UsageCount]:
    """The sums over so many days, today included."""
    rows = con.execute(
        "SELECT tool, account, outcome, step, sum(calls), sum(ms), sum(tokens) FROM tally"
        " WHERE day > ? GROUP BY tool, account, outcome, step ORDER BY tool, account, outcome, step",
        (now // _DAY - days,),
    )
    return [
        UsageCount(tool=tool, account=account, outcome=outcome, step=step, calls=calls, ms=ms, tokens=tokens)
        for tool, account, outcome, step, calls, ms, tokens in rows
    ]


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

        # Leases are compared between processes, and steady time is each process's own.
        wall = time.time if clock is steady_time else clock
        self._database = database
        self.messages = SqliteMessages(database, clock)
        self.cursors = SqliteCursors(database, clock)
        self.writes = SqliteWrites(database, now)
        self.confirmations = SqliteConfirmations(database, now)
        self.exposures = SqliteExposures(database, now)
        self.audit = SqliteAudit(database, now)
        self.usage = SqliteUsage(database, now)
        self.rate_budgets = SqliteRateBudgets(database, clock)
        self.sync = SqliteSync(database, lambda: round(wall() * _SECOND))

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
