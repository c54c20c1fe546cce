"""Stretches of one conversation in an archive, in the order of time.

Pages are found by where the one before ended (moment and number), not by counting, so that the ten-thousandth
costs what the first does and none shifts when messages are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from dragoman.core.model import Message
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.messages import by_author, rows
from dragoman.store.sqlite.messages.message_table import MessageTable, Stored
from dragoman.store.sqlite.messages.rows import Row
from dragoman.store.sqlite.values import UNKNOWN, Value, bind, to_moment, unbind

_COLUMNS: Final = "m.id, m.number, m.live, m.moment, a.data, m.reply_to, m.text, m.data"
# CROSS JOIN fixes the order: the time index first, then rows by their numbers.
_ALL: Final = f"SELECT {_COLUMNS} FROM $messages m CROSS JOIN $authors a USING(author) WHERE m.live = 1"  # noqa: S608 - our own words
_BELOW: Final = (
    "WITH RECURSIVE below(number, id) AS (SELECT number, id FROM $messages WHERE place = ? AND id = ?"
    " UNION SELECT m.number, m.id FROM below CROSS JOIN $messages m ON m.place = ? AND m.reply_to = below.id)"
    " SELECT json_group_array(number) FROM below"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """Which messages of a conversation.

    Attributes:
        thread: Id of a message: only it and the replies below it.
        author: Part of a name, an id or an e-mail address.
        since: Not before this moment.
        until: Before this moment.
        after: ``(moment, number)`` of the message to go on from, in the direction of reading.
        newest_first: The direction of reading.
    """

    thread: str | None = None
    author: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: tuple[int, int] | None = None
    newest_first: bool = True
    limit: int = 50


def page(
    con: Connection, archive: MessageTable, place: int, where: tuple[str, str], stretch: PageQuery
) -> list[Stored]:
    """Messages in the direction of reading; ``where`` is account and conversation, for the result."""
    conditions, values = _conditions(con, archive, place, stretch)
    direction = "DESC" if stretch.newest_first else "ASC"
    if stretch.author:
        authors = by_author.authors_like(con, archive.tables, stretch.author)
        chosen = by_author.in_order(
            con, archive.tables, authors, f" AND m.place = ?{conditions}", [place, *values],
            newest_first=stretch.newest_first, otherwise="time", limit=stretch.limit,
        )  # fmt: skip
        numbers = [(number,) for _, number in islice(chosen, stretch.limit)]
        found = con.executemany(archive.tables.sql(f"{_ALL} AND m.number = ?"), numbers)
    else:
        statement = f"{_ALL} AND m.place = ?{conditions} ORDER BY m.moment {direction}, m.number {direction} LIMIT ?"
        found = con.execute(archive.tables.sql(statement), (place, *values, stretch.limit))
    return [_stored(row, *where) for row in found]


def by_numbers(con: Connection, archive: MessageTable, numbers: list[int]) -> dict[int, Message]:
    """Messages that can be shown, by the archive's numbers; account filled in, and the number where it is told."""
    statement = archive.tables.sql(
        f"SELECT p.account, p.id, {_COLUMNS} FROM $messages m JOIN $places p USING(place)"  # noqa: S608 - our own words
        " JOIN $authors a ON a.author = m.author WHERE m.number = ? AND m.live = 1"
    )
    found: dict[int, Message] = {}
    for account, conversation, id_, number, *columns in con.executemany(statement, ((n,) for n in numbers)):
        found[number] = rows.from_row(
            Row(*columns),
            id=unbind(id_),
            conversation=unbind(conversation),
            account=account,
            number=number if archive.numbered else None,
        )
    return found


def replies(con: Connection, archive: MessageTable, place: int, ids: Sequence[str]) -> dict[str, int]:
    """How many messages that can be shown answer each of these; those that nobody answers are left out."""
    bound = {bind(id_): id_ for id_ in ids}
    marks = ", ".join("?" * len(bound))
    statement = (
        f"SELECT reply_to, count(*) FROM $messages WHERE place = ? AND reply_to IN ({marks}) AND live = 1"  # noqa: S608 - our own words
        " GROUP BY reply_to"
    )
    found = con.execute(archive.tables.sql(statement), (place, *bound))
    return {bound[answered]: count for answered, count in found}


def _conditions(con: Connection, archive: MessageTable, place: int, stretch: PageQuery) -> tuple[str, list[Value]]:
    conditions: list[str] = []
    values: list[Value] = []
    if stretch.after is not None:
        conditions.append(f"(m.moment, m.number) {'<' if stretch.newest_first else '>'} (?, ?)")
        values.extend(stretch.after)
    for operator, time in ((">=", stretch.since), ("<", stretch.until)):
        if time is not None:
            conditions.append(f"m.moment {operator} ?")
            values.append(to_moment(time))
    if stretch.until is not None:
        # What has no time is in no span of time.
        conditions.append("m.moment > ?")
        values.append(UNKNOWN)
    if stretch.thread is not None:
        root = bind(stretch.thread)
        conditions.append("m.number IN (SELECT value FROM json_each(?))")
        values.append(con.execute(archive.tables.sql(_BELOW), (place, root, place)).get)
    return "".join(f" AND {condition}" for condition in conditions), values


def _stored(row: tuple[Any, ...], account: str, conversation: str) -> Stored:
    id_, number, *columns = row
    found = Row(*columns)
    message = rows.from_row(found, id=unbind(id_), conversation=conversation, account=account)
    return Stored(number, found, message)
