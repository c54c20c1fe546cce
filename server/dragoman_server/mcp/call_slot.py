"""One call's turn: its place among those at work, and its time."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Final, Self

import anyio

TIME_LIMIT: Final = 55.0
"""Seconds that a call may take, or be silent where it may go on; several clients give up after 60."""

LONGEST: Final = 600.0
"""Seconds after which a call ends that may go on, however lively it is."""


class CallSlot:
    """A place and a time limit for the length of a ``with`` block.

    Leaving the limit behind cancels what is inside of :attr:`scope`.
    """

    def __init__(
        self,
        places: anyio.Semaphore,
        *,
        limit: float = TIME_LIMIT,
        longest: float = LONGEST,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        """Begin now; waiting for a place takes time too.

        Args:
            places: One of them is taken for the turn.
            limit: Seconds until the end.
            longest: Seconds until the end when the turn is prolonged again and again.
            clock: Seconds of the event loop.
        """
        self._places = places
        self._limit = limit
        self._clock = clock
        self._held = False
        self._end = clock() + longest
        self.scope = anyio.CancelScope(deadline=clock() + limit)
        self.prolonged = False

    async def __aenter__(self) -> Self:
        """Wait for a place."""
        await self._take()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the place to another call."""
        self._leave()

    def extend(self) -> None:
        """Give the call its whole limit again from now on, but not beyond the longest."""
        deadline = min(self._clock() + self._limit, self._end)
        if deadline > self.scope.deadline:
            self.scope.deadline = deadline
            self.prolonged = True

    @asynccontextmanager
    async def paused(self) -> AsyncGenerator[None]:
        """While somebody is asked, neither the place is kept nor does the time run."""
        begun, left = self._clock(), self.scope.deadline - self._clock()
        self.scope.deadline = math.inf
        self._leave()
        try:
            yield
        finally:
            self._end += self._clock() - begun
            self.scope.deadline = self._clock() + left
        await self._take()

    async def _take(self) -> None:
        await self._places.acquire()
        self._held = True

    def _leave(self) -> None:
        if self._held:
            self._held = False
            self._places.release()
