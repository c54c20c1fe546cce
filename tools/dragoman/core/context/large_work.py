"""Work on large foreign texts, in worker threads, so that other calls are answered meanwhile.

Cleaning, searching and laying out take about the same time for each character, at worst a microsecond. What is small is
done at once; what is large goes to one of a few threads and waits there for its turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

T = TypeVar("T")

LARGE: Final = 20_000
"""Characters that are worked on in the event loop."""

THREADS: Final = 2
"""Texts at work at the same time; threads share one interpreter, so more of them would only keep its loop waiting."""

ENTRY: Final = 100
"""Characters that an entry of a list counts for, whatever it holds."""

_LIMITER: Final = RunVar[anyio.CapacityLimiter | None]("dragoman_large_work", None)


async def run_sized(work: Callable[[], T], size: int) -> T:
    """Do the work here, or in a worker thread when there is much of it.

    The work ends also when the caller is cancelled, so that no more than :data:`THREADS` are ever busy.

    Args:
        work: Takes time in proportion to ``size``. It must not touch what belongs to the event loop.
        size: Characters of all the texts that it reads.
    """
    if size <= LARGE:
        return work()
    limiter = _LIMITER.get()
    if limiter is None:
        limiter = anyio.CapacityLimiter(THREADS)
        _LIMITER.set(limiter)
    return await anyio.to_thread.run_sync(work, limiter=limiter)
