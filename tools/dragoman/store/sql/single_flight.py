"""Single flight: of several callers who want the same, one works for all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import anyio

T = TypeVar("T")


class _Flight:
    """Work for whoever asked before it began."""

    def __init__(self, done: anyio.Event) -> None:
        self.done = done
        self.result: tuple[Any] | None = None
        self.has_failed = False


class SingleFlight:
    """Calls that share their results.

    A caller gets only what was begun after it asked, so that it finds whatever was written before. While one works,
    others wait for the next one, which works for all of them.
    """

    def __init__(self) -> None:
        """Begin with no calls."""
        self._next: dict[Hashable, _Flight] = {}
        self._current: dict[Hashable, _Flight] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """The result of ``work``, mine or that of another caller.

        Args:
            key: Callers with the same key share their work. An event loop shares nothing with another one.
            work: Gives the same for all of these callers. Whoever waited for one that failed works alone.
        """
        from anyio.lowlevel import current_token  # noqa: PLC0415  # a short command never waits for another caller

        here = (current_token(), key)
        while True:
            flight = self._next.get(here)
            if flight is None:
                return await self._lead(here, work)
            await flight.done.wait()
            if flight.result is not None:
                result: T = flight.result[0]
                return result
            if flight.has_failed:
                return await work()

    async def _lead(self, here: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        import anyio  # noqa: PLC0415  # as above

        flight = self._next[here] = _Flight(anyio.Event())
        try:
            if (current := self._current.get(here)) is not None:
                await current.done.wait()
                flight.has_failed = current.has_failed
            del self._next[here]
            if flight.has_failed:
                flight.done.set()
            else:
                self._current[here] = flight
            result = await work()
            flight.result = (result,)
        except Exception:
            flight.has_failed = True
            raise
        finally:
            for flights in (self._next, self._current):
                if flights.get(here) is flight:
                    del flights[here]
            flight.done.set()
        return result
