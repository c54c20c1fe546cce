"""One of two databases between which a store is moved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from dragoman.store.sql.connection import Connection, Value, unbind
from dragoman.store.sql.database import Database

T = TypeVar("T")

Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is moved.

    Attributes:
        name: In both databases.
        key: The columns of its primary key.
    """

    name: str
    key: tuple[str, ...]

    @property
    def is_numbered(self) -> bool:
        """Whether its rows are numbered in the order of arrival, so that a copy can go on after the last one."""
        return self.key in _NUMBERS

    @property
    def prefix(self) -> str:
        """``seen`` or ``local`` for a table of messages; empty for others."""
        return self.name.removesuffix("_messages") if self.name.endswith("_messages") else ""


_NUMBERS: Final = (
    ("place",), ("author",), ("number",), ("serial",), ("entry",), ("change",), ("import",),
)  # fmt: skip

PREFIXES: Final = ("seen", "local")

TABLES: Final = (
    *(
        Table(f"{prefix}_{name}", (key,))
        for prefix in PREFIXES
        for name, key in (("places", "place"), ("authors", "author"), ("messages", "number"))
    ),
    Table("cursors", ("serial",)),
    Table("caller_positions", ("principal", "client", "scope")),
    Table("writes", ("entry",)),
    Table("offers", ("token",)),
    Table("exposures", ("principal", "client", "account", "conversation")),
    Table("audit", ("entry",)),
    Table("tally", ("day", "tool", "account", "outcome", "step")),
    Table("local_changes", ("change",)),
    Table("imports", ("import",)),
    Table("import_conversations", ("import", "place")),
    Table("rate_budgets", ("bucket",)),
    Table("sync_leases", ("account",)),
    Table("sync_accounts", ("account",)),
    Table("sync_conversations", ("account", "id")),
    Table("sync_coverage", ("account", "conversation", "since")),
    Table("sync_arrivals", ("serial",)),
)
"""What is moved, tables before those that refer to them. The index is made anew, of the same words."""

OWN_TABLES: Final = frozenset({"meta", "index_builds", "schema_version"})
"""Tables that each database has for itself; of ``meta`` the key of the cursors is moved."""


class Side(ABC):
    """A database, and how it differs from others where whole tables are moved."""

    def __init__(self, database: Database) -> None:
        """Keep an open database."""
        self.database = database

    @property
    def name(self) -> str:
        """How errors call it."""
        return self.database.name

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Read in one transaction."""
        return await self.database.read(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Write in one transaction."""
        return await self.database.write(work, once=True)

    @abstractmethod
    def columns(self, con: Connection, table: str) -> list[str]:
        """The names of the columns of a table, in alphabetical order."""

    @abstractmethod
    def tables(self, con: Connection) -> set[str]:
        """The names of all tables, without those of the index."""

    @abstractmethod
    def add(self, con: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows with their keys."""

    @abstractmethod
    def last_key(self, con: Connection, table: Table) -> int:
        """The highest number that a numbered table ever gave."""

    @abstractmethod
    def set_last_key(self, con: Connection, table: Table, last: int) -> None:
        """Have a numbered table give no number up to this one."""

    @abstractmethod
    def cursor_key(self, con: Connection) -> bytes:
        """The key by which cursors have their names."""

    @abstractmethod
    def set_cursor_key(self, con: Connection, key: bytes) -> None:
        """Have cursors the names that they have in another database."""

    def value(self, table: str, column: str, value: Value) -> Value:
        """A value as every database has it."""
        del table, column
        return unbind(value) if isinstance(value, bytes) else value

    def own_value(self, table: str, column: str, value: Value) -> Value:
        """The inverse of :meth:`value`."""
        del table, column
        return value


def page(side: Side, con: Connection, table: Table, after: Sequence[Value] | None, limit: int) -> list[Row]:
    """Rows in the order of their keys, as every database has them; the columns in alphabetical order."""
    columns = side.columns(con, table.name)
    key = ", ".join(table.key)
    marks = ", ".join("?" * len(table.key))
    # A page goes on after a key, not after a count: the table may be large, and others may be writing.
    where = "" if after is None else f"WHERE ({key}) > ({marks})"
    statement = f"SELECT {', '.join(columns)} FROM {table.name} {where} ORDER BY {key} LIMIT ?"  # noqa: S608 - our own words
    found = con.execute(statement, (*(after or ()), limit))
    return [tuple(side.value(table.name, *pair) for pair in zip(columns, row, strict=True)) for row in found]


def key_of(side: Side, con: Connection, table: Table, row: Row) -> list[Value]:
    """The key of a row of :func:`page`, as its database has it."""
    columns = side.columns(con, table.name)
    return [side.own_value(table.name, name, row[columns.index(name)]) for name in table.key]
