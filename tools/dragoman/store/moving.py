"""Moves a store from one place to another, and compares two: files and databases alike."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from dragoman.store.places import Place, located, require_driver
from dragoman.store.sql.copying import compare
from dragoman.store.sql.copying import copy as copying
from dragoman.store.sql.copying.side import Side


async def copy_store(source: Place, target: Place, progress: Callable[[str, int], object]) -> tuple[str, str, int]:
    """Copy a store to an empty place; a copy that was cut off goes on. No server may use either meanwhile.

    Args:
        source: Where everything is.
        target: Where it shall be.
        progress: Is told the table and how many of its rows are copied.

    Returns:
        How the two are called, and how many rows there are.

    Raises:
        Conflict: The target holds something else.
        DragomanError: One of them cannot be used.
    """
    async with _side(source) as one, _side(target) as other:
        copying.require_other(one, other)
        return one.name, other.name, await copying.copy(one, other, progress)


async def compare_stores(first: Place, second: Place) -> tuple[str, str, list[str]]:
    """How two stores are called, and a sentence for each row in which they differ.

    Raises:
        DragomanError: One of them cannot be used.
    """
    async with _side(first) as one, _side(second) as other:
        return one.name, other.name, [found async for found in compare.differences(one, other)]


@asynccontextmanager
async def _side(place: Place) -> AsyncGenerator[Side]:
    found = await located(place)
    if isinstance(found, str):
        require_driver()
        from dragoman.store.postgres.database import Database as PostgresDatabase  # noqa: PLC0415 - the driver
        from dragoman.store.postgres.side import PostgresSide  # noqa: PLC0415 - as above

        async with PostgresDatabase.at(found) as postgres:
            yield PostgresSide(postgres)
    else:
        from dragoman.store.sqlite.database import Database  # noqa: PLC0415 - as above
        from dragoman.store.sqlite.side import SqliteSide  # noqa: PLC0415 - as above

        async with Database.at(found) as database:
            yield SqliteSide(database)
