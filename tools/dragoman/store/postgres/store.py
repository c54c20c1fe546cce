"""A store in a PostgreSQL database, which any number of machines share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Self

from dragoman.store.postgres.database import Database
from dragoman.store.sql.messages.conversation_store import SqlConversations
from dragoman.store.sql.store import SqlStore


class PostgresStore(SqlStore):
    """See :class:`Store`."""

    @classmethod
    @asynccontextmanager
    async def open(cls, address: str, *, clock: Callable[[], float] | None = None) -> AsyncGenerator[Self]:
        """Connect, and make the tables where they are missing.

        Args:
            address: Of the database, as libpq takes it.
            clock: Seconds since 1970; that of the machine where none is given.

        Raises:
            DragomanError: The database cannot be used now.
        """
        async with Database.at(address) as database:
            yield cls(database, clock)


class PostgresConversations(SqlConversations):
    """See :class:`ConversationStore`."""

    @classmethod
    @asynccontextmanager
    async def open(cls, address: str) -> AsyncGenerator[Self]:
        """Connect, and make the tables where they are missing."""
        async with Database.at(address) as database:
            yield cls(database)
