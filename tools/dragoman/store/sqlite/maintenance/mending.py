"""Makes a store of saved rows whole: parents that are missing, rows that make no sense, counters, the index."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import apsw

from dragoman.core.model import Author
from dragoman.store.sql.connection import UNKNOWN, Tables
from dragoman.store.sql.messages import rows
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sqlite import index_rebuild, open_file
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.maintenance import unreadable_rows
from dragoman.store.sqlite.schema import MIGRATIONS
from dragoman.store.sqlite.tables import SqliteTables

_TABLES: Final = (MessageTable(SqliteTables("seen"), numbered=True), MessageTable(SqliteTables("local")))
_LOST_ACCOUNT: Final = {"seen": "salvaged", "local": ""}
_PATIENCE: Final = 5.0


def complete(con: Connection) -> None:
    """Give rows whose conversation or author is lost a new one, so that they can be stored."""
    for table in _TABLES:
        sql, account = table.tables.sql, _LOST_ACCOUNT[table.tables.prefix]
        con.execute(
            sql(
                "INSERT INTO $places(place, account, id, described, title)"
                # Described, so that it is listed: somebody has to find what was salvaged.
                " SELECT DISTINCT place, ?, 'salvaged-' || place, 1, 'salvaged ' || place FROM $messages"
                " WHERE place NOT IN (SELECT place FROM $places)"
            ),
            (account,),
        )
        missing = "SELECT DISTINCT author FROM $messages WHERE author NOT IN (SELECT author FROM $authors)"
        for (author,) in list(con.execute(sql(missing))):
            con.execute(sql("INSERT INTO $authors(author, data) VALUES(?, ?)"), (author, _lost_author(author)))
        _empty_unreadable_rows(con, table)


def mend(path: Path) -> None:
    """Bring a store up to date, drop what cannot be read, count anew and make the index."""
    con = open_file.open_first(path, MIGRATIONS, _PATIENCE)
    try:
        con.execute("BEGIN")
        for table in _TABLES:
            _recount(con, table.tables)
        index_rebuild.rebuild(con)
        con.executemany("DELETE FROM writes WHERE entry = ?", [(entry,) for entry in unreadable_rows.writes(con)])
        con.executemany("DELETE FROM cursors WHERE serial = ?", [(serial,) for serial in unreadable_rows.cursors(con)])
        con.execute("COMMIT")
        # One file, without a -wal file that could be forgotten when it is moved.
        con.execute("PRAGMA journal_mode = DELETE").fetchone()
    finally:
        con.close()


def _empty_unreadable_rows(con: Connection, table: MessageTable) -> None:
    """Keep the text of a message whose details make no sense, and its number where the text makes none either."""
    sql = table.tables.sql
    for author, data in list(con.execute(sql("SELECT author, data FROM $authors"))):
        try:
            rows.from_author_json(data)
        except apsw.CorruptError:
            con.execute(sql("UPDATE $authors SET data = ? WHERE author = ?"), (_lost_author(author), author))
    # First only the details, and then all: a text without its details is worth more than none.
    reset = (
        "data = NULL",
        "data = NULL, live = 0, moment = 0, author = NULL, reply_to = NULL, text = NULL",
    )
    for columns in reset:
        numbers = [(number,) for number in unreadable_rows.messages(con, table)]
        con.executemany(sql(f"UPDATE $messages SET {columns} WHERE number = ?"), numbers)  # noqa: S608 - our own words
    places = [(place,) for place in unreadable_rows.conversations(con, table.tables)]
    con.executemany(sql("UPDATE $places SET data = NULL, kind = 'room' WHERE place = ?"), places)


def _lost_author(author: int) -> str | bytes:
    return rows.author_json(Author(name="unknown", id=f"lost-{author}"))


def _recount(con: Connection, tables: Tables) -> None:
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
