"""The size of texts: bounds caches, and decides what is worked on in threads.

Cleaning, searching and laying out take about the same time for each character, at worst a microsecond. What is small is
done at once; what is large goes to one of a few threads, so that other calls are answered meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar, cast

from dragoman.core.model import Conversation, Hit, Message, Page

if TYPE_CHECKING:
    import anyio
    from anyio.lowlevel import RunVar

T = TypeVar("T")

LARGE: Final = 20_000
"""Characters that are worked on in the event loop."""

THREADS: Final = 2
"""Texts at work at the same time; threads share one interpreter, so more of them would only keep its loop waiting."""

ENTRY: Final = 100
"""Characters that an entry of a list counts for, whatever it holds."""

_OBJECT_SIZE: Final = 500
"""Characters that an object of the model counts for beside its texts: about what Python needs to hold it."""


@cache
def _limiters() -> RunVar[anyio.CapacityLimiter | None]:
    from anyio.lowlevel import RunVar  # noqa: PLC0415  # a command that only searches has no event loop

    return RunVar("dragoman_large_work", None)


async def run_sized(work: Callable[[], T], size: int) -> T:
    """Do the work here, or in a worker thread when there is much of it.

    The work ends also when the caller is cancelled, so that no more than :data:`THREADS` are ever busy.

    Args:
        work: Takes time in proportion to ``size``. It must not touch what belongs to the event loop.
        size: Characters of all the texts that it reads.
    """
    if size <= LARGE:
        return work()
    import anyio.to_thread  # noqa: PLC0415  # as above

    # Threads of its own: reads of the store and of files must not wait behind large texts.
    limiter = _limiters().get()
    if limiter is None:
        limiter = anyio.CapacityLimiter(THREADS)
        _limiters().set(limiter)
    return await anyio.to_thread.run_sync(work, limiter=limiter)


def memory_size(found: object) -> int:
    """Characters of all its texts, and a bit for the rest.

    Args:
        found: Something of the model, a page of it, or anything small.
    """
    if isinstance(found, Page):
        return _OBJECT_SIZE + sum(map(memory_size, cast("Page[object]", found).items))
    if isinstance(found, Hit):
        return memory_size(found.message)
    if isinstance(found, Message):
        return _message_size(found)
    if isinstance(found, Conversation):
        return (
            _OBJECT_SIZE
            + sum(map(len, (*found.participants, *found.external)))
            + len(found.topic)
            + _repr_size(found.extra)
        )
    return _OBJECT_SIZE


def _message_size(m: Message) -> int:
    total = _OBJECT_SIZE + len(m.text) + len(m.subject or "")
    # Most messages have none of the rest, and this is asked of every one.
    if m.history or m.reactions or m.attachments or m.citations or m.labels or m.extra:
        total += sum(map(_repr_size, (m.history, m.reactions, m.attachments, m.citations, m.labels, m.extra)))
    return total


def _repr_size(rest: object) -> int:
    return len(repr(rest)) if rest else 0
