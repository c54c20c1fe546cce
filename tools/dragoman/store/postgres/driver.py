"""The driver's connection, with what the store notes of it."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from dragoman.store.postgres.prepared import PreparedStatements


class DriverConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection.

    Attributes:
        prepared: The statements that its session has prepared; ``None`` when it may have another session in each
            transaction, or is used for long work.
    """

    prepared: PreparedStatements | None = None


def configure(connection: DriverConnection) -> None:
    """Have values sent within statements, and whole numbers stay whole."""
    connection.cursor_factory = psycopg.ClientCursor
    connection.adapters.register_loader("numeric", _WholeNumber)


def begin_session(connection: DriverConnection, settings: str) -> None:
    """Make settings for the whole session, and prepare statements from now on, if the connection keeps its session.

    A pooler tells its clients another process than that of the server.

    Args:
        connection: Of a pool, idle.
        settings: Statements.

    Raises:
        psycopg.Error: The server fails.
    """
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    if row != (connection.info.backend_pid,):
        return
    connection.execute(settings.encode())
    connection.prepared = PreparedStatements()


class _WholeNumber(Loader):
    """A sum of whole numbers, which the driver would give as a decimal number."""

    def load(self, data: Buffer) -> int | float:
        """The number."""
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)
