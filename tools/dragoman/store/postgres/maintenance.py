"""What an operator does with a store in PostgreSQL."""

from __future__ import annotations

from dragoman.store.postgres import errors, migrate
from dragoman.store.postgres.address import Address
from dragoman.store.postgres.pool import Pool


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
