"""Messages of some authors, in the order of time, without sorting all that they ever wrote."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dragoman.core.names import author_words
from dragoman.store.sqlite.connection import Connection, Tables
from dragoman.store.sqlite.values import Value

FEW: Final = 20_000
"""Messages that are sooner listed or sorted than each one that is met is looked at."""

_MOST_MERGED: Final = 300
_MOST_LISTED: Final = 3000
_SORTED: Final = 2000

TimeAndNumber = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Authors:
    """Some authors.

    Attributes:
        numbers: The tables' numbers of them.
        sql: Selects the same numbers.
        values: For the SQL.
    """

    numbers: tuple[int, ...]
    sql: str
    values: tuple[Value, ...] = ()

    @property
    def are_few(self) -> bool:
        """Can the messages of each be read for themselves."""
        return len(self.numbers) <= _MOST_MERGED

    def and_also(self, others: Authors) -> Authors:
        """Those that are among others as well."""
        both = tuple(sorted({*self.numbers} & {*others.numbers}))
        return Authors(both, _listed(both))


def authors_like(con: Connection, tables: Tables, part: str) -> Authors:
    """The authors that have all words of ``part`` in their name, id or address."""
    words = tuple(author_words(part))
    conditions = " AND ".join("instr(names, ?)" for _ in words) or "0"
    statement = f"SELECT author FROM $authors WHERE {conditions}"  # noqa: S608 - values are bound
    numbers = tuple(number for (number,) in con.execute(tables.sql(statement), words))
    if len(numbers) <= _MOST_LISTED:
        return Authors(numbers, _listed(numbers))
    return Authors(numbers, statement, words)


def numbers_of(
    con: Connection, tables: Tables, authors: Authors, most: int = FEW
) -> tuple[str, tuple[Value, ...]] | None:
    """SQL that selects the numbers of all their messages, and its values; ``None`` when these are many."""
    if len(authors.numbers) > _MOST_LISTED:
        return None
    chosen = f"SELECT number FROM $messages INDEXED BY $messages_author WHERE author IN ({authors.sql}) AND live = 1"  # noqa: S608 - values are bound
    counted = con.execute(tables.sql(f"SELECT count(*) FROM ({chosen} LIMIT {most})"), authors.values).get  # noqa: S608 - as above
    return (chosen, authors.values) if counted < most else None


def in_order(
    con: Connection, tables: Tables, authors: Authors, condition: str, values: Sequence[Value], *,
    newest_first: bool = True, otherwise: str = "moment", limit: int = -1,
) -> Iterator[TimeAndNumber]:  # fmt: skip
    """Time and number of their messages.

    Args:
        con: A connection.
        tables: Where they are.
        authors: Whose messages.
        condition: Further SQL about a message ``m``, beginning with AND.
        values: The values of the condition.
        newest_first: The direction.
        otherwise: The index to go through when they are so many that most messages are theirs.
        limit: How many are wanted at most; negative is all.
    """
    index = "author"
    if numbers_of(con, tables, authors, _SORTED if authors.are_few else FEW) is None:
        if authors.are_few:
            return _merged(con, tables, authors, condition, values, newest_first=newest_first, limit=limit)
        index = otherwise
    condition = f" AND m.author IN ({authors.sql}){condition}"
    values = [*authors.values, *values]
    return _select(con, tables, index, condition, values, newest_first=newest_first, limit=limit)


def _merged(
    con: Connection, tables: Tables, authors: Authors, condition: str, values: Sequence[Value], *,
    newest_first: bool, limit: int,
) -> Iterator[TimeAndNumber]:  # fmt: skip
    """Each author's messages in the order of the index, put together."""
    each = [
        _select(
            con, tables, "author", f" AND m.author = {one}{condition}", values, newest_first=newest_first, limit=limit
        )
        for one in authors.numbers
    ]
    return heapq.merge(*each, reverse=newest_first)


def all_in_order(
    con: Connection, tables: Tables, index: str, condition: str, values: Sequence[Value], *, limit: int = -1
) -> Iterator[TimeAndNumber]:
    """Time and number of messages of whomever, newest first, as an index has them."""
    return _select(con, tables, index, condition, values, newest_first=True, limit=limit)


def _select(
    con: Connection, tables: Tables, index: str, condition: str, values: Sequence[Value], *,
    newest_first: bool, limit: int,
) -> Iterator[TimeAndNumber]:  # fmt: skip
    direction = "DESC" if newest_first else "ASC"
    statement = (
        f"SELECT m.moment, m.number FROM $messages m INDEXED BY $messages_{index} WHERE m.live = 1{condition}"  # noqa: S608 - values are bound
        f" ORDER BY m.moment {direction}, m.number {direction} LIMIT ?"
    )
    return iter(con.execute(tables.sql(statement), (*values, limit)))


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "NULL"
