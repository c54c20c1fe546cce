"""What an operator does with a store in PostgreSQL."""

from __future__ import annotations

from functools import partial

from dragoman.store.postgres import errors, migrate, verification
from dragoman.store.postgres.address import Address
from dragoman.store.postgres.database import Database
from dragoman.store.postgres.pool import Pool
from dragoman.store.postgres.schema import PREFIXES
from dragoman.store.sql.messages.message_table import MessageTable


def migration_script(address: str) -> tuple[str, str]:
    """The name of a store, and the statements that make its tables; empty when they are there. Blocks.

    Raises:
        DragomanError: The database cannot be reached.
    """
    where = Address.parse(address)
    with errors.explained(where.name), Pool(where).connect() as connection:
        return where.name, migrate.script(connection, where)


def bring_up_to_date(address: str) -> str:
    """Make the tables of a store or bring them up to date; returns its name. Blocks.

    Raises:
        DragomanError: The database cannot be reached, or this role may not make them.
    """
    where = Address.parse(address)
    with errors.explained(where.name), Pool(where).connect() as connection:
        migrate.prepare(connection, where)
    return where.name


async def verify(address: str) -> tuple[str, int, list[str]]:
    """The name of a store, how many messages it shows, and a sentence for each mistake.

    Raises:
        DragomanError: The database cannot be reached.
    """
    async with Database.at(address) as database:
        messages, problems = 0, list[str]()
        for prefix in PREFIXES:
            table = MessageTable(database.tables(prefix))
            problems += await database.read(partial(verification.counters, tables=table.tables))
            messages += await database.read(partial(verification.shown, tables=table.tables))
            after: int | None = 0
            while after is not None:
                found, after = await database.read(partial(verification.index, tables=table.tables, after=after))
                problems += found
        problems += await database.read(verification.others)
        return database.name, messages, problems
