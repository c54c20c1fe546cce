"""Database files of other programs, which are only read.

Such a file may be damaged, cut off, or made to do harm. So nothing but its real tables is asked, views, triggers and
virtual tables never run, values above a size are absent, and what one end of a table cannot give is read from the
other.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import apsw

from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import sentence
from dragoman.store.sql.connection import Value
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.scratch import connect

LARGEST_VALUE: Final = 16 << 20
"""Bytes of a value that is read; a larger one counts as absent."""

_LARGEST: Final = 2**63
_GUARDS: Final = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON;"
_IN_SPITE_OF_DAMAGE: Final = "PRAGMA writable_schema = ON;"
_TABLE: Final = """
SELECT count(*) FROM sqlite_schema
WHERE type = 'table' AND rootpage > 0 AND name = ? COLLATE NOCASE AND sql NOT LIKE 'CREATE VIRTUAL%'
"""
_ERRORS: Final = (apsw.Error, UnicodeDecodeError)
_OPEN: Final = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI


class ForeignRow:
    """The values of a row; a value of another type than the one asked for is converted or absent.

    Args:
        values: All values.
        places: Where the value of each column stands.
        encoding: That of texts.
    """

    __slots__ = ("_encoding", "_places", "_values")

    def __init__(self, values: Sequence[Value], places: Mapping[str, int], encoding: str) -> None:
        self._values = values
        self._places = places
        self._encoding = encoding

    def text(self, name: str) -> str:
        """A column as text; empty when it has no value."""
        value = self._values[self._places[name]]
        if isinstance(value, bytes):
            return value.decode(self._encoding, "replace")
        return "" if value is None else str(value)

    def number(self, name: str) -> int:
        """A column as a whole number; 0 when it is none, or more than SQLite can hold."""
        value = self._values[self._places[name]]
        if isinstance(value, int):
            return value
        try:
            number = 0 if value is None else int(value)
        except (ValueError, OverflowError):
            return 0
        return number if -_LARGEST <= number < _LARGEST else 0

    def blob(self, name: str) -> bytes:
        """A column as bytes; empty when it has none."""
        value = self._values[self._places[name]]
        return value if isinstance(value, bytes) else b""


class ForeignDatabase:
    """An open database of another program.

    Attributes:
        is_damaged: Whether parts of it could not be read by now.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.is_damaged = False
        encoding = str(self._run(lambda: connection.execute("PRAGMA encoding").get) or "")
        self._encoding = encoding.lower() if encoding.startswith("UTF-16") else "utf-8"

    def has_tables(self, *names: str) -> bool:
        """Whether it has real tables of these names."""
        return all(map(self._has_table, names))

    def columns(self, table: str) -> frozenset[str]:
        """The columns of a table that hold values, in small letters; none when there is no such table."""
        if not self.has_tables(table):
            return frozenset()
        found = self._run(lambda: [row[1] for row in self._connection.execute(f"PRAGMA table_info({_name(table)})")])
        return frozenset(str(name).lower() for name in found or ())

    def rows(self, table: str, columns: Sequence[str], *, where: str = "") -> Iterator[ForeignRow]:
        """The rows of a table in the order in which they were added; columns that it lacks have no value.

        Where the table is damaged, the rows behind the damage come after the others, the last one first.

        Args:
            table: Its name.
            columns: Those of which values are asked for.
            where: One of them; rows whose number there is 0 are left out.
        """
        known = self.columns(table)
        there = [name for name in columns if name.lower() in known]
        if not there or (where and where not in there):
            return
        values = ", ".join(_bounded(name) if name in there else "NULL" for name in columns)
        places = {name: place for place, name in enumerate(columns, 1)}
        condition = f" WHERE {_name(where)}" if where else ""
        last = None
        for order in ("ASC", "DESC"):
            statement = f"SELECT rowid, {values} FROM {_name(table)}{condition} ORDER BY rowid {order}"  # noqa: S608 - names are quoted
            try:
                for row in self._connection.execute(statement):
                    # Met again what was read from the front: between both lies the damage.
                    if order == "DESC" and last is not None and row[0] <= last:
                        return
                    yield ForeignRow(row, places, self._encoding)
                    last = row[0] if order == "ASC" else last
            except _ERRORS:
                self.is_damaged = True
            else:
                return

    def _has_table(self, name: str) -> bool:
        return bool(self._run(lambda: self._connection.execute(_TABLE, (name,)).get))

    def _run(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except _ERRORS:
            self.is_damaged = True
            return None


@contextmanager
def foreign_database(path: Path) -> Generator[ForeignDatabase]:
    """Open a database file of another program. Nothing is written to it or beside it.

    Args:
        path: The file; a write-ahead log that lies beside it is read too.

    Raises:
        InvalidArgument: It is no database.
    """
    with _read_only_name(path) as name:
        try:
            connection, is_whole = _opened(name)
        except apsw.Error:
            raise InvalidArgument(
                sentence("{} cannot be read as a database.", path.name), hint="Copy it again from its source."
            ) from None
        database = ForeignDatabase(connection)
        database.is_damaged |= not is_whole
        try:
            yield database
        finally:
            connection.close()


@contextmanager
def _read_only_name(path: Path) -> Generator[str]:
    """How SQLite is to open the file without making another one beside it."""
    log, index = (path.with_name(f"{path.name}{ending}") for ending in ("-wal", "-shm"))
    if not log.is_file():
        # Without a log nothing can be missing, and SQLite takes no lock in somebody else's folder.
        yield f"{path.resolve().as_uri()}?immutable=1"
    elif index.is_file():
        yield f"{path.resolve().as_uri()}?mode=ro&readonly_shm=1"
    else:
        # SQLite has to write an index of the log: beside a copy.
        with tempfile.TemporaryDirectory(prefix="dragoman-") as folder:
            copy = Path(folder, "copy")
            shutil.copyfile(path, copy)
            shutil.copyfile(log, copy.with_name("copy-wal"))
            yield f"{copy.resolve().as_uri()}?mode=ro"


def _opened(name: str) -> tuple[Connection, bool]:
    """The connection, and whether the file is as long as it should be.

    Raises:
        apsw.Error: It is no database.
    """
    connection = connect(name, _OPEN)
    try:
        list(connection.execute(_GUARDS))
        try:
            list(connection.execute("SELECT count(*) FROM sqlite_schema"))
        except apsw.CorruptError:
            # A broken schema of one table must not hide all others.
            list(connection.execute(_IN_SPITE_OF_DAMAGE))
            list(connection.execute("SELECT count(*) FROM sqlite_schema"))
            return connection, False
    except apsw.Error:
        connection.close()
        raise
    return connection, True


def _name(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _bounded(column: str) -> str:
    """A column, where text comes as bytes: it need not be valid, and one invalid text would end the reading."""
    name = _name(column)
    return (
        f"CASE WHEN octet_length({name}) > {LARGEST_VALUE} THEN NULL"
        f" WHEN typeof({name}) = 'text' THEN CAST({name} AS BLOB) ELSE {name} END"
    )
