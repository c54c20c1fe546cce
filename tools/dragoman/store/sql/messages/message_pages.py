"""Keyset pages of one conversation, in the order of time.

A page begins where the one before ended (time and number), so that the ten-thousandth costs what the first does, and
no page shifts when messages are added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from dragoman.core.errors import Conflict
from dragoman.core.model import Message, Order, Page
from dragoman.core.queries import MessageQuery
from dragoman.store.conversations import ConversationRow, PageQuery
from dragoman.store.sql.connection import UNKNOWN, Connection, Value, bind, to_us, unbind
from dragoman.store.sql.messages import conversations, rows
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.messages.rows import Row, Stored

_COLUMNS: Final = "m.id, m.number, m.live, m.moment, a.data, m.reply_to, m.text, m.data"
# ``@join`` fixes the order: the time index first, then rows by their numbers.
_ALL: Final = f"SELECT {_COLUMNS} FROM $messages m @join $authors a USING(author) WHERE m.live = 1"  # noqa: S608 - our own words
_SOME: Final = (
    f"SELECT {_COLUMNS} FROM @numbers @join $messages m ON m.number = n.value"  # noqa: S608 - our own words
    " @join $authors a USING(author) WHERE m.live = 1"
)
_WITH_CONVERSATION: Final = (
    f"SELECT {', '.join(f'p.{name}' for name in conversations.COLUMNS.split(', '))}, {_COLUMNS},"  # noqa: S608 - our own words
    " (SELECT count(*) FROM $messages r WHERE r.place = p.place AND @key(r.reply_to) = @key(m.id) AND r.live = 1)"
    " FROM $places p LEFT JOIN $messages m ON m.place = p.place AND @key(m.id) = @key(?)"
    " LEFT JOIN $authors a ON a.author = m.author WHERE p.account = ? AND @key(p.id) = @key(?)"
)
_WIDTH: Final = _COLUMNS.count(",") + 2
"""Columns of a message and of its replies."""

_REPLY_TO: Final = _COLUMNS.split(", ").index("m.reply_to")

# UNION drops what came before, so replies that name each other in a circle end.
_BELOW: Final = (
    "WITH RECURSIVE below(number, id) AS (SELECT number, id FROM $messages WHERE place = ? AND @key(id) = @key(?)"
    " UNION SELECT m.number, m.id FROM below @join $messages m ON m.place = ? AND @key(m.reply_to) = @key(below.id))"
    " SELECT number FROM below"
)


def page(con: Connection, table: MessageTable, place: int, where: tuple[str, str], query: PageQuery) -> list[Stored]:
    """Messages in the direction of reading; ``where`` is account and conversation, for the result."""
    return [_stored(row, *where) for row in _select(con, table, place, query)]


def _select(con: Connection, table: MessageTable, place: int, query: PageQuery) -> list[tuple[Any, ...]]:
    """The rows of a page, with the columns of :data:`_COLUMNS`."""
    from dragoman.store.sql.messages import by_author  # noqa: PLC0415  # takes time, and a search needs no list

    span = by_author.Span(place=place, after=query.after, newest_first=query.newest_first, limit=query.limit)
    condition, values = _condition(con, table, place, query)
    if query.author:
        authors = by_author.authors_like(con, table.tables, query.author)
        chosen = by_author.in_order(con, table.tables, authors, span, condition, values)
        numbers = [number for _, number in islice(chosen, query.limit)]
        some = {row[1]: row for row in con.execute(table.tables.sql(_SOME), (number_list(numbers),))}
        return [some[number] for number in numbers if number in some]
    begins, begins_values = span.condition
    statement = f"{_ALL}{begins}{condition} {span.order} LIMIT ?"
    return list(con.execute(table.tables.sql(statement), (*begins_values, *values, query.limit)))


def find_with_message(
    con: Connection, table: MessageTable, where: tuple[str, str], id_: str
) -> tuple[ConversationRow, Stored | None] | None:
    """A conversation and a message of it, with the number of its replies; ``where`` is account and conversation."""
    bound = (bind(id_), where[0], bind(where[1]))
    row = con.execute(table.tables.sql(_WITH_CONVERSATION), bound).fetchone()
    if row is None:
        return None
    found = conversations.row_of(row[:-_WIDTH])
    *columns, replies_ = row[-_WIDTH:]
    if columns[0] is None:
        return found, None
    stored = _stored(tuple(columns), *where)
    return found, replace(stored, message=replace(stored.message, replies=replies_))


def remembered(con: Connection, table: MessageTable, where: tuple[str, str], query: MessageQuery) -> Page[Message]:
    """A page of a conversation as a provider gives it, with numbers; ``where`` is account and conversation.

    Raises:
        Conflict: The message that the cursor names is not there any more.
    """
    place = conversations.key(con, table.tables, *where)
    if place is None:
        return Page()
    newest_first = query.order is Order.LATEST
    wanted = PageQuery(
        thread=query.thread,
        since=query.since,
        until=query.until,
        after=None if query.cursor is None else _position(con, table, place, query.cursor),
        newest_first=newest_first,
        # One more than is shown tells whether there is another page.
        limit=query.limit + 1,
    )
    found = _select(con, table, place, wanted)
    shown = found[: query.limit]
    cursor = unbind(shown[-1][0]) if len(found) > query.limit else None
    messages = _with_numbers(con, table, where, place, shown)
    return Page(items=tuple(messages[::-1] if newest_first else messages), cursor=cursor)


def _position(con: Connection, table: MessageTable, place: int, id_: str) -> tuple[int, int]:
    """Time and number of a message that can be seen."""
    statement = "SELECT moment, number FROM $messages WHERE place = ? AND @key(id) = @key(?) AND live = 1"
    found = con.execute(table.tables.sql(statement), (place, bind(id_))).fetchone()
    if found is None:
        raise Conflict("The message that the page before ended with is gone.", hint="Repeat the call without cursor.")
    time_us, number = found
    return time_us, number


def _with_numbers(
    con: Connection, table: MessageTable, where: tuple[str, str], place: int, found: Sequence[tuple[Any, ...]]
) -> list[Message]:
    """The messages of rows with their numbers, those of their parents, and how many answer them."""
    if not found:
        return []
    account, conversation = where
    ids = [unbind(row[0]) for row in found]
    counts = replies(con, table, place, ids)
    numbers = {id_: row[1] for id_, row in zip(ids, found, strict=True)}
    answered = [None if row[_REPLY_TO] is None else unbind(row[_REPLY_TO]) for row in found]
    elsewhere = {id_ for id_ in answered if id_ is not None and id_ not in numbers}
    if elsewhere:
        numbers |= table.numbers(con, *where, elsewhere)
    return [
        rows.from_row(
            Row(*row[2:]),
            id=id_,
            conversation=conversation,
            account=account,
            number=row[1],
            parent=None if parent is None else numbers.get(parent),
            replies=counts.get(id_, 0),
        )
        for row, id_, parent in zip(found, ids, answered, strict=True)
    ]


def by_numbers(con: Connection, table: MessageTable, numbers: list[int]) -> dict[int, Message]:
    """Visible messages by the table's numbers, with their account, and with the number where people use it."""
    statement = table.tables.sql(
        f"SELECT p.account, p.id, {_COLUMNS} FROM @numbers @join $messages m ON m.number = n.value"  # noqa: S608 - our own words
        " @join $places p USING(place) @join $authors a ON a.author = m.author WHERE m.live = 1"
    )
    found: dict[int, Message] = {}
    for account, conversation, id_, number, *columns in con.execute(statement, (number_list(numbers),)):
        found[number] = rows.from_row(
            Row(*columns),
            id=unbind(id_),
            conversation=unbind(conversation),
            account=account,
            number=number if table.numbered else None,
        )
    # The database need not keep the order.
    return {number: found[number] for number in numbers if number in found}


