"""Ranked search in an archive.

Words as they were typed come first, then words that begin so and pieces of identifiers. Ranked by BM25, of equals
the newer first. The candidates are taken in windows of a fixed size and sorted within each, so that paging is the
same however it is cut, and a search that is narrowed to an account or a conversation is so within the index.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Hit, Message
from dragoman.store.excerpt import excerpt
from dragoman.store.query import Query, parse
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.messages import conversations, message_pages
from dragoman.store.sqlite.messages.message_table import MessageTable, scope_of_account, scope_of_place
from dragoman.store.sqlite.values import UNKNOWN, Value, to_moment

WIDTH: Final = 240
"""Characters of a passage."""

_WINDOW: Final = 100
_DEEPEST: Final = 10_000
_CURSOR: Final = re.compile(r"([01])\.(\d{1,5})\.(\d{1,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to look for and where; ``None`` is everywhere."""

    text: str
    account: str | None = None
    conversation: str | None = None
    author: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class _Position:
    """How far a search has come: the step (exact, loose), the hits of it that were given, and the newest number."""

    step: int
    given: int
    newest: int

    def __str__(self) -> str:
        return f"{self.step}.{self.given}.{self.newest}"


def search(con: Connection, archive: MessageTable, wanted: Wanted) -> tuple[list[Hit], str | None]:
    """One page of hits, best first, and the cursor of the next.

    Raises:
        InvalidArgument: The query has nothing to look for, or the cursor is none of ours.
    """
    query = parse(wanted.text)
    position = _position(con, archive, wanted.cursor)
    narrowed = _Narrowed.by(con, archive, wanted)
    if narrowed is None:
        return [], None
    steps = [query.exact] if query.loose is None else [query.exact, query.loose]
    found: list[int] = []
    while position.step < len(steps) and len(found) <= wanted.limit:
        more = narrowed.hits(steps[position.step], position, wanted.limit + 1 - len(found))
        found += more
        if len(found) <= wanted.limit:
            position = _Position(position.step + 1, 0, position.newest)
        else:
            position = _Position(position.step, position.given + len(more) - 1, position.newest)
    cursor = str(position) if len(found) > wanted.limit else None
    messages = message_pages.by_numbers(con, archive, found[: wanted.limit])
    return [_hit(message, query) for message in messages.values()], cursor


def _hit(message: Message, query: Query) -> Hit:
    passage, highlights = excerpt(message.text, query.words, WIDTH)
    return Hit(message=message, excerpt=passage, highlights=highlights)


def _position(con: Connection, archive: MessageTable, cursor: str | None) -> _Position:
    if cursor is None:
        newest = con.execute(archive.tables.sql("SELECT max(number) FROM $messages")).get
        return _Position(0, 0, newest or 0)
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidArgument("The cursor is not one of this search.", hint="Search again without a cursor.")
    position = _Position(*map(int, found.groups()))
    if position.given > _DEEPEST:
        raise InvalidArgument(
            f"A search shows at most {_DEEPEST:,} messages.", hint="Narrow it by time, author or conversation."
        )
    return position


class _Narrowed:
    """An archive narrowed to what a search is about."""

    def __init__(self, con: Connection, archive: MessageTable) -> None:
        self._con = con
        self._archive = archive
        self._scope = ""
        self._conditions = ""
        self._values: list[Value] = []

    @classmethod
    def by(cls, con: Connection, archive: MessageTable, wanted: Wanted) -> _Narrowed | None:
        """``None`` when nothing can be found there."""
        narrowed = cls(con, archive)
        if not narrowed._to_scope(wanted):
            return None
        narrowed._to_filters(wanted)
        return narrowed

    def hits(self, expression: str, position: _Position, limit: int) -> list[int]:
        """The numbers of up to ``limit`` messages from ``position`` on."""
        window, skipped = divmod(position.given, _WINDOW)
        found: list[int] = []
        while len(found) < skipped + limit:
            ranked = self._window(expression, window, position.newest)
            found += self._newer_first(ranked)
            window += 1
            if len(ranked) < _WINDOW:
                break
        return found[skipped : skipped + limit]

    def _newer_first(self, ranked: list[tuple[float, int]]) -> list[int]:
        statement = self._archive.tables.sql("SELECT number, moment FROM $messages WHERE number = ?")
        moments: dict[int, int] = dict(self._con.executemany(statement, ((number,) for _, number in ranked)))
        return [number for _, number in sorted(ranked, key=lambda hit: (hit[0], -moments[hit[1]], -hit[1]))]

    def _window(self, expression: str, window: int, newest: int) -> list[tuple[float, int]]:
        join = " CROSS JOIN $messages m ON m.number = i.rowid" if self._conditions else ""
        statement = (
            f"SELECT i.rank, i.rowid FROM $index i{join} WHERE i.$index MATCH ? AND i.rowid <= ?{self._conditions}"  # noqa: S608 - values are bound
            " ORDER BY i.rank, i.rowid DESC LIMIT ? OFFSET ?"
        )
        values = (f"({expression}){self._scope}", newest, *self._values, _WINDOW, window * _WINDOW)
        return list(self._con.execute(self._archive.tables.sql(statement), values))

    def _to_scope(self, wanted: Wanted) -> bool:
        if wanted.conversation is not None:
            place = conversations.key(self._con, self._archive.tables, wanted.account or "", wanted.conversation)
            self._scope = "" if place is None else f" AND scope : {scope_of_place(place)}"
            return place is not None
        if wanted.account is not None and self._has_others(wanted.account):
            self._scope = f" AND scope : {scope_of_account(wanted.account)}"
        return True

    def _has_others(self, account: str) -> bool:
        statement = "SELECT EXISTS(SELECT 1 FROM $places WHERE account <> ? AND held > 0)"
        return bool(self._con.execute(self._archive.tables.sql(statement), (account,)).get)

    def _to_filters(self, wanted: Wanted) -> None:
        if wanted.author:
            self._conditions += " AND m.author IN (SELECT value FROM json_each(?))"
            self._values.append(str(message_pages.authors_like(self._con, self._archive, wanted.author)))
        if wanted.since is not None:
            self._conditions += " AND m.moment >= ?"
            self._values.append(to_moment(wanted.since))
        if wanted.until is not None:
            self._conditions += " AND m.moment < ? AND m.moment > ?"
            self._values += [to_moment(wanted.until), UNKNOWN]
