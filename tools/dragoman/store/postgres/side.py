"""A PostgreSQL database from which, or to which, a store is moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from dragoman.store.postgres.connection import PostgresConnection
from dragoman.store.sql.connection import Connection
from dragoman.store.sql.copying.side import PREFIXES, Row, Side, Table

_OF_INDEX: Final = tuple(f"{prefix}_{name}" for prefix in PREFIXES for name in ("index", "words"))


class PostgresSide(Side):
    """See :class:`Side`."""

    def columns(self, con: Connection, table: str) -> list[str]:
        """Ask the catalog."""
        statement = (
            "SELECT attname FROM pg_attribute WHERE attrelid = CAST(? AS regclass) AND attnum > 0 AND NOT attisdropped"
        )
        return sorted(name for (name,) in con.execute(statement, (table,)))

    def tables(self, con: Connection) -> set[str]:
        """Ask the catalog."""
        found = con.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        return {name for (name,) in found if name not in _OF_INDEX}

    def add(self, con: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Copy them."""
        cast("PostgresConnection", con).copy(table, ", ".join(columns), rows)

    def last_key(self, con: Connection, table: Table) -> int:
        """The sequence of the table, or the counter of messages."""
        if table.prefix:
            statement = "SELECT last_number FROM index_builds WHERE prefix = ?"
            return int(con.execute(statement, (table.prefix,)).get)
        sequence = con.execute("SELECT pg_get_serial_sequence(?, ?)", (table.name, table.key[0])).get
        return int(con.execute(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}").get)  # noqa: S608 - the server's own name

    def set_last_key(self, con: Connection, table: Table, last: int) -> None:
        """Set the sequence of the table, or the counter of messages."""
        if table.prefix:
            statement = "UPDATE index_builds SET last_number = greatest(last_number, ?) WHERE prefix = ?"
            con.execute(statement, (last, table.prefix))
        elif last:
            con.execute("SELECT setval(pg_get_serial_sequence(?, ?), ?)", (table.name, table.key[0], last))

    def cursor_key(self, con: Connection) -> bytes:
        """Hexadecimal digits."""
        return bytes.fromhex(con.execute("SELECT value FROM meta WHERE key = 'cursor_key'").get)

    def set_cursor_key(self, con: Connection, key: bytes) -> None:
        """Hexadecimal digits."""
        con.execute("UPDATE meta SET value = ? WHERE key = 'cursor_key'", (key.hex(),))
