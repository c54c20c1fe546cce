"""Whether the tables of a store in PostgreSQL agree with each other."""

from __future__ import annotations

from typing import Final

from dragoman.store.postgres.index_entry import entry_of
from dragoman.store.sql.connection import UNKNOWN, Connection, Tables
from dragoman.store.sql.messages import rows
from dragoman.store.sql.sync import consistency
from dragoman.store.sql.writes import outbox

_AT_ONCE: Final = 2000
_MOST: Final = 20
_INDEXED: Final = (
    "SELECT m.number, m.live, m.moment, a.data, m.reply_to, m.text, m.data, i.size,"
    " length(i.lexemes)"
    " FROM $messages m JOIN $authors a USING(author) LEFT JOIN $index i ON i.rowid = m.number"
    " WHERE m.live = 1 AND m.number > ? ORDER BY m.number LIMIT ?"
)


def counters(con: Connection, tables: Tables) -> list[str]:
    """Conversations whose counters are wrong, numbers that are too high, and entries of the index without a message."""
    wrong = con.execute(
        tables.sql(
            "SELECT p.place FROM $places p LEFT JOIN (SELECT place, count(*) AS held,"
            " min(moment) FILTER (WHERE moment > ?) AS oldest FROM $messages WHERE live = 1 GROUP BY place) m"
            " USING(place) WHERE p.held <> coalesce(m.held, 0) OR p.oldest IS DISTINCT FROM m.oldest LIMIT ?"
        ),
        (UNKNOWN, _MOST),
    )
    found = [f"conversation {place} of {tables.prefix} has wrong counters" for (place,) in wrong]
    highest = con.execute(tables.sql("SELECT coalesce(max(number), 0) FROM $messages")).get
    if highest > tables.last_number(con):
        found.append(f"numbers of {tables.prefix} may be given twice")
    lost = con.execute(
        tables.sql(
            "SELECT i.rowid FROM $index i LEFT JOIN $messages m ON m.number = i.rowid"
            " WHERE m.live IS DISTINCT FROM 1 LIMIT ?"
        ),
        (_MOST,),
    )
    return found + [f"message {number} is in the index of {tables.prefix} and cannot be shown" for (number,) in lost]


def shown(con: Connection, tables: Tables) -> int:
    """How many messages can be shown."""
    found: int = con.execute(tables.sql("SELECT count(*) FROM $messages WHERE live = 1")).get
    return found


def index(con: Connection, tables: Tables, after: int) -> tuple[list[str], int | None]:
    """Messages that are not in the index as they should be, and the number to go on after."""
    found: list[str] = []
    numbers: list[int] = []
    for number, *columns, size, words in con.execute(tables.sql(_INDEXED), (after, _AT_ONCE)):
        numbers.append(number)
        try:
            message = rows.from_row(rows.Row(*columns), id="", conversation="")
        except ValueError:
            found.append(f"message {number} of {tables.prefix} cannot be read")
            continue
        expected = entry_of(rows.index_row(message, number))
        if (size, words or 0) != (expected.size, len(expected.words)):
            found.append(f"message {number} of {tables.prefix} is indexed with other words than it has")
    return found, numbers[-1] if len(numbers) == _AT_ONCE else None


def others(con: Connection) -> list[str]:
    """What is wrong with the outbox and with sync."""
    found = list(consistency.problems(con))
    for (entry,) in con.execute("SELECT entry FROM writes"):
        try:
            outbox.find(con, entry, 0)
        except ValueError:
            found.append(f"write {entry} cannot be read")
    return found
