"""Counts calls in memory and adds them to the store now and then, so that counting delays no answer."""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Final, TypeAlias

import anyio

from dragoman.core.context.instrumentation import Operation
from dragoman.core.errors import DragomanError
from dragoman.store import STEPS_MS, Store, UsageCount

WRITE_INTERVAL: Final = 30.0
"""Seconds for which calls are collected before they are stored. Each write invalidates the caches of all reads."""

_log = logging.getLogger(__name__)

_Kind: TypeAlias = tuple[str, str, str, int]
"""Tool, account, outcome and step of duration."""


class UsageCounter:
    """An observer that counts calls. Counts that are not stored yet are lost when the process dies."""

    sees_accounts = False

    def __init__(self, store: Callable[[], Awaitable[Store]]) -> None:
        """Keep how to get the store."""
        self._store = store
        self._ended = dict[_Kind, tuple[int, int, int]]()
        self._something = anyio.Event()

    @contextmanager
    def on_operation(self, work: Operation) -> Generator[None]:
        """Count the operation when it ends."""
        try:
            yield
        finally:
            ms = round(work.seconds * 1000)
            self._add((work.name, work.account, work.failed or "ok", bisect_left(STEPS_MS, ms)), 1, ms, work.tokens)
            self._something.set()

    async def write_down(self) -> None:
        """Add the counts to the store."""
        # Replaced before the write, so that calls that end during it are counted the next time.
        ended, self._ended, self._something = self._ended, {}, anyio.Event()
        if not ended:
            return
        counts = [
            UsageCount(tool=tool, account=account, outcome=outcome, step=step, calls=calls, ms=ms, tokens=tokens)
            for (tool, account, outcome, step), (calls, ms, tokens) in ended.items()
        ]
        try:
            await (await self._store()).usage.add(counts)
        except (DragomanError, anyio.get_cancelled_exc_class()) as error:
            # A write that has begun is finished even when it is cancelled, so nothing of this one is stored.
            for kind, sums in ended.items():
                self._add(kind, *sums)
            if not isinstance(error, DragomanError):
                raise
            _log.info("Calls could not be counted yet: %s", error)

    async def keep_writing(self) -> None:
        """Store counts after calls, at most once in :data:`WRITE_INTERVAL`; until cancelled."""
        while True:
            # A server that nobody calls writes nothing.
            await self._something.wait()
            await anyio.sleep(WRITE_INTERVAL)
            await self.write_down()

    def _add(self, kind: _Kind, calls: int, ms: int, tokens: int) -> None:
        before = self._ended.get(kind, (0, 0, 0))
        self._ended[kind] = before[0] + calls, before[1] + ms, before[2] + tokens
