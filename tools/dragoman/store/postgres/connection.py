"""A transaction of PostgreSQL as the store speaks to it.

Statements are sent with their values in them, in PostgreSQL's simple protocol: nothing is prepared at the server, so
that PgBouncer may give each transaction another connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import psycopg

from dragoman.store.postgres.long_keys import compare_short
from dragoman.store.postgres.values import from_database, short_id, to_database
from dragoman.store.sql.connection import Value

_NUMBERED: Final = re.compile(r"\?(\d)")
"""A mark that stands for a value wherever its number is."""


class PostgresRows:
    """The rows of a statement, all of them read."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = rows

    @property
    def get(self) -> Any:
        """The only value of the only row; a tuple for several columns, ``None`` for no row."""
        if not self._rows:
            return None
        row = from_database(self._rows[0])
        return row[0] if len(row) == 1 else row

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """The rows."""
        return map(from_database, self._rows)

    def fetchone(self) -> tuple[Any, ...] | None:
        """The first row."""
        return from_database(self._rows[0]) if self._rows else None


class PostgresConnection:
    """See :class:`dragoman.store.sql.connection.Connection`; within a transaction.

    Attributes:
        statements: How many were sent, each of which is a round trip.
        first_rows: What the statements that begin the transaction have told.
    """

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]], begin: str = "", end: str = "") -> None:
        """Keep a connection.

        Args:
            connection: Open.
            begin: Statements that begin the transaction. They are sent with the first one, in the same round trip.
            end: A statement that ends it after the first one, in the same round trip; then there is no second one.
        """
        self._connection = connection
        self._begin = begin
        self._end = end
        self.first_rows: list[tuple[Any, ...]] = []
        self.statements = 0

    def execute(self, statements: str, bindings: Sequence[Value] = (), /) -> PostgresRows:
        """Run a statement and read all of its rows."""
        values = [to_database(value) for value in bindings]
        if _NUMBERED.search(statements):
            return self._run(statements, {f"p{number}": value for number, value in enumerate(values, 1)})
        return self._run(statements, values)

    def executemany(self, statement: str, bindings: Iterable[Sequence[Value]], /) -> PostgresRows:
        """Run a statement for each set of values."""
        rows: list[tuple[Any, ...]] = []
        for values in bindings:
            rows.extend(self.execute(statement, values))
        return PostgresRows(rows)

    def select_any(self, statement: str, place: Value, texts: Sequence[Value]) -> PostgresRows:
        """Run a statement whose second mark stands for any of these ids, as an index has them."""
        return self._run(statement, [to_database(place), [short_id(to_database(text)) for text in texts]])

    def execute_with_lists(self, statement: str, lists: Sequence[Sequence[Value]]) -> PostgresRows:
        """Run a statement whose marks stand for lists."""
        return self._run(statement, [[to_database(value) for value in values] for values in lists])

    def copy(self, table: str, columns: str, rows: Iterable[Sequence[Value]]) -> None:
        """Add many rows to a table at once."""
        self.statements += 1
        if self._begin:
            self._run("SELECT 1", ())
        statement = f"COPY {table}({columns}) FROM STDIN"
        with self._connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                copy.write_row([to_database(value) if isinstance(value, (str, bytes)) else value for value in row])

    def copy_parts(self, table: str, columns: str, parts: Iterable[bytes]) -> None:
        """Add rows to a table that are written as COPY takes them."""
        self.statements += 1
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {table}({columns}) FROM STDIN".encode()) as copy:
            for part in parts:
                copy.write(part)

    def _first(self, statement: str) -> str:
        begin, self._begin = self._begin, ""
        if not begin:
            return statement
        return f"{begin}; {statement}; {self._end}" if self._end else f"{begin}; {statement}"

    def _run(self, statement: str, values: Sequence[object] | Mapping[str, object]) -> PostgresRows:
        if self._end and self.statements:
            raise AssertionError(statement)
        self.statements += 1
        with self._connection.cursor() as cursor:
            cursor.execute(_with_marks(self._first(statement)), values or None)
            *before, rows = _all_rows(cursor) or [[]]
        if before:
            self.first_rows = before[0]
        return PostgresRows(rows)


def _all_rows(cursor: psycopg.Cursor[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """The rows of each of the statements that has any."""
    found: list[list[tuple[Any, ...]]] = []
    while True:
        if cursor.description is not None:
            found.append(cursor.fetchall())
        if not cursor.nextset():
            return found


@lru_cache(maxsize=2048)
def _with_marks(statement: str) -> bytes:
    """The statement with the driver's marks for values."""
    if "?" not in statement:
        return statement.encode()
    statement = compare_short(statement)
    return _NUMBERED.sub(r"%(p\1)s", statement.replace("%", "%%")).replace("?", "%s").encode()
