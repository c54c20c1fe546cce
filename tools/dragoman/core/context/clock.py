"""The clock that waiting goes by, so that tests need not wait.

Every pause of the transports (back-off, rate limits) goes through a :class:`Clock`. Clients take one as
an argument; without it they take the machine's, or inside :func:`hurry` one that jumps ahead.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol


class Clock(Protocol):
    """A clock, as the transports use it."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    def wall(self) -> float:
        """Unix seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class MachineClock:
    """The machine's clock."""

    monotonic = staticmethod(time.monotonic)
    wall = staticmethod(time.time)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        import anyio  # noqa: PLC0415  # a short command reads the clock and never waits

        await anyio.sleep(seconds)


class JumpingClock:
    """A clock on which every wait is over at once.

    Attributes:
        waits: The seconds that were asked for, in order.
    """

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._ahead = 0.0

    def monotonic(self) -> float:
        """Seconds since some moment, with all waits added."""
        return time.monotonic() + self._ahead

    def wall(self) -> float:
        """Unix seconds, with all waits added."""
        return time.time() + self._ahead

    async def sleep(self, seconds: float) -> None:
        """Jump ahead, giving others one turn."""
        self.waits.append(seconds)
        self._ahead += max(0.0, seconds)
        import anyio.lowlevel  # noqa: PLC0415  # as above

        await anyio.lowlevel.checkpoint()


_default: list[Clock] = [MachineClock()]


def current_clock() -> Clock:
    """The clock for a client that was given none."""
    return _default[-1]


@contextmanager
def hurry() -> Generator[list[float]]:
    """Make clients that are constructed inside never wait; for tests.

    Yields:
        The seconds of each wait that was asked for, growing while it is watched.
    """
    clock = JumpingClock()
    _default.append(clock)
    try:
        yield clock.waits
    finally:
        # Not popped: of several blocks any may end first.
        _default.remove(clock)
