"""A transaction of PostgreSQL as the store speaks to it.

Statements are sent with their values in them, in PostgreSQL's simple protocol, in which one message may hold several.
Over a connection that always leads to the same session of the server, frequent ones are prepared there. A pooler such
as PgBouncer may give each transaction another session, so nothing is prepared behind one.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast

import psycopg

from dragoman.store.postgres.driver import DriverConnection
from dragoman.store.postgres.long_keys import compare_short
from dragoman.store.postgres.values import from_database, short_id, to_database
from dragoman.store.sql.connection import Value

_NUMBERED: Final = re.compile(r"\?(\d)")
"""A mark that stands for a value wherever its number is."""


Call: TypeAlias = tuple[str, Sequence[Value]]
"""A statement and the values of its marks."""

Bindings: TypeAlias = Sequence[object] | Mapping[str, object]


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

    def __init__(self, connection: DriverConnection, begin: Sequence[str] = (), end: str = "") -> None:
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
        return self._run(statements, values)

    def executemany(self, statement: str, bindings: Iterable[Sequence[Value]], /) -> PostgresRows:
        """Run a statement for each set of values."""
        rows: list[tuple[Any, ...]] = []
        for values in bindings:
            rows.extend(self.execute(statement, values))
        return PostgresRows(rows)

    def execute_together(self, calls: Sequence[Call], end: str) -> None:
        """Run statements whose rows nobody reads, and what ends the transaction, in one round trip."""
        self.statements += 1
        parts = self._first()
        with self._connection.cursor() as cursor, self._preparing():
            for statement, values in calls:
                text, bindings = self._written(statement, [to_database(value) for value in values])
                parts.append(cast("psycopg.ClientCursor[Any]", cursor).mogrify(text.encode(), bindings or None))
            cursor.execute("; ".join([*parts, end]).encode())

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

    def _run(self, statement: str, values: Sequence[object]) -> PostgresRows:
        if self._end and self.statements:
            raise AssertionError(statement)
        self.statements += 1
        first = self._first()  # before the statement: each call may drop what the ones before it have prepared
        text, bindings = self._written(statement, values)
        message = "; ".join([*first, text, *filter(None, [self._end])])
        with self._preparing(), self._connection.cursor() as cursor:
            cursor.execute(message.encode(), bindings or None)
            *before, rows = _all_rows(cursor) or [[]]
        if before:
            self.first_rows = before[0]
        return PostgresRows(rows)

    def _written(self, statement: str, values: Sequence[object]) -> tuple[str, Bindings]:
        """A statement as the driver takes it, and its values."""
        prepared = self._connection.prepared
        call = None if prepared is None else prepared.call(_with_short_keys(statement), values)
        bindings = values if call or not _NUMBERED.search(statement) else _by_number(values)
        return call or _with_marks(statement), bindings

    @contextmanager
    def _preparing(self) -> Generator[None]:
        """Note whether the server has run what was to be prepared in the block."""
        prepared = self._connection.prepared
        try:
            yield
        except psycopg.Error:
            if prepared is not None:
                prepared.withdraw()
            raise
        if prepared is not None:
            prepared.confirm()

    def _first(self) -> list[str]:
        """What begins the transaction, if it has not begun."""
        begin, self._begin = self._begin, ()
        prepared = self._connection.prepared
        return [(prepared and prepared.call(statement, ())) or statement for statement in begin]


def _by_number(values: Sequence[object]) -> Mapping[str, object]:
    return {f"p{number}": value for number, value in enumerate(values, 1)}


def _all_rows(cursor: psycopg.Cursor[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """The rows of each of the statements that has any."""
    found: list[list[tuple[Any, ...]]] = []
    while True:
        if cursor.description is not None:
            found.append(cursor.fetchall())
        if not cursor.nextset():
            return found


@lru_cache(maxsize=2048)
def _with_marks(statement: str) -> str:
    """The statement with the driver's marks for values."""
    if "?" not in statement:
        return statement
    return _NUMBERED.sub(r"%(p\1)s", _with_short_keys(statement).replace("%", "%%")).replace("?", "%s")


@lru_cache(maxsize=2048)
def _with_short_keys(statement: str) -> str:
    return compare_short(statement) if "?" in statement else statement
