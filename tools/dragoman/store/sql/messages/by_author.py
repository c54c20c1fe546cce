"""Messages of some authors, in the order of time, without sorting all that they ever wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from dragoman.core.names import author_words
from dragoman.store.sql.connection import Connection, Tables, Value
from dragoman.store.sql.search.expression import Expression

FEW: Final = 20_000
"""Messages that are sooner listed or sorted than each one that is met is looked at."""

_MOST_MERGED: Final = 300
_MOST_LISTED: Final = 3000
_SORTED: Final = 2000
_FIRST: Final = 600

TimeAndNumber = tuple[int, int]


class Authors:
    """The authors whose names, ids or addresses hold some words. Good for one transaction."""

    def __init__(self, con: Connection, tables: Tables, words: tuple[str, ...]) -> None:
        """Look for nobody yet.

        Args:
            con: A connection.
            tables: Where they are.
            words: Folded; all of them have to be there.
        """
        self._con = con
        self._tables = tables
        self._words = words

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The tables' numbers of them, of very many only the first. Goes through all authors."""
        found = self._con.execute(self._tables.sql(f"{self._like} LIMIT {_MOST_LISTED + 1}"), self._words)
        return tuple(number for (number,) in found)

    @cached_property
    def exist(self) -> bool:
        """Whether there is at least one. Reads the authors up to the first one that matches."""
        # There the cached property has put them: then nothing has to be read.
        if "numbers" in self.__dict__:
            return bool(self.numbers)
        return bool(self._con.execute(self._tables.sql(f"SELECT EXISTS({self._like})"), self._words).get)

    @property
    def are_few(self) -> bool:
        """Whether they are so few that the messages of each can be read separately."""
        return len(self.numbers) <= _MOST_MERGED

    @property
    def are_listed(self) -> bool:
        """Whether all of their numbers are known."""
        return len(self.numbers) <= _MOST_LISTED

    @property
    def sql(self) -> str:
        """Selects the numbers of all of them."""
        return _listed(self.numbers) if self.are_listed else self._like

    @property
    def values(self) -> tuple[Value, ...]:
        """For :attr:`sql`."""
        return () if self.are_listed else self._words

    @property
    def condition(self) -> tuple[str, tuple[Value, ...]]:
        """SQL that a message ``m`` is of one of them, with its values; for many messages."""
        return (f"m.author IN ({self.sql})", ()) if self.are_listed else self.condition_of_few

    @property
    def condition_of_few(self) -> tuple[str, tuple[Value, ...]]:
        """The same, for so few messages that the author of each is sooner looked at than all authors are."""
        return f"EXISTS({self._like} AND author = m.author)", self._words

    def and_also(self, others: Authors) -> Authors:
        """Those that are among others as well."""
        return Authors(self._con, self._tables, (*self._words, *others._words))

    @property
    def _like(self) -> str:
        # Without any word nobody is meant, not everybody.
        conditions = " AND ".join("@contains(names, ?) > 0" for _ in self._words) or "1 = 0"
        return f"SELECT author FROM $authors WHERE {conditions}"  # noqa: S608 - values are bound


def authors_like(con: Connection, tables: Tables, part: str) -> Authors:
    """The authors that have all words of ``part`` in their name, id or address."""
    return Authors(con, tables, tuple(author_words(part)))


