"""Counts calls in memory and puts them into the store now and then, so that counting delays no answer."""

from __future__ import annotations

import logging
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Final

import anyio
import anyio.to_thread

from dragoman.errors import DragomanError
from dragoman.store import STEPS_MS, Count, Store
from dragoman.text import estimate
from dragoman.watch import Work

PAUSE: Final = 5.0
"""Seconds between a first call and the writing down of it and those that followed, unless they are many."""

_MANY: Final = 500
_MOST: Final = 2000
_LONG: Final = 10_000

_log = logging.getLogger(__name__)


class _Ended(dict[tuple[str, str, str, int, str, int], tuple[int, int]]):
    """Calls and their milliseconds, by tool, account, outcome, step of duration, and answer: most come again.

    Of an answer its beginning is kept, and how long it was.
    """


class Tally:
    """An observer that counts. What was not written down when the process dies is not counted."""

    sees_accounts = False

    def __init__(self, store: Callable[[], Awaitable[Store]]) -> None:
        """Remember where the store is to be had."""
        self._store = store
        self._ended = _Ended()
        self._something = anyio.Event()
        self._much = anyio.Event()

    @contextmanager
    def during(self, work: Work) -> Generator[None]:
        """Count the work when it has ended; what is too much to remember until the next writing is left out."""
        try:
            yield
        finally:
            ms, answer = round(work.seconds * 1000), work.answer
            step = bisect_left(STEPS_MS, ms)
            kind = (work.name, work.account, work.failed or "ok", step, answer[:_LONG], len(answer))
            if kind in self._ended or len(self._ended) < _MOST:
                calls, total = self._ended.get(kind, (0, 0))
                self._ended[kind] = calls + 1, total + ms
                self._something.set()
            if len(self._ended) == _MANY:
                self._much.set()

    async def write_down(self) -> None:
        """Put what was counted into the store."""
        ended, self._ended, self._something, self._much = self._ended, _Ended(), anyio.Event(), anyio.Event()
        if not ended:
            return
        try:
            counts = await anyio.to_thread.run_sync(_counts, ended)
            await (await self._store()).count(counts)
        except anyio.get_cancelled_exc_class():
            # A write that has begun is finished first, so this one has not.
            for kind, (calls, ms) in ended.items():
                since = self._ended.get(kind, (0, 0))
                self._ended[kind] = since[0] + calls, since[1] + ms
            raise
        except DragomanError as error:
            _log.info("Calls could not be counted: %s", error)

    async def keep_writing(self) -> None:
        """Write down again and again, but only after something was called; until cancelled."""
        while True:
            await self._something.wait()
            with anyio.move_on_after(PAUSE):
                await self._much.wait()
            await self.write_down()


def _counts(ended: _Ended) -> list[Count]:
    sums: dict[tuple[str, str, str, int], list[int]] = {}
    costs: dict[str, int] = {"": 0}
    for (tool, account, outcome, step, begun, length), (calls, ms) in ended.items():
        numbers = sums.setdefault((tool, account, outcome, step), [0, 0, 0])
        if begun not in costs:
            costs[begun] = estimate(begun)
            time.sleep(0)  # lets the event loop go on, which would wait for the interpreter otherwise
        tokens = round(costs[begun] * length / (len(begun) or 1))
        for index, more in enumerate((calls, ms, calls * tokens)):
            numbers[index] += more
    return [
        Count(tool=tool, account=account, outcome=outcome, step=step, calls=calls, ms=ms, tokens=tokens)
        for (tool, account, outcome, step), (calls, ms, tokens) in sums.items()
    ]
