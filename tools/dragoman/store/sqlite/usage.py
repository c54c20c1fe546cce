"""How often tools were called, how long that took and how much they said; kept by the day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from dragoman.store.sqlite.connection import Connection

DAY: Final = 86_400_000_000
"""Microseconds."""

KEPT_DAYS: Final = 400

STEPS_MS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000)
"""Milliseconds up to which a duration belongs to a step; the last step is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Calls that are alike.

    Attributes:
        tool: Which tool.
        account: The account it reached, ``several``, or empty.
        outcome: ``ok``, or the code of an error.
        step: Index into :data:`STEPS_MS` of how long each took; one past the end for longer ones.
        calls: How many there were.
        ms: How long they took together, in milliseconds.
        tokens: Estimated tokens of their answers together.
    """

    tool: str
    account: str
    outcome: str
    step: int
    calls: int
    ms: int
    tokens: int


def add(con: Connection, counts: Iterable[Count], now: int) -> None:
    """Add to what the present day has; days long past are dropped."""
    day = now // DAY
    con.executemany(
        "INSERT INTO tally VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " calls = calls + excluded.calls, ms = ms + excluded.ms, tokens = tokens + excluded.tokens",
        [(day, c.tool, c.account, c.outcome, c.step, c.calls, c.ms, c.tokens) for c in counts],
    )
    con.execute("DELETE FROM tally WHERE day < ?", (day - KEPT_DAYS,))


def since(con: Connection, days: int, now: int) -> list[Count]:
    """The sums over so many days, today included."""
    rows = con.execute(
        "SELECT tool, account, outcome, step, sum(calls), sum(ms), sum(tokens) FROM tally"
        " WHERE day > ? GROUP BY tool, account, outcome, step ORDER BY tool, account, outcome, step",
        (now // DAY - days,),
    )
    return [
        Count(tool=tool, account=account, outcome=outcome, step=step, calls=calls, ms=ms, tokens=tokens)
        for tool, account, outcome, step, calls, ms, tokens in rows
    ]
