"""What the server remembers, behind one interface: numbers and messages, cursors, writes, the audit log, usage."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from dragoman.core.context.clock import steady_time
from dragoman.store.cursors import CursorStore
from dragoman.store.interface import NotWritableError, Store
from dragoman.store.messages import MessageStore, Remember
from dragoman.store.usage import STEPS_MS, UsageCount, UsageStore
from dragoman.store.writes import (
    AuditLog,
    AuditRecord,
    ConfirmationStore,
    Entry,
    ExposureStore,
    Intent,
    State,
    WriteStore,
)

__all__ = [
    "STEPS_MS",
    "AuditLog",
    "AuditRecord",
    "ConfirmationStore",
    "CursorStore",
    "Entry",
    "ExposureStore",
    "Intent",
    "MessageStore",
    "NotWritableError",
    "Remember",
    "State",
    "Store",
    "UsageCount",
    "UsageStore",
    "WriteStore",
    "open_store",
]


@asynccontextmanager
async def open_store(path: Path | None, *, clock: Callable[[], float] = steady_time) -> AsyncGenerator[Store]:
    """Open the store at a path, making it where it is missing; ``None`` remembers in memory until closed.

    Args:
        path: Where the file is.
        clock: Seconds since 1970.

    Raises:
        InvalidArgument: Something else is at that path.
        Unavailable: The store cannot be opened now.
    """
    from dragoman.store.sqlite.store import SqliteStore  # noqa: PLC0415 - the database is loaded when it is needed

    async with SqliteStore.open(path, clock=clock) as store:
        yield store
