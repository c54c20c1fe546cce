"""Finds the rows of a damaged file that make no sense, by their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import apsw

from dragoman.store.sql import cursors as cursor_table
from dragoman.store.sql.connection import Connection, Tables, unbind
from dragoman.store.sql.messages import message_table, rows
from dragoman.store.sql.messages.conversations import COLUMNS, row_of
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.messages.rows import Row
from dragoman.store.sql.writes import audit, outbox


def messages(con: Connection, table: MessageTable) -> Iterator[int]:
    """Numbers of messages."""
    statement = table.tables.sql(
        f"SELECT p.id, {message_table.COLUMNS} FROM $messages m JOIN $places p USING(place)"  # noqa: S608 - our own words
        " LEFT JOIN $authors a USING(author) WHERE m.number = ?"
    )

    def is_readable(number: int) -> bool:
        return any(_makes_sense(*row) for row in list(con.execute(statement, (number,))))

    return _unreadable(con, table.tables.sql("SELECT number FROM $messages"), is_readable)


def conversations(con: Connection, tables: Tables) -> Iterator[int]:
    """Numbers of conversations."""
    statement = tables.sql(f"SELECT {COLUMNS} FROM $places WHERE place = ?")  # noqa: S608 - our own words
    return _unreadable(
        con,
        tables.sql("SELECT place FROM $places"),
        lambda place: [row_of(row) for row in con.execute(statement, (place,))],
    )


def writes(con: Connection) -> Iterator[int]:
    """Numbers of entries of the outbox."""
    return _unreadable(con, "SELECT entry FROM writes", lambda entry: outbox.find(con, entry, 0))


def audit_lines(con: Connection) -> Iterator[int]:
    """Numbers of lines of the audit log."""
    statement = f"SELECT {audit.COLUMNS} FROM audit WHERE entry = ?"  # noqa: S608 - our own words
    return _unreadable(
        con,
        "SELECT entry FROM audit",
        lambda entry: [audit.line_of(row) for row in con.execute(statement, (entry,))],
    )


def cursors(con: Connection) -> Iterator[int]:
    """Numbers of cursors."""
    statement = "SELECT state FROM cursors WHERE serial = ?"
    return _unreadable(
        con,
        "SELECT serial FROM cursors",
        lambda serial: [cursor_table.state_of(con.execute(statement, (serial,)).get)],
    )


def _unreadable(con: Connection, keys: str, read: Callable[[int], Any]) -> Iterator[int]:
    """The keys whose rows cannot be read, or for which nothing is found."""
    for (key,) in con.execute(keys):
        try:
            found = read(key)
        except (apsw.CorruptError, ValueError):
            found = None
        if not found:
            yield key


def _makes_sense(conversation: str | bytes, id_: str | bytes, _number: int, *columns: Any) -> bool:
    """Whether the columns of a message, after those of its conversation, make sense."""
    row = Row(*columns)
    rows.from_row(row, id=unbind(id_), conversation=unbind(conversation))
    return not row.live or (row.author is not None and row.text is not None)
