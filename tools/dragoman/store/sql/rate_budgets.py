"""What is left of rate limits, in a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dragoman.core.rate_budget import Budget, Grant, Rate
from dragoman.store.rate_budgets import KEPT, RateBudgetStore
from dragoman.store.sql.connection import Connection
from dragoman.store.sql.database import Database

_AREA: Final = "rate budgets"


class SqlRateBudgets(RateBudgetStore):
    """See :class:`RateBudgetStore`."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def take(self, bucket: str, calls: int, rate: Rate, *, background: bool = False) -> Grant:
        """Take calls in one transaction."""

        def work(con: Connection) -> Grant:
            now = self._clock()
            budget = _load(con, bucket)
            if budget is None:
                # Only where a new one is added: the table grows there and nowhere else.
                _drop_old(con, now)
                budget = Budget.full(rate, now)
            grant = budget.take(calls, rate, now, background=background)
            if grant.calls:
                _save(con, bucket, budget)
            return grant

        # A power cut gives a few calls back at most, and waiting for the disk would cost each request.
        return await self._database.write(work, area=_AREA, durable=False, keeps_caches=True)

    async def give_back(self, bucket: str, calls: int, *, background: bool = False) -> None:
        """Return calls."""

        def work(con: Connection) -> None:
            budget = _load(con, bucket)
            if budget is not None:
                budget.give_back(calls, background=background)
                _save(con, bucket, budget)

        await self._database.write(work, area=_AREA, durable=False, keeps_caches=True)

    async def pause(self, bucket: str, seconds: float) -> None:
        """Note until when nothing may be taken."""

        def work(con: Connection) -> None:
            now = self._clock()
            # A service may refuse before anything was taken here: another program used the calls.
            budget = _load(con, bucket) or Budget(0.0, 0.0, now)
            budget.pause(seconds, now)
            _save(con, bucket, budget)

        await self._database.write(work, area=_AREA, durable=False, keeps_caches=True)


def _load(con: Connection, bucket: str) -> Budget | None:
    row = con.execute(
        "SELECT level, background, at, paused_until FROM rate_budgets WHERE bucket = ?", (bucket,)
    ).fetchone()
    return None if row is None else Budget(*row)


def _save(con: Connection, bucket: str, budget: Budget) -> None:
    con.execute(
        "INSERT INTO rate_budgets VALUES(?, ?, ?, ?, ?) ON CONFLICT(bucket) DO UPDATE SET level = excluded.level,"
        " background = excluded.background, at = excluded.at, paused_until = excluded.paused_until",
        (bucket, budget.level, budget.background, budget.at, budget.paused_until),
    )


def _drop_old(con: Connection, now: float) -> None:
    con.execute("DELETE FROM rate_budgets WHERE at < ? AND paused_until < ?", (now - KEPT, now - KEPT))
