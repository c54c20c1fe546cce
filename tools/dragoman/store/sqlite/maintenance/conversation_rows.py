"""Finds rows of conversations that make no sense, or whose counters are wrong, and counts anew."""

from __future__ import annotations

from collections.abc import Iterator

import apsw

from dragoman.store.sqlite.connection import UNKNOWN, Connection, Tables
from dragoman.store.sqlite.messages.conversations import COLUMNS, row_of


def wrong_counters(con: Connection, tables: Tables) -> Iterator[int]:
    """The numbers of the conversations whose counters are not those of their messages."""
    statement = (
        "SELECT place FROM $places p WHERE held <> (SELECT count(*) FROM $messages m WHERE m.place = p.place"
        " AND m.live = 1) OR oldest IS NOT (SELECT min(moment) FROM $messages m WHERE m.place = p.place"
        " AND m.live = 1 AND m.moment > ?)"
    )
    return (place for (place,) in con.execute(tables.sql(statement), (UNKNOWN,)))


def recount(con: Connection, tables: Tables) -> None:
    """Make the counters of every conversation anew from its messages."""
    con.execute(
        tables.sql(
            "UPDATE $places AS p SET held = (SELECT count(*) FROM $messages m WHERE m.place = p.place AND m.live = 1),"
            " oldest = (SELECT min(moment) FROM $messages m WHERE m.place = p.place AND m.live = 1 AND m.moment > ?),"
            " latest = (SELECT max(moment) FROM $messages m WHERE m.place = p.place AND m.live = 1)"
        ),
        (UNKNOWN,),
    )
    con.execute(tables.sql("UPDATE $places SET recent = max(recent, coalesce(latest, recent))"))


def unreadable(con: Connection, tables: Tables) -> Iterator[int]:
    """The numbers of the conversations whose rows make no sense."""
    for (key_,) in con.execute(tables.sql("SELECT place FROM $places")):
        statement = tables.sql(f"SELECT {COLUMNS} FROM $places WHERE place = ?")  # noqa: S608 - our own words
        try:
            for row in con.execute(statement, (key_,)):
                row_of(row)
        except (apsw.CorruptError, ValueError):
            yield key_
