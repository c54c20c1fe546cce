"""Rate budgets: token buckets that callers can share.

A budget is spent ahead of time where it has run out: whoever takes a call is told how long to wait for it, so that
those who wait form a queue. Background work, such as keeping a store current, has at most half of a budget, and
leaves half of what can come at once to everybody else.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, Self

LONGEST_PAUSE: Final = 3600.0
"""Seconds; a longer pause is cut, because a clock may have been set back since it was noted."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate of calls.

    Attributes:
        per_second: Calls per second in the long run.
        burst: Calls that may come at once after a rest.
    """

    per_second: float
    burst: int = 1

    @classmethod
    def window(cls, calls: int, seconds: float) -> Self:
        """A rate that never makes more than ``calls`` in any stretch of ``seconds``.

        A quarter may come at once; the rest is spread, because a full burst followed by a full window's
        refill would be twice the limit.
        """
        # Services count in windows of their own, which may begin in the middle of ours.
        burst = max(1, calls // 4)
        return cls(max(calls - burst, 1) / seconds, burst)


class Grant(NamedTuple):
    """Calls that were taken out of a budget.

    Attributes:
        calls: How many; 0 while the budget is paused.
        wait: Seconds until they may be made, or until the pause is over.
    """

    calls: int
    wait: float = 0.0


class RateBudgets(Protocol):
    """Budgets by name, which everybody who names them shares."""

    async def take(self, bucket: str, calls: int, rate: Rate, *, background: bool = False) -> Grant:
        """Take up to so many calls out of a budget, at least one unless it is paused."""
        ...

    async def give_back(self, bucket: str, calls: int, *, background: bool = False) -> None:
        """Return calls that were taken and not made."""
        ...

    async def pause(self, bucket: str, seconds: float) -> None:
        """Note that the service wants no such call for so long."""
        ...


OF_MANY: Final = "="
"""Begins the name of a budget that does not belong to one account alone."""


@dataclass(slots=True)
class Budget:
    """The rest of a rate.

    Attributes:
        level: Calls that may be made now; a negative level is a queue.
        background: How many of them background work may make.
        at: When that was so, in seconds.
        paused_until: Before this time none may be made.
    """

    level: float
    background: float
    at: float
    paused_until: float = 0.0

    @classmethod
    def full(cls, rate: Rate, now: float) -> Self:
        """An unused budget."""
        return cls(float(rate.burst), _background_burst(rate), now)

    def take(self, calls: int, rate: Rate, now: float, *, background: bool = False) -> Grant:
        """Take up to so many calls: at most half of what is there at once, so that others get some too."""
        pause = self.paused_until - now
        if 0 < pause <= LONGEST_PAUSE:
            return Grant(0, pause)
        self._refill(rate, now)
        reserved = rate.burst // 2 if background else 0
        free = min(self.level - reserved, self.background) if background else self.level
        taken = min(calls, max(1, int(free / 2)))
        self.level -= taken
        wait = (reserved - self.level) / rate.per_second
        if background:
            self.background -= taken
            wait = max(wait, -self.background / (rate.per_second / 2))
        return Grant(taken, max(0.0, wait))

    def give_back(self, calls: int, *, background: bool = False) -> None:
        """Return calls that were not made."""
        self.level += calls
        if background:
            self.background += calls

    def pause(self, seconds: float, now: float) -> None:
        """Let nothing be taken for so long."""
        self.paused_until = max(self.paused_until, now + min(seconds, LONGEST_PAUSE))

    def _refill(self, rate: Rate, now: float) -> None:
        passed = max(0.0, now - self.at)  # a clock that was set back gives nothing, and is followed
        self.level = min(rate.burst, self.level + passed * rate.per_second)
        self.background = min(_background_burst(rate), self.background + passed * rate.per_second / 2)
        self.at = now


def _background_burst(rate: Rate) -> float:
    return max(1.0, rate.burst / 2)


shared_budgets: Final[ContextVar[RateBudgets | None]] = ContextVar("shared_rate_budgets", default=None)
"""The budgets that clients which are made now spend; ``None`` gives each its own."""

in_background: Final[ContextVar[bool]] = ContextVar("background_calls", default=False)
"""Whether calls that are made now are those of background work."""


@contextmanager
def sharing_budgets(budgets: RateBudgets | None) -> Generator[None]:
    """Let clients that are made inside spend these budgets instead of their own."""
    token = shared_budgets.set(budgets)
    try:
        yield
    finally:
        shared_budgets.reset(token)


@contextmanager
def background_calls() -> Generator[None]:
    """Let calls that are made inside wait behind all others, and spend at most half of the budget."""
    token = in_background.set(True)
    try:
        yield
    finally:
        in_background.reset(token)
