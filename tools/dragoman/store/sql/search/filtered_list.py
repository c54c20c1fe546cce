"""Messages that pass filters, newest first: a search without words."""

from __future__ import annotations

from collections.abc import Iterator
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
    """A page of the messages, and the cursor of the next; it may be empty where that one is not.

    Raises:
        InvalidArgument: The cursor is none of ours.
    """
    # One more than is shown tells whether there is another page.
    most = query.limit + 1
    # Checks may drop any number of messages, so more are read than shown, within a bound.
    bound = _EXAMINED if scope.checks else most
    found = list[TimeAndNumber]()
    last: TimeAndNumber | None
    for examined, last in enumerate(_in_order(con, table, scope, _after(query.cursor), bound), 1):
        if _passes(con, table, scope, last):
            found.append(last)
        if len(found) == most or examined == bound:
            break
    else:
        last = None
    if len(found) == most:
        found, last = found[:-1], found[-2]
    messages = message_pages.by_numbers(con, table, [number for _, number in found])
    cursor = None if last is None else "n.{}.{}".format(*last)
    return SearchPage(items=[Hit(message=message) for message in messages.values()], cursor=cursor)


def _after(cursor: str | None) -> TimeAndNumber | None:
    if cursor is None:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidArgument("The cursor is not one of this search.", hint="Search again without a cursor.")
    return int(found[1]), int(found[2])


def _in_order(
    con: Connection, table: MessageTable, scope: Scope, after: TimeAndNumber | None, most: int
) -> Iterator[TimeAndNumber]:
    """Time and number of at least so many messages where there are, newest first, before the checks."""
    condition, values = _condition(con, table.tables, scope)
    span = Span(place=scope.place, after=after, limit=most)
    required = all_of(scope.required) if scope.required else None
    # Where words are rare the index leads, and where they are common the order of time does.
    if required is not None and _are_few(con, table, required):
        if scope.authors is not None:
            theirs, theirs_values = scope.authors.condition
            condition, values = f" AND {theirs}{condition}", [*theirs_values, *values]
        return by_author.matches_in_order(con, table.tables, required, span, condition, values)
    if scope.authors is None:
        return by_author.all_in_order(con, table.tables, span, condition, values)
    return by_author.in_order(con, table.tables, scope.authors, span, condition, values)


def _are_few(con: Connection, table: MessageTable, expression: Expression) -> bool:
    """Whether the index has so few matches that sorting them is faster than a walk through all messages."""
    matching, values = table.tables.matching(con, expression)
    statement = f"SELECT count(*) FROM (SELECT i.rowid FROM $index i WHERE {matching} LIMIT ?) AS few"  # noqa: S608 - values are bound
    matches: int = con.execute(table.tables.sql(statement), (*values, _SORTED)).get
    return matches < _SORTED


def _passes(con: Connection, table: MessageTable, scope: Scope, one: TimeAndNumber) -> bool:
    if not scope.checks:
        return True
    # Read one by one: mostly the first few pass, and the rest is never read.
    messages = message_pages.by_numbers(con, table, [one[1]])
    return all(check(message) for message in messages.values() for check in scope.checks)


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
