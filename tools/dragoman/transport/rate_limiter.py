"""Keeping within a service's published rate limits.

A :class:`RateLimiter` belongs to one client of one account. It has a budget for each family of calls, which all
processes on one store share, and a pause that lasts as long as the service asked. Waiting for a turn is first come,
first served and has no bound of its own; cancelling gives the turn back. Background work waits behind all others.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Final

import anyio

from dragoman.core.context.clock import Clock
from dragoman.core.errors import DragomanError
from dragoman.core.rate_budget import OF_MANY, Budget, Grant, Rate, RateBudgets, in_background, shared_budgets

__all__ = ["Rate", "RateLimiter"]

TEMPLATE: Final = "*"

_BATCH: Final = 4
"""A burst is taken out of a shared budget in so many parts, so that few calls write to the store."""

_PATIENCE: Final = 1.0
"""Seconds to wait for the store, which another process may be filling; after them the process counts by itself."""

_GOOD_FOR: Final = 1.0
"""Most seconds for which calls that were taken ahead may be made; a pause that others noted is seen after them."""


@dataclass(slots=True)
class _Reserve:
    """Calls that were taken out of a shared budget ahead."""

    lock: anyio.Lock = field(default_factory=lambda: anyio.Lock(fast_acquire=True))
    calls: int = 0
    until: float = 0.0

    def use(self, now: float) -> bool:
        """Use one of them, if there is one that is still good."""
        if not self.calls or now >= self.until:
            self.calls = 0
            return False
        self.calls -= 1
        return True


class RateLimiter:
    """The turns of one client.

    Args:
        rates: By family of calls. ``""`` is for calls without a family, ``"*"`` the template for each
            family that is not named.
        clock: What waiting goes by.
        concurrency: Most calls under way at the same time; background work gets half of them.
        shared: Budgets that other clients spend too; by default :data:`shared_budgets`.
    """

    def __init__(
        self, rates: Mapping[str, Rate], clock: Clock, concurrency: int = 8, shared: RateBudgets | None = None
    ) -> None:
        self._rates = dict(rates)
        self._clock = clock
        self._shared = shared or shared_budgets.get()
        self._scope = ""
        self._budgets: dict[str, Budget] = {}
        self._paused_until: dict[str, float] = {}
        self._reserves: dict[tuple[str, bool], _Reserve] = {}
        self._slots = anyio.Semaphore(concurrency, fast_acquire=True)
        # Whoever waits for an answer must find slots that background work has not taken.
        self._background_slots = anyio.Semaphore(max(1, concurrency // 2), fast_acquire=True)

    @property
    def is_shared(self) -> bool:
        """Do other clients spend the same budgets; then they have to know when the service wants a pause."""
        return self._shared is not None

    def share(self, scope: str) -> None:
        """From now on share the budgets with all accounts of a scope, such as one workspace of the service."""
        self._scope = f"{OF_MANY}{scope} "

    @asynccontextmanager
    async def turn(self, family: str) -> AsyncGenerator[None]:
        """Wait until a call of this family may go out, and hold its place among those under way."""
        # Background work waits for its half of the slots first, so that it never holds all of them.
        async with self._background_slots if in_background.get() else nullcontext():
            if self._rates:
                await self.acquire(family)
            async with self._slots:
                yield

    async def acquire(self, family: str) -> None:
        """Wait until a call of this family may go out; a pause of the family is not waited for."""
        rate = self._rates.get(family) or self._rates.get(TEMPLATE)
        if rate is None:
            return
        background = in_background.get()
        grant, shared = await self._take(family, rate, background=background)
        if grant.calls and grant.wait > 0:
            try:
                await self._clock.sleep(grant.wait)
            except BaseException:
                await self._give_back(family, shared, background=background)
                raise

    async def pause(self, family: str, seconds: float) -> None:
        """Note that the service wants no call of this family for so long."""
        self._note_pause(family, seconds)
        # Calls that were taken ahead would break the pause.
        for (of, _), reserve in self._reserves.items():
            reserve.calls = 0 if of == family else reserve.calls
        if self._shared is not None:
            with anyio.move_on_after(_PATIENCE):
                try:
                    await self._shared.pause(f"{self._scope}{family}", seconds)
                except DragomanError:
                    return  # the store cannot be written; this process pauses all the same

    def pause_left(self, family: str) -> float:
        """Seconds that the pause of this family still lasts; 0 without one."""
        return max(0.0, self._paused_until.get(family, 0.0) - self._clock.monotonic())

    def _note_pause(self, family: str, seconds: float) -> None:
        until = self._clock.monotonic() + seconds
        # Answers come in any order: the later end counts.
        self._paused_until[family] = max(self._paused_until.get(family, 0.0), until)

    async def _take(self, family: str, rate: Rate, *, background: bool) -> tuple[Grant, RateBudgets | None]:
        """Take one call, out of the shared budget where there is one that can be reached; that budget."""
        # Background calls have a reserve of their own, so that they cannot use up what was taken for others.
        reserve = self._reserves.setdefault((family, background), _Reserve())
        async with reserve.lock:
            if self._shared is None:
                grant = None
            elif reserve.use(self._clock.monotonic()):
                return Grant(1), self._shared
            else:
                grant = await self._from_shared(self._shared, family, rate, background=background)
            if grant is None:
                budget = self._budget(family, rate)
                return budget.take(1, rate, self._clock.monotonic(), background=background), None
            # Another process has noted that the service wants a pause.
            if not grant.calls:
                self._note_pause(family, grant.wait)
                return grant, self._shared
            # No longer than it takes the budget to have them again, or more than the burst could come at once.
            reserve.until = self._clock.monotonic() + min(_GOOD_FOR, grant.calls / rate.per_second)
            reserve.calls = grant.calls - 1
            return grant, self._shared

    async def _from_shared(self, shared: RateBudgets, family: str, rate: Rate, *, background: bool) -> Grant | None:
        """Calls out of the shared budget; ``None`` where the store does not give them in time."""
        with anyio.move_on_after(_PATIENCE):
            try:
                bucket, calls = f"{self._scope}{family}", max(1, rate.burst // _BATCH)
                return await shared.take(bucket, calls, rate, background=background)
            except DragomanError:
                return None
        return None

    async def _give_back(self, family: str, shared: RateBudgets | None, *, background: bool) -> None:
        """Return a call that is not made."""
        if shared is None:
            self._budgets[family].give_back(1, background=background)
            return
        with anyio.move_on_after(_PATIENCE, shield=True):
            try:
                await shared.give_back(f"{self._scope}{family}", 1, background=background)
            except DragomanError:
                return  # one call fewer for a while

    def _budget(self, family: str, rate: Rate) -> Budget:
        budget = self._budgets.get(family)
        if budget is None:
            budget = self._budgets[family] = Budget.full(rate, self._clock.monotonic())
        return budget