def numbers_of(
    con: Connection, tables: Tables, authors: Authors, most: int = FEW
) -> tuple[str, tuple[Value, ...]] | None:
    """SQL that selects the numbers of all their messages, and its values; ``None`` when these are many."""
    if not authors.are_listed:
        return None
    chosen = f"SELECT number FROM $messages @by_author WHERE author IN ({authors.sql}) AND live = 1"  # noqa: S608 - values are bound
    # Counted up to the bound only: more would take as long as listing them.
    counted = con.execute(tables.sql(f"SELECT count(*) FROM ({chosen} LIMIT {most}) AS few"), authors.values).get  # noqa: S608 - as above
    return (chosen, authors.values) if counted < most else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A list of messages in the order of time.

    Attributes:
        place: The conversation, if only one.
        after: Where the list goes on.
        newest_first: The direction.
        limit: How many messages are wanted.
    """

    place: int | None
    after: TimeAndNumber | None
    newest_first: bool = True
    limit: int

    @property
    def index(self) -> str:
        """The index of all its messages."""
        return "moment" if self.place is None else "time"

    @property
    def order(self) -> str:
        """As SQL."""
        direction = "DESC" if self.newest_first else "ASC"
        return f"ORDER BY m.moment {direction}, m.number {direction}"

    @property
    def condition(self) -> tuple[str, list[Value]]:
        """SQL about a message ``m``, beginning with AND."""
        place: tuple[Value, ...] = () if self.place is None else (self.place,)
        sql = "" if self.place is None else " AND m.place = ?"
        if self.after is not None:
            sql += f" AND (m.moment, m.number) {'<' if self.newest_first else '>'} (?, ?)"
        return sql, [*place, *(self.after or ())]


def in_order(
    con: Connection, tables: Tables, authors: Authors, span: Span, condition: str, values: Sequence[Value]
) -> Iterator[TimeAndNumber]:
    """Time and number of their messages.

    Args:
        con: A connection.
        tables: Where they are.
        authors: Whose messages.
        span: Which list.
        condition: Further SQL about a message ``m``, beginning with AND.
        values: The values of the condition.
    """
    found = _among_first(con, tables, authors, span, condition, values)
    if len(found) == span.limit:
        return iter(found)
    index = span.index
    if numbers_of(con, tables, authors, _SORTED if authors.are_few else FEW) is not None:
        index = "author"
    elif authors.are_few:
        return _merged(con, tables, authors, span, condition, values)
    condition = f" AND m.author IN ({authors.sql}){condition}"
    return _select(con, tables, index, span, condition, [*authors.values, *values])


def _among_first(
    con: Connection, tables: Tables, authors: Authors, span: Span, condition: str, values: Sequence[Value]
) -> list[TimeAndNumber]:
    """Their messages among the first of all, where those of many people mostly fill a page.

    The author of each is looked at, because a search through the names of all authors takes longer.
    """
    begins, begins_values = span.condition
    first = (
        f"SELECT * FROM $messages m @by_{span.index} WHERE m.live = 1{begins}"  # noqa: S608 - values are bound
        f" {span.order} LIMIT {_FIRST}"
    )
    theirs, theirs_values = authors.condition_of_few
    statement = f"SELECT m.moment, m.number FROM ({first}) m WHERE {theirs}{condition} {span.order} LIMIT ?"  # noqa: S608 - as above
    bound = (*begins_values, *theirs_values, *values, span.limit)
    return list(con.execute(tables.sql(statement), bound))


def _merged(
    con: Connection, tables: Tables, authors: Authors, span: Span, condition: str, values: Sequence[Value]
) -> Iterator[TimeAndNumber]:
    """Each author's messages in the order of the index, put together."""
    each = [
        _select(con, tables, "author", span, f" AND m.author = {one}{condition}", values) for one in authors.numbers
    ]
    import heapq  # noqa: PLC0415  # a short command has no use for it

    return heapq.merge(*each, reverse=span.newest_first)


def all_in_order(
    con: Connection, tables: Tables, span: Span, condition: str, values: Sequence[Value]
) -> Iterator[TimeAndNumber]:
    """Time and number of messages of whomever, as an index has them."""
    return _select(con, tables, span.index, span, condition, values)


def matches_in_order(
    con: Connection, tables: Tables, expression: Expression, span: Span, condition: str, values: Sequence[Value]
) -> Iterator[TimeAndNumber]:
    """Time and number of the messages that an expression for the full-text index matches, sorted."""
    begins, begins_values = span.condition
    matches, matches_values = tables.matching(con, expression)
    statement = (
        "SELECT m.moment, m.number FROM $index i @join $messages m ON m.number = i.rowid"  # noqa: S608 - values are bound
        f" WHERE {matches} AND m.live = 1{begins}{condition} {span.order} LIMIT ?"
    )
    return iter(con.execute(tables.sql(statement), (*matches_values, *begins_values, *values, span.limit)))


def _select(
    con: Connection, tables: Tables, index: str, span: Span, condition: str, values: Sequence[Value]
) -> Iterator[TimeAndNumber]:
    begins, begins_values = span.condition
    statement = (
        f"SELECT m.moment, m.number FROM $messages m @by_{index} WHERE m.live = 1{begins}{condition}"  # noqa: S608 - values are bound
        f" {span.order} LIMIT ?"
    )
    return iter(con.execute(tables.sql(statement), (*begins_values, *values, span.limit)))


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "NULL"
