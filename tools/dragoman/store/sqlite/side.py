"""A SQLite file from which, or to which, a store is moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dragoman.store.sql.connection import Connection, Digest, Value
from dragoman.store.sql.copying.side import PREFIXES, Row, Side, Table

# The index is made anew where the rows go, so it is not copied.
_OF_INDEX: Final = tuple(f"{prefix}_{name}" for prefix in PREFIXES for name in ("index", "words"))


class SqliteSide(Side):
    """See :class:`Side`."""

    def columns(self, con: Connection, table: str) -> list[str]:
        """Ask SQLite."""
        return sorted(name for (name,) in con.execute("SELECT name FROM pragma_table_info(?)", (table,)))

    def tables(self, con: Connection) -> set[str]:
        """Ask SQLite."""
        found = con.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        )
        return {name for (name,) in found if not name.startswith(_OF_INDEX)}

    def add(self, con: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add them one by one."""
        marks = ", ".join("?" * len(columns))
        con.executemany(f"INSERT INTO {table}({', '.join(columns)}) VALUES({marks})", rows)

    def last_key(self, con: Connection, table: Table) -> int:
        """What SQLite remembers of the table, where it does."""
        found = con.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).get
        highest = con.execute(f"SELECT max({table.key[0]}) FROM {table.name}").get  # noqa: S608 - our own words
        # A table that was filled by a copy may have numbers that SQLite has not counted.
        return max(found or 0, highest or 0)

    def set_last_key(self, con: Connection, table: Table, last: int) -> None:
        """Have SQLite remember it."""
        known = con.execute(
            "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ? RETURNING seq", (last, table.name)
        )
        # SQLite has no row for a table into which nothing was inserted yet.
        if not list(known) and last:
            con.execute("INSERT INTO sqlite_sequence(name, seq) VALUES(?, ?)", (table.name, last))

    def cursor_key(self, con: Connection) -> bytes:
        """Bytes."""
        return bytes(con.execute("SELECT value FROM meta WHERE key = 'cursor_key'").get)

    def set_cursor_key(self, con: Connection, key: bytes) -> None:
        """Bytes."""
        con.execute("UPDATE meta SET value = ? WHERE key = 'cursor_key'", (Digest(key),))

    def value(self, table: str, column: str, value: Value) -> Value:
        """A hash is in hexadecimal digits elsewhere."""
        if (table, column) == ("offers", "token") and isinstance(value, bytes):
            return value.hex()
        return super().value(table, column, value)

    def own_value(self, table: str, column: str, value: Value) -> Value:
        """A hash is bytes."""
        if (table, column) == ("offers", "token"):
            return Digest(bytes.fromhex(str(value)))
        return super().own_value(table, column, value)
