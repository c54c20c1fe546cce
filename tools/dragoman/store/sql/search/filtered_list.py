"""Messages that pass filters, newest first: a search without words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from dragoman.core.errors import InvalidArgument
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Hit, SearchPage
from dragoman.core.queries import SearchQuery
from dragoman.store.sql.connection import Connection, Tables, Value
from dragoman.store.sql.messages import by_author, message_pages
from dragoman.store.sql.messages.by_author import Span, TimeAndNumber
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.search.expression import Expression, all_of, any_of
from dragoman.store.sql.search.scope import Scope, sql_of

_CURSOR: Final = lazy_pattern(r"n\.(-?\d{1,19})\.(\d{1,18})")
_EXAMINED: Final = 2000
_SORTED: Final = 5000


def page(con: Connection, table: MessageTable, scope: Scope, query: SearchQuery) -> SearchPage:
    """A page of the messages, and the cursor of the next.

    Raises:
        InvalidArgument: The cursor is none of ours.
    """
    # One more than is shown tells whether there is another page.
    found = list(_passing(con, table, scope, _after(query.cursor), query.limit + 1))
    messages = message_pages.by_numbers(con, table, [number for _, number in found[: query.limit]])
    cursor = "n.{}.{}".format(*found[query.limit - 1]) if len(found) > query.limit else None
    return SearchPage(items=[Hit(message=message) for message in messages.values()], cursor=cursor)


def _after(cursor: str | None) -> TimeAndNumber | None:
    if cursor is None:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidArgument("The cursor is not one of this search.", hint="Search again without a cursor.")
    return int(found[1]), int(found[2])


def _passing(
    con: Connection, table: MessageTable, scope: Scope, after: TimeAndNumber | None, most: int
) -> Iterator[TimeAndNumber]:
    """Time and number of up to so many messages, newest first."""
    condition, values = _condition(con, table.tables, scope)
    # Checks may drop any number of messages, so more are read than shown, within a bound.
    span = Span(place=scope.place, after=after, limit=_EXAMINED if scope.checks else most)
    required = all_of(scope.required) if scope.required else None
    # Where words are rare the index leads, and where they are common the order of time does.
    if required is not None and _are_few(con, table, required):
        if scope.authors is not None:
            theirs, theirs_values = scope.authors.condition
            condition, values = f" AND {theirs}{condition}", [*theirs_values, *values]
        found = by_author.matches_in_order(con, table.tables, required, span, condition, values)
    elif scope.authors is None:
        found = by_author.all_in_order(con, table.tables, span, condition, values)
    else:
        found = by_author.in_order(con, table.tables, scope.authors, span, condition, values)
    return islice(_checked(con, table, scope, found) if scope.checks else found, most)


def _are_few(con: Connection, table: MessageTable, expression: Expression) -> bool:
    """Whether the index has so few matches that sorting them is faster than a walk through all messages."""
    matching, values = table.tables.matching(con, expression)
    statement = f"SELECT count(*) FROM (SELECT i.rowid FROM $index i WHERE {matching} LIMIT ?) AS few"  # noqa: S608 - values are bound
    matches: int = con.execute(table.tables.sql(statement), (*values, _SORTED)).get
    return matches < _SORTED


def _checked(
    con: Connection, table: MessageTable, scope: Scope, found: Iterator[TimeAndNumber]
) -> Iterator[TimeAndNumber]:
    for one in found:
        # Read one by one: mostly the first few pass, and the rest is never read.
        messages = message_pages.by_numbers(con, table, [one[1]])
        if all(check(message) for message in messages.values() for check in scope.checks):
            yield one


def _condition(con: Connection, tables: Tables, scope: Scope) -> tuple[str, list[Value]]:
    condition, values = sql_of(
        [*scope.conditions, *((f"m.author NOT IN ({one.sql})", one.values) for one in scope.not_by if one.numbers)]
    )
    for operator, expressions, joined in (("IN", scope.required, all_of), ("NOT IN", scope.excluded, any_of)):
        if expressions:
            matching, bound = tables.matching(con, joined(expressions))
            condition += f" AND m.number {operator} (SELECT i.rowid FROM $index i WHERE {matching})"  # noqa: S608 - values are bound
            values.extend(bound)
    return condition, values
