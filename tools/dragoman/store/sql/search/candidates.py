"""The candidates of a ranked search in their order, a window of them at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Final

from dragoman.store.sql.connection import Connection, Value, unbind
from dragoman.store.sql.messages import message_pages
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.search.words import SearchWords

WINDOW: Final = 1000
"""Candidates among which those that hold the letters as they were typed come first."""

_LEADERS: Final = 500
"""Candidates of which a database far away tells the best with their details at once."""

_AT_ONCE: Final = 32
_COMPARED: Final = 20_000
"""Characters of a text in which is looked for the letters as they were typed."""

_DETAILS: Final = (
    "m.moment, CASE WHEN ? = 1 AND length(m.text) = octet_length(m.text) THEN '' ELSE substr(m.text, 1, ?) END"
)
_LEADING: Final = (
    "WITH ranked AS MATERIALIZED ({} ORDER BY 1, 2 DESC LIMIT ?)"  # noqa: S608 - our own words
    f" SELECT r.rank, r.rowid, {_DETAILS}, (SELECT count(*) FROM ranked) FROM ranked r"
    " JOIN $messages m ON m.number = r.rowid"
    " WHERE r.rank <= coalesce((SELECT rank FROM ranked ORDER BY 1 LIMIT 1 OFFSET ?), 0) ORDER BY 1, 2 DESC"
)
"""The first candidates, and all that are as good as the last of them."""

_BY_TIME: Final = (
    "SELECT r.rank, r.rowid FROM ({}) AS r ORDER BY 1, CASE WHEN r.rank IN (?, ?)"
    " THEN (SELECT m.moment FROM $messages m WHERE m.number = r.rowid) END DESC, 2 DESC LIMIT ? OFFSET ?"
)
"""A window of which the equals of two ranks are in the order of time."""

_RankAndNumber = tuple[float, int]
_Details = dict[int, tuple[int, str | bytes | None]]


class Candidates:
    """What a statement finds."""

    def __init__(
        self, con: Connection, table: MessageTable, words: SearchWords, select: str, values: Sequence[Value]
    ) -> None:
        """Read nothing yet.

        Args:
            con: A connection.
            table: Where the messages are.
            words: What was typed.
            select: SQL for rank and number of all candidates.
            values: Those of its marks.
        """
        self._con = con
        self._table = table
        self._words = words
        self._select = select
        self._values = values

    def window(self, window: int, most: int) -> Iterator[int]:
        """The numbers of a window of candidates, best first; mostly only so many of them are asked for."""
        given, tables = 0, self._table.tables
        most += _AT_ONCE
        if tables.is_remote and window == 0 and most < _LEADERS:
            ranked, details, is_all = self._leading(most)
            for number in self._sorted(_equals(ranked), details, is_all=is_all):
                given += 1
                yield number
            if is_all:
                return
        yield from islice(self._sorted(self._window(window), {}), given, None)

    def _window(self, window: int) -> Iterator[list[int]]:
        """The numbers of a window, those of one rank together."""
        statement = self._table.tables.sql(f"{self._select} ORDER BY 1, 2 DESC LIMIT ? OFFSET ?")
        ranked = list(self._con.execute(statement, (*self._values, WINDOW, window * WINDOW)))
        if not ranked:
            return
        # Equals that reach over an edge of the window: which of them are the newest takes looking at all of them.
        cut = {ranked[0][0]} if window else set[float]()
        if len(ranked) == WINDOW:
            cut.add(ranked[-1][0])
        by_time: list[_RankAndNumber] = []
        for rank, equals in groupby(ranked, _rank_of):
            if rank in cut and not by_time:
                statement = self._table.tables.sql(_BY_TIME.format(self._select))
                bound = (*self._values, min(cut), max(cut), WINDOW, window * WINDOW)
                by_time = list(self._con.execute(statement, bound))
            yield [number for at, number in (by_time if rank in cut else equals) if at == rank]

    def _leading(self, most: int) -> tuple[list[_RankAndNumber], _Details, bool]:
        """At least so many of the best with their details, and whether there are no others.

        Of more equals than were looked at none is told, for others of them may be newer.
        """
        statement = _LEADING.format(self._select)
        bound = (*self._values, _LEADERS, int(self._words.are_ascii), _COMPARED, most - 1)
        found = list(self._con.execute(self._table.tables.sql(statement), bound))
        details: _Details = {number: (time, text) for _, number, time, text, _ in found}
        ranked = [(rank, number) for rank, number, *_ in found]
        is_all = not found or len(found) == found[0][-1] < _LEADERS
        if len(found) == _LEADERS:
            ranked = [one for one in ranked if one[0] != ranked[-1][0]]
        return ranked, details, is_all

    def _sorted(self, groups: Iterable[Sequence[int]], known: _Details, *, is_all: bool = True) -> Iterator[int]:
        """Best first; the letters as they were typed before others that fold to them, the newer of equals first.

        Args:
            groups: Numbers of candidates, those of one rank together.
            known: Details of some of them.
            is_all: No others follow, before which those that only fold to the letters would stand.
        """
        folded: list[int] = []
        # No more is read than a page takes: what stands as it was typed can be told at once.
        for some in _batches(groups):
            missing = [number for equals in some for number in equals if number not in known]
            details = known | (self._details(missing) if missing else {})
            for equals in some:
                for number in sorted(equals, key=lambda number: (-details[number][0], -number)):
                    if self._is_folded(details[number][1]):
                        folded.append(number)
                    else:
                        yield number
        if is_all:
            yield from folded

    def _details(self, numbers: Sequence[int]) -> _Details:
        """Time and text of messages; of a text that can only be as it was typed, nothing."""
        statement = f"SELECT number, {_DETAILS} FROM @numbers @join $messages m ON m.number = n.value"  # noqa: S608 - our own words
        bound = (int(self._words.are_ascii), _COMPARED, message_pages.number_list(numbers))
        found = {
            number: (time, text) for number, time, text in self._con.execute(self._table.tables.sql(statement), bound)
        }
        return {number: found.get(number, (0, None)) for number in numbers}

    def _is_folded(self, stored: str | bytes | None) -> bool:
        return bool(stored) and not self._words.are_literal_in(unbind(stored or ""))


def _rank_of(one: _RankAndNumber) -> float:
    return one[0]


def _equals(ranked: Sequence[_RankAndNumber]) -> Iterator[list[int]]:
    """The numbers of each rank."""
    return ([number for _, number in equals] for _, equals in groupby(ranked, _rank_of))


def _batches(groups: Iterable[Sequence[int]]) -> Iterator[list[Sequence[int]]]:
    """Whole groups, at least so many numbers at a time as are worth a statement."""
    batch: list[Sequence[int]] = []
    for group in groups:
        batch.append(group)
        if sum(map(len, batch)) >= _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
