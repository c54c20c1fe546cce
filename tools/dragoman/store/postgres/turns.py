"""How many worker threads of an event loop may be busy with one database."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

import anyio
from anyio.lowlevel import RunVar

from dragoman.store.postgres import errors

_READERS: Final = 8
_WRITERS: Final = 4
_PATIENCE: Final = 15.0  # seconds to wait for a turn in this process


class Turn:
    """A place among those who use the database, for whoever made it, not for the task that happens to run."""

    def __init__(self, limiter: anyio.CapacityLimiter) -> None:
        """Wait for nothing yet."""
        self._limiter = limiter

    async def acquire(self) -> None:
        """Wait for the place."""
        await self._limiter.acquire_on_behalf_of(self)

    def release(self) -> None:
        """Give it back."""
        self._limiter.release_on_behalf_of(self)


class Turns:
    """Those of one database."""

    def __init__(self, name: str) -> None:
        """Keep how errors call the database."""
        self._name = name

    async def begin_reading(self) -> Turn:
        """Wait until one more may read.

        Raises:
            Unavailable: That takes too long.
        """
        return await self._turn(self._limiters().reads)

    async def begin_writing(self) -> Turn:
        """Wait until one more may write.

        Raises:
            Unavailable: That takes too long.
        """
        return await self._turn(self._limiters().writes)

    async def _turn(self, limiter: anyio.CapacityLimiter) -> Turn:
        turn = Turn(limiter)
        with anyio.move_on_after(_PATIENCE):
            await turn.acquire()
            return turn
        raise errors.busy(self._name)

    def _limiters(self) -> _Limiters:
        if (by_turns := _LIMITERS.get(None)) is None:
            by_turns = WeakKeyDictionary[Turns, _Limiters]()
            _LIMITERS.set(by_turns)
        return by_turns.setdefault(self, _Limiters())


class _Limiters:
    """Those of one event loop."""

    def __init__(self) -> None:
        self.reads = anyio.CapacityLimiter(_READERS)
        self.writes = anyio.CapacityLimiter(_WRITERS)


_LIMITERS: Final = RunVar[WeakKeyDictionary[Turns, _Limiters] | None]("dragoman_postgres_limiters", None)
