"""Messages that pass filters, newest first: a search without words."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Hit, SearchPage
from dragoman.core.queries import SearchQuery
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.messages import message_pages
from dragoman.store.sqlite.messages.message_table import MessageTable
from dragoman.store.sqlite.search_scope import Scope, sql_of

_CURSOR: Final = re.compile(r"n\.(-?\d{1,19})\.(\d{1,18})")
_MOST_MERGED: Final = 100
"""Authors whose messages are read one author at a time."""

_EXAMINED: Final = 2000
_Found = tuple[int, int]


def page(con: Connection, table: MessageTable, scope: Scope, query: SearchQuery) -> SearchPage:
    """A page of the messages, and the cursor of the next.

    Raises:
        InvalidArgument: The cursor is none of ours.
    """
    passing = _passing(con, table, scope, _after(query.cursor))
    found = list(islice(passing, query.limit + 1))
    messages = message_pages.by_numbers(con, table, [number for _, number in found[: query.limit]])
    cursor = "n.{}.{}".format(*found[query.limit - 1]) if len(found) > query.limit else None
    return SearchPage(items=[Hit(message=message) for message in messages.values()], cursor=cursor)


def _after(cursor: str | None) -> _Found | None:
    if cursor is None:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidArgument("The cursor is not one of this search.", hint="Search again without a cursor.")
    return int(found[1]), int(found[2])


def _passing(con: Connection, table: MessageTable, scope: Scope, after: _Found | None) -> Iterator[_Found]:
    """Time and number of each message, newest first."""
    if scope.authors is not None and len(scope.authors) <= _MOST_MERGED:
        # Each from an index that has them in order: sorting all that somebody ever wrote would take long.
        each = [_select(con, table, scope, after, author) for author in scope.authors]
        found: Iterator[_Found] = heapq.merge(*each, reverse=True)
    else:
        found = _select(con, table, scope, after, None)
    if not scope.checks:
        return found
    return _checked(con, table, scope, found)


def _checked(con: Connection, table: MessageTable, scope: Scope, found: Iterator[_Found]) -> Iterator[_Found]:
    for one in islice(found, _EXAMINED):
        messages = message_pages.by_numbers(con, table, [one[1]])
        if all(check(message) for message in messages.values() for check in scope.checks):
            yield one


def _select(
    con: Connection, table: MessageTable, scope: Scope, after: _Found | None, author: int | None
) -> Iterator[_Found]:
    conditions, values = sql_of([*scope.owner_columns, *scope.conditions])
    index = "time" if scope.place is not None else "moment"
    if author is not None:
        index = "author"
        conditions += f" AND m.author = {author}"
    if after is not None:
        conditions += " AND (m.moment, m.number) < (?, ?)"
        values += after
    for operator, expressions, joint in (("IN", scope.required, " AND "), ("NOT IN", scope.excluded, " OR ")):
        if expressions:
            conditions += f" AND m.number {operator} (SELECT rowid FROM $index WHERE $index MATCH ?)"  # noqa: S608 - values are bound
            values.append(joint.join(expressions))
    statement = (
        f"SELECT m.moment, m.number FROM $messages m INDEXED BY $messages_{index}"  # noqa: S608 - values are bound
        f" WHERE m.live = 1{conditions} ORDER BY m.moment DESC, m.number DESC"
    )
    return iter(con.execute(table.tables.sql(statement), values))
