"""What the server remembers, behind one interface: numbers and messages, cursors, writes, the audit log, usage."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from dragoman.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from dragoman.store.conversations import ConversationStore
    from dragoman.store.cursors import CursorStore
    from dragoman.store.interface import NotWritableError, Store
    from dragoman.store.messages import MessageStore, Remember
    from dragoman.store.places import Place
    from dragoman.store.rate_budgets import RateBudgetStore
    from dragoman.store.sqlite.inline_store import InlineStore
    from dragoman.store.sync_store import SyncStore
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
    "ConversationStore",
    "CursorStore",
    "Entry",
    "ExposureStore",
    "InlineStore",
    "Intent",
    "MessageStore",
    "NotWritableError",
    "Place",
    "RateBudgetStore",
    "Remember",
    "State",
    "Store",
    "SyncStore",
    "UsageCount",
    "UsageStore",
    "WriteStore",
    "imports_at_open",
    "open_conversations",
    "open_inline",
    "open_store",
]

__getattr__ = lazy_names(
    __name__,
    {
        "conversations": ("ConversationStore",),
        "cursors": ("CursorStore",),
        "interface": ("NotWritableError", "Store"),
        "messages": ("MessageStore", "Remember"),
        "places": ("Place",),
        "rate_budgets": ("RateBudgetStore",),
        "sync_store": ("SyncStore",),
        "sqlite.inline_store": ("InlineStore",),
        "usage": ("STEPS_MS", "UsageCount", "UsageStore"),
        "writes": (
            "AuditLog",
            "AuditRecord",
            "ConfirmationStore",
            "Entry",
            "ExposureStore",
            "Intent",
            "State",
            "WriteStore",
        ),
    },
)


_IMPORTED_AT_NEED = (
    "dragoman.store.sql.messages.by_author",
    "dragoman.store.sql.search.filtered_list",
    "dragoman.store.sql.search.other_forms",
    "dragoman.store.sql.search.spelling",
)


def imports_at_open(place: Place) -> tuple[str, ...]:
    """Modules that a store imports when it is opened or first searched, for a server that imports ahead."""
    from pathlib import Path  # noqa: PLC0415 - as light as can be

    in_database = not isinstance(place, Path | None)
    return (f"dragoman.store.{'postgres' if in_database else 'sqlite'}.store", *_IMPORTED_AT_NEED)


@asynccontextmanager
async def open_store(place: Place, *, clock: Callable[[], float] | None = None) -> AsyncGenerator[Store]:
    """Open the store at a place, making it where it is missing; ``None`` remembers in memory until closed.

    Args:
        place: A file, or a database.
        clock: Seconds since 1970; that of the machine where none is given.

    Raises:
        InvalidArgument: Something else is at that place, or packages for such a database are missing.
        DragomanError: The store cannot be opened now.
    """
    from dragoman.store.places import located, require_driver  # noqa: PLC0415 - loaded when it is needed

    found = await located(place)
    if isinstance(found, str):
        require_driver()
        from dragoman.store.postgres.store import PostgresStore  # noqa: PLC0415 - loaded when it is needed

        async with PostgresStore.open(found, clock=clock) as store:
            yield store
    else:
        from dragoman.store.sqlite.store import SqliteStore  # noqa: PLC0415 - as above

        async with SqliteStore.open(found, clock=clock) as store:
            yield store


@contextmanager
def open_inline(path: str) -> Generator[InlineStore]:
    """Open an existing file for a command that looks something up, see :mod:`dragoman.core.context.inline`.

    Raises:
        DragomanError: It is not there, or opening it takes more than a look: ask :func:`open_store`.
    """
    from dragoman.store.sqlite.inline_store import InlineStore  # noqa: PLC0415 - as above

    store = InlineStore(path)
    try:
        yield store
    finally:
        store.close()


@asynccontextmanager
async def open_conversations(place: Place) -> AsyncGenerator[ConversationStore]:
    """Open the conversations that a store itself holds, making it where it is missing; ``None`` is in memory.

    Raises:
        InvalidArgument: Something else is at that place, or packages for such a database are missing.
        DragomanError: The store cannot be opened now.
    """
    from dragoman.store.places import located, require_driver  # noqa: PLC0415 - loaded when it is needed

    found = await located(place)
    if isinstance(found, str):
        require_driver()
        from dragoman.store.postgres.store import PostgresConversations  # noqa: PLC0415 - loaded when it is needed

        async with PostgresConversations.open(found) as conversations:
            yield conversations
    else:
        from dragoman.store.sqlite.store import SqliteConversations  # noqa: PLC0415 - as above

        async with SqliteConversations.open(found) as conversations:
            yield conversations