def number_list(numbers: Iterable[int]) -> str:
    """The numbers for ``@numbers``: one statement for all takes a fifth of the time that one for each does."""
    return f"[{','.join(map(str, numbers))}]"


def replies(con: Connection, table: MessageTable, place: int, ids: Sequence[str]) -> dict[str, int]:
    """How many visible messages answer each of these; those without an answer are left out."""
    bound = {bind(id_): id_ for id_ in ids}
    marks = ", ".join(["@key(?)"] * len(bound))
    statement = (
        f"SELECT reply_to, count(*) FROM $messages WHERE place = ? AND @key(reply_to) IN ({marks}) AND live = 1"  # noqa: S608 - our own words
        " GROUP BY reply_to"
    )
    found = con.execute(table.tables.sql(statement), (place, *bound))
    return {bound[answered]: count for answered, count in found}


def _condition(con: Connection, table: MessageTable, place: int, query: PageQuery) -> tuple[str, list[Value]]:
    """What a page is narrowed to beside its conversation and where it begins."""
    conditions: list[str] = []
    values: list[Value] = []
    for operator, time in ((">=", query.since), ("<", query.until)):
        if time is not None:
            conditions.append(f"m.moment {operator} ?")
            values.append(to_us(time))
    if query.until is not None:
        # What has no time is in no span of time.
        conditions.append("m.moment > ?")
        values.append(UNKNOWN)
    if query.thread is not None:
        root = bind(query.thread)
        below = con.execute(table.tables.sql(_BELOW), (place, root, place))
        conditions.append("m.number IN (SELECT n.value FROM @numbers)")
        values.append(number_list(number for (number,) in below))
    return "".join(f" AND {condition}" for condition in conditions), values


def _stored(row: tuple[Any, ...], account: str, conversation: str) -> Stored:
    id_, number, *columns = row
    found = Row(*columns)
    message = rows.from_row(found, id=unbind(id_), conversation=conversation, account=account)
    return Stored(number, found, message)
