"""What long work says while somebody waits for it.

Whoever calls may listen; whoever works reports, and does not know whether anybody listens::

    with progress.heard_by(listener):
        await provider.send_message(...)      # in there: await progress.report(2, "The agent is searching")

A listener belongs to the task that sets it and to the tasks that this one starts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

Listener: TypeAlias = Callable[[int, str], Awaitable[None]]
"""Takes how much is done, growing with each report, and a short text of one line."""

_listener: ContextVar[Listener | None] = ContextVar("dragoman_progress", default=None)


def heard() -> bool:
    """Whether anybody listens, for work that is done differently when nobody does."""
    return _listener.get() is not None


async def report(done: int, text: str) -> None:
    """Tell whoever listens how far the work is. What a service says in it must have been made safe to show."""
    listener = _listener.get()
    if listener is not None:
        await listener(done, text)


@contextmanager
def heard_by(listener: Listener | None) -> Generator[None]:
    """Listen to everything that is reported inside; ``None`` silences it."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
