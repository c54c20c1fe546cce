"""A store in one SQLite file, which any number of processes of one machine share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from dragoman.store.sql.messages.conversation_store import SqlConversations
from dragoman.store.sql.store import SqlStore
from dragoman.store.sqlite.database import Database


class SqliteStore(SqlStore):
    """See :class:`Store`."""

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path | None, *, clock: Callable[[], float] | None = None) -> AsyncGenerator[Self]:
        """Open the file, making it where it is missing; ``None`` remembers in memory until closed.

        Args:
            path: Where the file is.
            clock: Seconds since 1970; that of the machine where none is given.

        Raises:
            InvalidArgument: Something else is at that path.
            Unavailable: The file cannot be opened now.
        """
        async with Database.at(path) as database:
            yield cls(database, clock)


class SqliteConversations(SqlConversations):
    """See :class:`ConversationStore`."""

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path | None) -> AsyncGenerator[Self]:
        """Open the file, making it where it is missing; ``None`` is in memory."""
        async with Database.at(path) as database:
            yield cls(database)
