"""Keeping within a service's published rate limits.

A :class:`Pace` belongs to one account. It has a token bucket for each family of calls, and a pause for each
that lasts as long as the service asked. Waiting for a turn is first come, first served and has no bound of
its own: cancelling gives the turn back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from dragoman.core.context.clock import Clock

TEMPLATE: Final = "*"


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a call may be made.

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
        burst = max(1, calls // 4)
        return cls(max(calls - burst, 1) / seconds, burst)


class _TokenBucket:
    """A token bucket; a negative level is a queue."""

    def __init__(self, rate: Rate | None, now: float) -> None:
        self.rate = rate
        self.level = float(rate.burst) if rate else 0.0
        self.at = now
        self.paused_until = 0.0

    def take(self, now: float) -> float:
        """Take a token, ahead of time if need be; the seconds until it is there."""
        if self.rate is None:
            return 0.0
        self.level = min(self.rate.burst, self.level + (now - self.at) * self.rate.per_second)
        self.at = now
        self.level -= 1
        return max(0.0, -self.level / self.rate.per_second)

    def give_back(self) -> None:
        self.level += 1


class RateLimiter:
    """The turns of one account.

    Args:
        rates: By family of calls. ``""`` is for calls without a family, ``"*"`` the template for each
            family that is not named.
        clock: What waiting goes by.
    """

    def __init__(self, rates: Mapping[str, Rate], clock: Clock) -> None:
        self._rates = dict(rates)
        self._clock = clock
        self._buckets: dict[str, _TokenBucket] = {}

    async def acquire(self, family: str) -> None:
        """Wait until a call of this family may go out."""
        bucket = self._bucket(family)
        wait = bucket.take(self._clock.monotonic())
        if wait > 0:
            try:
                await self._clock.sleep(wait)
            except BaseException:
                bucket.give_back()
                raise

    def pause(self, family: str, seconds: float) -> None:
        """Note that the service wants no call of this family for so long."""
        bucket = self._bucket(family)
        bucket.paused_until = max(bucket.paused_until, self._clock.monotonic() + seconds)

    def pause_left(self, family: str) -> float:
        """Seconds that the pause of this family still lasts; 0 without one."""
        return max(0.0, self._bucket(family).paused_until - self._clock.monotonic())

    def _bucket(self, family: str) -> _TokenBucket:
        bucket = self._buckets.get(family)
        if bucket is None:
            rate = self._rates.get(family) or self._rates.get(TEMPLATE)
            bucket = self._buckets[family] = _TokenBucket(rate, self._clock.monotonic())
        return bucket
