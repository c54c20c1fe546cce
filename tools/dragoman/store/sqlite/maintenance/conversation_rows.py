"""Finds rows of conversations that make no sense, or whose counters are wrong, and counts anew."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.store.sql.connection import Tables
from dragoman.store.sql.values import UNKNOWN
from dragoman.store.sqlite.connection import Connection


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
