"""The concurrency slot and the deadline of one tool call."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Final, Self

import anyio

TIME_LIMIT: Final = 55.0
"""Seconds that a call may take, or may be without progress where it can be extended; clients give up after 60."""

LONGEST: Final = 600.0
"""Seconds after which an extended call ends, whatever its progress."""


class CallSlot:
    """Holds a concurrency slot and a time limit for the length of a ``with`` block.

    When the limit is over, everything inside of :attr:`scope` is cancelled.
    """

    def __init__(
        self,
        slots: anyio.Semaphore,
        *,
        limit: float = TIME_LIMIT,
        longest: float = LONGEST,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        """Start the time limit; waiting for a slot counts.

        Args:
            slots: One of them is taken for the call.
            limit: Seconds until the end.
            longest: Seconds until the end when the time is extended again and again.
            clock: Seconds of the event loop.
        """
        self._slots = slots
        self._limit = limit
        self._clock = clock
        self._held = False
        self._end = clock() + longest
        self.scope = anyio.CancelScope(deadline=clock() + limit)
        self.prolonged = False

    async def __aenter__(self) -> Self:
        """Wait for a slot."""
        await self._slots.acquire()
        self._held = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the slot."""
        if self._held:  # not when the call was cancelled while the user was asked
            self._slots.release()

    def extend(self) -> None:
        """Start the limit anew, up to the longest time."""
        deadline = min(self._clock() + self._limit, self._end)
        # While the user is asked there is no deadline to put off.
        if deadline > self.scope.deadline:
            self.scope.deadline = deadline
            self.prolonged = True

    @asynccontextmanager
    async def paused(self) -> AsyncGenerator[None]:
        """Release the slot and stop the time limit while the user is asked."""
        # A person may think for longer than any limit, and must not keep other calls waiting meanwhile.
        begun, left = self._clock(), self.scope.deadline - self._clock()
        self.scope.deadline = math.inf
        self._held = False
        self._slots.release()
        try:
            yield
        finally:
            self._end += self._clock() - begun
            self.scope.deadline = self._clock() + left
        await self._slots.acquire()
        self._held = True
