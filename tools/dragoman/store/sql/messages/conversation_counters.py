"""The counters of a conversation: how many messages it has, and the times of the oldest and the latest."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.store.sql.connection import Connection, Tables
from dragoman.store.sql.values import UNKNOWN


def add(con: Connection, tables: Tables, place: int, times: Sequence[int]) -> None:
    """Bring the counters of a conversation up to date after visible messages were added, and nothing else.

    Args:
        con: A connection within a transaction.
        tables: Where the conversation is.
        place: Its number.
        times: Those of the messages, in microseconds.
    """
    first = min((time for time in times if time > UNKNOWN), default=None)
    con.execute(
        tables.sql(
            "UPDATE $places SET held = held + ?, oldest = @smallest(coalesce(oldest, ?), coalesce(?, oldest)),"
            " latest = @largest(coalesce(latest, ?), ?), recent = @largest(recent, ?) WHERE place = ?"
        ),
        (len(times), first, first, *[max(times)] * 3, place),
    )


def update(con: Connection, tables: Tables, place: int, added: int, *, removed: bool) -> None:
    """Bring the counters of a conversation up to date.

    Args:
        con: A connection within a transaction.
        tables: Where the conversation is.
        place: Its number.
        added: How many more messages of it can be shown than before.
        removed: Some of those that could be shown no longer can.
    """
    con.execute(
        tables.sql(
            "UPDATE $places SET held = held + ?,"
            " oldest = (SELECT min(moment) FROM $messages WHERE place = ? AND live = 1 AND moment > ?),"
            " latest = (SELECT max(moment) FROM $messages WHERE place = ? AND live = 1) WHERE place = ?"
        ),
        (added, place, UNKNOWN, place, place),
    )
    before = UNKNOWN if removed else None
    con.execute(
        tables.sql("UPDATE $places SET recent = @largest(coalesce(?, recent), coalesce(latest, ?)) WHERE place = ?"),
        (before, UNKNOWN, place),
    )


def held(con: Connection, tables: Tables, place: int) -> int:
    """How many messages of a conversation can be shown."""
    found: int | None = con.execute(tables.sql("SELECT held FROM $places WHERE place = ?"), (place,)).get
    return found or 0
