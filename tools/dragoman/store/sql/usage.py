"""Sums of calls by the day in a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from dragoman.store.sql.connection import Connection
from dragoman.store.sql.database import StorePart
from dragoman.store.usage import KEPT_DAYS, UsageCount, UsageStore

DAY: Final = 86_400_000_000
"""Microseconds."""


class SqlUsage(StorePart, UsageStore):
    """See :class:`UsageStore`."""

    async def add(self, counts: Sequence[UsageCount]) -> None:
        """Add to the sums of today."""
        # No read that is cached looks at the sums, so no cache needs to be dropped for them.
        await self._database.write(lambda con: add(con, counts, self._now()), area="usage", keeps_caches=True)

    async def read(self, days: int) -> list[UsageCount]:
        """Add up the last days."""
        return await self._database.read(lambda con: sum_usage(con, days, self._now()))


def add(con: Connection, counts: Iterable[UsageCount], now: int) -> None:
    """Add to what the present day has; days long past are dropped."""
    day = now // DAY
    con.executemany(
        "INSERT INTO tally VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(day, tool, account, outcome, step) DO UPDATE SET"
        " calls = tally.calls + excluded.calls, ms = tally.ms + excluded.ms, tokens = tally.tokens + excluded.tokens",
        [(day, c.tool, c.account, c.outcome, c.step, c.calls, c.ms, c.tokens) for c in counts],
    )
    # Whoever adds a day makes room for it, so nothing has to run at night.
    con.execute("DELETE FROM tally WHERE day < ?", (day - KEPT_DAYS,))


def sum_usage(con: Connection, days: int, now: int) -> list[UsageCount]:
    """The sums over so many days, today included."""
    rows = con.execute(
        "SELECT tool, account, outcome, step, sum(calls), sum(ms), sum(tokens) FROM tally"
        " WHERE day > ? GROUP BY tool, account, outcome, step ORDER BY tool, account, outcome, step",
        (now // DAY - days,),
    )
    return [
        UsageCount(tool=tool, account=account, outcome=outcome, step=step, calls=calls, ms=ms, tokens=tokens)
        for tool, account, outcome, step, calls, ms, tokens in rows
    ]
