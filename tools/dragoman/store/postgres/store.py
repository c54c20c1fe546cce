"""A store in a PostgreSQL database, which any number of machines share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Self

from dragoman.store.postgres.database import Database
from dragoman.store.postgres.known_version import reading_once
from dragoman.store.postgres.messages import PostgresMessages
from dragoman.store.sql.connection import SteadyTime
from dragoman.store.sql.messages.conversation_store import SqlConversations
from dragoman.store.sql.store import SqlStore


class PostgresStore(SqlStore):
    """See :class:`Store`."""

    def __init__(self, database: Database, clock: Callable[[], float] | None = None) -> None:
        """As for any database."""
        super().__init__(database, clock)
        self.messages = PostgresMessages(database, clock or SteadyTime())

    def reading_once(self) -> AbstractContextManager[None]:
        """Ask for the version of the database once."""
        return reading_once()

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

    def __init__(self, database: Database) -> None:
        """Share the cache with all who use the database."""
        super().__init__(database)
        self._cache = database.local_results

    @classmethod
    @asynccontextmanager
    async def open(cls, address: str) -> AsyncGenerator[Self]:
        """Connect, and make the tables where they are missing."""
        async with Database.at(address) as database:
            yield cls(database)
