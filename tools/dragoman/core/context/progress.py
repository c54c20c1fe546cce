"""Progress of long work, for a caller who waits.

Whoever calls may listen; whoever works reports, and does not know whether anybody listens::

    with progress.heard_by(listener):
        await provider.send_message(...)      # in there: await progress.report(2, "The agent is searching")

A listener belongs to the task that sets it and to the tasks that this one starts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeAlias

Listener: TypeAlias = Callable[[int, str], Awaitable[None]]
"""Takes how much is done, which is more with every call, and a short text of one line."""


@dataclass
class _Listener:
    """A listener, and how much it has heard to be done."""

    listener: Listener
    done: int = 0


_hearing: ContextVar[_Listener | None] = ContextVar("dragoman_progress", default=None)


def has_listener() -> bool:
    """Whether there is a listener; an answer that nobody follows need not be streamed."""
    return _hearing.get() is not None


async def report(done: int, text: str) -> None:
    """Report progress to the listener of the call.

    Args:
        done: A number that grows. Where it does not, because a second piece of work begins, it is made to.
        text: One line; what a service says in it must have been made safe to show.
    """
    hearing = _hearing.get()
    if hearing is not None:
        hearing.done = max(done, hearing.done + 1)
        await hearing.listener(hearing.done, text)


@contextmanager
def listening(listener: Listener | None) -> Generator[None]:
    """Listen to everything that is reported inside; ``None`` silences it."""
    # One object for all tasks of the call: each has a copy of the context, and they count together.
    token = _hearing.set(_Listener(listener) if listener else None)
    try:
        yield
    finally:
        _hearing.reset(token)
