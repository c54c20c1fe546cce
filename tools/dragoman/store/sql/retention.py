"""Forgets what tables hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from dragoman.core.model import Conversation
from dragoman.store.coverage import BEGINNING, Span
from dragoman.store.retention import Amount, RetentionStore
from dragoman.store.sql.connection import UNKNOWN, Connection, Tables, Value, bind, from_us, to_us, unbind
from dragoman.store.sql.database import Database
from dragoman.store.sql.messages import conversations, rows
from dragoman.store.sql.messages.message_store import AREA
from dragoman.store.sql.messages.rows import Row, index_row
from dragoman.store.sql.sync import coverage_table

_STEP: Final = 500
"""Messages that one transaction deletes: a few hundredths of a second."""

_OWN: Final = ""
"""The account under which the tables of the local account keep its conversations."""

_COLUMNS: Final = "m.number, m.live, m.moment, a.data, m.reply_to, m.text, m.data"
_FROM: Final = " FROM $messages m LEFT JOIN $authors a ON a.author = m.author"


class SqlRetention(RetentionStore):
    """See :class:`RetentionStore`."""

    def __init__(self, database: Database) -> None:
        """Keep an open database."""
        self._database = database
        self._seen = database.tables("seen")
        self._local = database.tables("local")

    async def accounts(self) -> list[str]:
        """Read the table of conversations."""
        statement = self._seen.sql("SELECT DISTINCT account FROM $places")
        found = await self._database.read(lambda con: [str(name) for (name,) in con.execute(statement)])
        return sorted({name.partition("~")[0] for name in found})

    async def amount(self, account: str, conversation: str | None = None) -> Amount:
        """Count."""
        return await self._database.read(lambda con: _amount(con, self._seen, _places(account, conversation)))

    async def own_amount(self, conversation: str | None = None) -> Amount:
        """Count."""
        return await self._database.read(lambda con: _amount(con, self._local, _places(_OWN, conversation)))

    async def own_conversations(self) -> list[Conversation]:
        """Read the table of conversations."""
        return await self._database.read(
            lambda con: [row.conversation for row in conversations.recent(con, self._local, _OWN)]
        )

    async def forget(self, account: str, conversation: str | None = None) -> Amount:
        """Give up coverage first, so that nothing claims to be there while it goes."""
        await self._database.write(lambda con: coverage_table.forget(con, account, conversation), area=AREA)
        return await self._forget(self._seen, _places(account, conversation))

    async def forget_own(self, conversation: str | None = None) -> Amount:
        """Delete them with the records of what was imported and changed."""
        where = _places(_OWN, conversation)
        places = self._local.sql(f"SELECT place FROM $places WHERE {where[0]}")  # noqa: S608 - our own words
        imports = f"DELETE FROM import_conversations WHERE place IN ({places})"  # noqa: S608 - as above
        await self._database.write(lambda con: con.execute(imports, where[1]), area=self._local.prefix)
        return await self._forget(self._local, where)

    async def expire(self, account: str, before: datetime, limit: int) -> int:
        """One short transaction."""
        return await self._database.write(
            lambda con: _expire(con, self._seen, account, to_us(before), limit), area=AREA
        )

    async def scrub(self) -> None:
        """The database knows how."""
        await self._database.scrub()

    async def _forget(self, tables: Tables, where: tuple[str, tuple[Value, ...]]) -> Amount:
        messages = 0
        while deleted := await self._database.write(
            lambda con: _delete_messages(con, tables, where), area=tables.prefix
        ):
            messages += deleted
        gone = await self._database.write(lambda con: _delete_conversations(con, tables, where), area=tables.prefix)
        return Amount(gone, messages)


def _places(account: str, conversation: str | None) -> tuple[str, tuple[Value, ...]]:
    """A condition on conversations, and its values; those of a person are under the account, ``~`` and their name."""
    personal = f"{account}~"
    condition, values = "(account = ? OR substr(account, 1, ?) = ?)", (account, len(personal), personal)
    if conversation is None:
        return condition, values
    return f"{condition} AND id = ?", (*values, bind(conversation))


def _amount(con: Connection, tables: Tables, where: tuple[str, tuple[Value, ...]]) -> Amount:
    places = con.execute(tables.sql(f"SELECT count(*) FROM $places WHERE {where[0]}"), where[1]).get  # noqa: S608 - our own words
    statement = f"SELECT count(*) FROM $messages WHERE place IN (SELECT place FROM $places WHERE {where[0]})"  # noqa: S608 - as above
    return Amount(places, con.execute(tables.sql(statement), where[1]).get)


def _delete_messages(con: Connection, tables: Tables, where: tuple[str, tuple[Value, ...]]) -> int:
    condition = f"m.place IN (SELECT place FROM $places WHERE {where[0]}) LIMIT ?"  # noqa: S608 - our own words
    found = _selected(con, tables, condition, (*where[1], _STEP))
    _unindex(con, tables, found)
    numbers = [(row[0],) for row in found]
    con.executemany(tables.sql("DELETE FROM $messages WHERE number = ?"), numbers)
    if tables.prefix == "seen":
        con.executemany("DELETE FROM sync_arrivals WHERE number = ?", numbers)
    else:
        con.executemany("DELETE FROM local_changes WHERE number = ?", numbers)
    return len(found)


def _delete_conversations(con: Connection, tables: Tables, where: tuple[str, tuple[Value, ...]]) -> int:
    """Delete conversations without messages, and authors who have written nothing that is left."""
    # Others write between the steps: a conversation that has got a message since then stays.
    empty = "NOT EXISTS(SELECT 1 FROM $messages m WHERE m.place = $places.place)"
    deleted = con.execute(tables.sql(f"DELETE FROM $places WHERE {where[0]} AND {empty} RETURNING place"), where[1])  # noqa: S608 - our own words
    gone = len(list(deleted))
    con.execute(
        tables.sql(
            "DELETE FROM $authors WHERE author IN"
            " (SELECT author FROM $authors EXCEPT SELECT author FROM $messages WHERE author IS NOT NULL)"
        )
    )
    return gone


def _expire(con: Connection, tables: Tables, account: str, before: int, limit: int) -> int:
    where, values = _places(account, None)
    condition = (
        f"m.live = 1 AND m.moment > ? AND m.moment < ? AND m.place IN (SELECT place FROM $places WHERE {where}) LIMIT ?"  # noqa: S608 - our own words
    )
    found = _selected(con, tables, condition, (UNKNOWN, before, *values, limit))
    _unindex(con, tables, found)
    numbers = [(row[0],) for row in found]
    con.executemany(
        tables.sql(
            "UPDATE $messages SET live = 0, moment = 0, author = NULL, reply_to = NULL, text = NULL, data = NULL"
            " WHERE number = ?"
        ),
        numbers,
    )
    con.executemany("DELETE FROM sync_arrivals WHERE number = ?", numbers)
    _give_up_time(con, tables, before, [row[-1] for row in found])
    return len(found)


def _give_up_time(con: Connection, tables: Tables, before: int, places: Sequence[int]) -> None:
    """Bring counters and coverage of conversations in step with the messages that were dropped."""
    cut = from_us(before) or BEGINNING
    for place in dict.fromkeys(places):
        conversations.recount(con, tables, place, -places.count(place), removed=True)
        statement = tables.sql("SELECT account, id FROM $places WHERE place = ?")
        account, conversation = con.execute(statement, (place,)).get
        uncovered = [(unbind(conversation), Span(BEGINNING, cut))]
        coverage_table.change(con, unbind(account), uncovered, [])


def _selected(con: Connection, tables: Tables, condition: str, values: Sequence[Value]) -> list[tuple[Any, ...]]:
    """Numbers and contents of messages, and at the end of each the number of its conversation."""
    return list(con.execute(tables.sql(f"SELECT {_COLUMNS}, m.place{_FROM} WHERE {condition}"), values))


def _unindex(con: Connection, tables: Tables, found: Sequence[tuple[Any, ...]]) -> None:
    for row in _indexed(found):
        tables.unindex(con, row)


def _indexed(found: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, str, str, str]]:
    """How the visible messages stand in the index."""
    for number, *columns, _ in found:
        row = Row(*columns)
        if row.live:
            yield index_row(rows.from_row(row, id="", conversation=""), number)
