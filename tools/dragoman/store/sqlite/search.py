"""Ranked search in a message table.

Words as they were typed come first, then words that begin so and pieces of identifiers (of frequent words only when
nothing else was found), then, when there is still nothing, words that differ by one letter. Ranked by BM25; texts that
hold the letters as they were typed before texts that only fold to them, and of equals the newer first. The candidates
are taken in windows of a fixed size and sorted within each, so that paging is the same however it is cut. A query
without words lists what the filters leave, newest first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import Final

from dragoman.core.errors import InvalidArgument
from dragoman.core.folding import fold
from dragoman.core.model import Hit, Message, SearchPage
from dragoman.core.queries import Expression, SearchQuery, Term
from dragoman.core.query_parser import parse_query
from dragoman.core.safe_text import Sentence, safe, sentence
from dragoman.store import index_terms
from dragoman.store.excerpt import excerpt
from dragoman.store.search_terms import Pattern, follows, is_literal, pattern_of, unsearched
from dragoman.store.sqlite import filtered_list, match_expression, spelling
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.messages import index_rebuild, message_pages
from dragoman.store.sqlite.messages.index_row import searched_text
from dragoman.store.sqlite.messages.message_table import MessageTable
from dragoman.store.sqlite.search_scope import NothingThereError, Scope, few_of, scope_of, sql_of
from dragoman.store.sqlite.values import unbind

WIDTH: Final = 240
"""Characters of a passage."""

_WINDOW: Final = 100
_DEEPEST: Final = 10_000
_COMPARED: Final = 20_000
"""Characters of a text in which is looked for the letters as they were typed."""

_CURSOR: Final = re.compile(r"([01])\.(\d{1,5})\.(\d{1,18})((?:\|[^|=]+=[^|=]+)*)")


@dataclass(frozen=True, slots=True)
class _Position:
    """How far a search has come.

    Attributes:
        step: 0 exactly, 1 loosely.
        given: Candidates of the step that were gone through.
        newest: The newest number when the search began: later messages would shift the pages.
    """

    step: int
    given: int
    newest: int

    def __str__(self) -> str:
        return f"{self.step}.{self.given}.{self.newest}"


def search(con: Connection, table: MessageTable, query: SearchQuery, account: str) -> SearchPage:
    """One page of hits, best first, and the cursor of the next.

    Raises:
        InvalidArgument: The query has nothing to look for, or the cursor is none of ours.
    """
    expression = query.expression
    if expression is None:
        expression = parse_query(query.text, lambda _: False).expression
    words = _Words.of(expression)
    if not words.groups and (expression.wanted or not _is_narrowed(query)):
        raise InvalidArgument(
            "The query has no word to look for.",
            hint="Use at least one word, number, sign or emoji that is not excluded; or author, since or until alone.",
        )
    try:
        scope = scope_of(con, table, query, account)
    except NothingThereError as nothing:
        return SearchPage(advice=nothing.reason)
    scope.excluded += map(match_expression.exact, words.excluded)
    if not words.groups:
        return filtered_list.page(con, table, scope, query)
    page = _ranked_page(con, table, scope, query, expression)
    return replace(page, missed=_missed(con, table), notes=(*page.notes, *words.notes))


def _is_narrowed(query: SearchQuery) -> bool:
    return bool(query.conversation or query.author or query.since or query.until or query.filters)


def _missed(con: Connection, table: MessageTable) -> Sentence:
    done = index_rebuild.share_done(con, table.tables)
    if done == 1.0:
        return ""
    return sentence("the index is being rebuilt, and {:.0%} of the messages can be found so far", done)


def _ranked_page(
    con: Connection, table: MessageTable, scope: Scope, query: SearchQuery, expression: Expression
) -> SearchPage:
    position, replaced = _start(con, table, query.cursor)
    if replaced:
        expression = spelling.replace_words(expression, replaced)
    page = _Ranked(con, table, scope, _Words.of(expression)).page(position, query.limit)
    if page.items or query.cursor is not None:
        return replace(page, cursor=page.cursor and page.cursor + _written(replaced))
    for replaced in spelling.corrections(con, table, expression):
        meant = spelling.replace_words(expression, replaced)
        page = _Ranked(con, table, scope, _Words.of(meant)).page(position, query.limit)
        if page.items:
            told = tuple(
                sentence("Nothing has {}, so {} was searched instead.", typed, word) for typed, word in replaced.items()
            )
            return replace(page, cursor=page.cursor and page.cursor + _written(replaced), notes=told)
    return SearchPage(advice=_advice(expression))


def _written(replaced: dict[str, str]) -> str:
    return "".join(f"|{typed}={meant}" for typed, meant in replaced.items())


def _start(con: Connection, table: MessageTable, cursor: str | None) -> tuple[_Position, dict[str, str]]:
    if cursor is None:
        newest = con.execute(table.tables.sql("SELECT max(number) FROM $messages")).get
        return _Position(0, 0, newest or 0), {}
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidArgument("The cursor is not one of this search.", hint="Search again without a cursor.")
    position = _Position(int(found[1]), int(found[2]), int(found[3]))
    if position.given > _DEEPEST:
        raise InvalidArgument(
            sentence("A search shows at most {:,} messages.", _DEEPEST),
            hint="Narrow it by time, author or conversation.",
        )
    return position, dict(pair.split("=") for pair in found[4].split("|")[1:])


def _advice(expression: Expression) -> Sentence:
    """What would find more, as a sentence; empty when nothing can be said."""
    for group in expression.wanted:
        for term in group:
            pattern = pattern_of(term)
            if pattern is not None and _is_single(term, pattern):
                word = sentence("{:60}", term.text)
                return sentence("{} alone finds only that word, {}* finds all that begin so", word, word)
    return ""


def _is_single(term: Term, pattern: Pattern) -> bool:
    return not (term.phrase or term.beginning or pattern.open_ended) and len(fold(term.text).strip()) == 1


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a query as patterns; terms without anything to look for are left out."""

    terms: tuple[tuple[Term, ...], ...]
    groups: tuple[tuple[Pattern, ...], ...]
    excluded: tuple[Pattern, ...]
    notes: tuple[Sentence, ...]

    @classmethod
    def of(cls, expression: Expression) -> _Words:
        found = [[(term, pattern) for term in group if (pattern := pattern_of(term))] for group in expression.wanted]
        excluded = [pattern for term in expression.excluded if (pattern := pattern_of(term))]
        told: Iterator[Sentence] = (unsearched(term) for group in found for term, _ in group)
        return cls(
            terms=tuple(tuple(term for term, _ in group) for group in found if group),
            groups=tuple(tuple(pattern for _, pattern in group) for group in found if group),
            excluded=tuple(excluded),
            notes=tuple(safe(note) for note in told if note),
        )

    def steps(self) -> list[str]:
        """What to look for in the index, one after the other."""
        exact = match_expression.all_groups(self.groups, match_expression.exact)
        loose = match_expression.all_groups(self.groups, match_expression.loose)
        return [exact] if loose == exact else [exact, f"({loose} NOT {exact})"]

    def are_literal_in(self, text: str) -> bool:
        """Does a text hold a term of each group letter for letter."""
        return all(any(is_literal(term, text) for term in group) for group in self.terms)

    def are_joined_in(self, message: Message) -> bool:
        """Do the parts of joined terms follow each other in a message."""
        folded = fold(searched_text(message)[: index_terms.INDEXED])
        return all(any(follows(pattern, folded) for pattern in group) for group in self.groups)

    @property
    def are_joined(self) -> bool:
        """Is there a joined term that the loose step could take apart."""
        return any(pattern.joined and pattern.pieces for group in self.groups for pattern in group)

    @property
    def are_ascii(self) -> bool:
        return all(term.text.isascii() for group in self.terms for term in group)


class _Ranked:
    """A search for words."""

    def __init__(self, con: Connection, table: MessageTable, scope: Scope, words: _Words) -> None:
        self._con = con
        self._table = table
        self._scope = scope
        self._few, self._conditions = few_of(con, table, scope)
        self._words = words
        self._steps = self._words.steps()

    def page(self, position: _Position, limit: int) -> SearchPage:
        """Hits from a position on."""
        found = list(islice(self._hits(position), limit + 1))
        messages = message_pages.by_numbers(self._con, self._table, [number for number, _ in found[:limit]])
        terms = [term for group in self._words.terms for term in group]
        hits = [_hit(message, terms) for message in messages.values()]
        return SearchPage(items=hits, cursor=str(found[limit - 1][1]) if len(found) > limit else None)

    def _hits(self, position: _Position) -> Iterator[tuple[int, _Position]]:
        """The number of each hit, and the position after it."""
        found = position.step > 0 or position.given > 0
        for step in range(position.step, len(self._steps)):
            given = position.given if step == position.step else 0
            if step > position.step and found and self._takes_long():
                return
            for number in self._candidates(step, position, given):
                given += 1
                if number is not None:
                    found = True
                    yield number, _Position(step, given, position.newest)

    def _takes_long(self) -> bool:
        """Would looking for words that begin so take much longer than looking for the words has taken."""
        words = (pattern.words[-1] for group in self._words.groups for pattern in group if pattern.loosely_open)
        return any(spelling.is_frequent(self._con, self._table, word) for word in words)

    def _candidates(self, step: int, position: _Position, given: int) -> Iterator[int | None]:
        """The number of each candidate in order; ``None`` for one that does not pass the checks."""
        window, skipped = divmod(given, _WINDOW)
        while window * _WINDOW <= _DEEPEST:
            ranked = self._window(self._steps[step], window, position.newest)
            yield from self._passing(step, islice(self._sorted(ranked), skipped, None))
            if len(ranked) < _WINDOW:
                return
            window, skipped = window + 1, 0

    def _window(self, expression: str, window: int, newest: int) -> list[tuple[float, int]]:
        expression = " AND ".join([expression, *self._scope.required])
        if self._scope.excluded:
            expression = f"({expression}) NOT ({' OR '.join(self._scope.excluded)})"
        conditions, values = sql_of(self._conditions)
        join = " CROSS JOIN $messages m ON m.number = i.rowid" if conditions else ""
        if self._few is not None:
            # The sign keeps SQLite from searching the index once for each of them.
            chosen, chosen_values = self._few
            values = [*chosen_values, *values]
            conditions = f" AND +i.rowid IN ({chosen}){conditions}"
        statement = (
            f"SELECT i.rank, i.rowid FROM $index i{join} WHERE i.$index MATCH ? AND i.rowid <= ?{conditions}"  # noqa: S608 - values are bound
            " ORDER BY i.rank, i.rowid DESC LIMIT ? OFFSET ?"
        )
        bound = (expression, newest, *values, _WINDOW, window * _WINDOW)
        return list(self._con.execute(self._table.tables.sql(statement), bound))

    def _sorted(self, ranked: Sequence[tuple[float, int]]) -> Iterator[int]:
        """Best first; the letters as they were typed before others that fold to them, the newer of equals first."""
        statement = self._table.tables.sql(
            "SELECT number, moment, iif(?1 AND length(text) = octet_length(text), '', substr(text, 1, ?2))"
            " FROM $messages WHERE number = ?3"
        )
        ascii_ = self._words.are_ascii
        folded: list[int] = []
        # No more is read than a page takes: what stands as it was typed can be told at once.
        for _, equals in groupby(ranked, lambda hit: hit[0]):
            found = self._con.executemany(statement, [(ascii_, _COMPARED, number) for _, number in equals])
            for number, _, text in sorted(found, key=lambda row: (-row[1], -row[0])):
                if self._is_folded(text):
                    folded.append(number)
                else:
                    yield number
        yield from folded

    def _is_folded(self, stored: str | bytes | None) -> bool:
        return bool(stored) and not self._words.are_literal_in(unbind(stored or ""))

    def _passing(self, step: int, numbers: Iterator[int]) -> Iterator[int | None]:
        """The numbers, and ``None`` for those whose messages do not pass the checks."""
        checks = [*self._scope.checks, *([self._words.are_joined_in] if step and self._words.are_joined else [])]
        if not checks:
            yield from numbers
            return
        in_order = list(numbers)
        messages = message_pages.by_numbers(self._con, self._table, in_order)
        passed = {number for number, message in messages.items() if all(check(message) for check in checks)}
        yield from (number if number in passed else None for number in in_order)


def _hit(message: Message, terms: Sequence[Term]) -> Hit:
    passage, highlights = excerpt(message.text, terms, WIDTH)
    return Hit(message=message, excerpt=passage, highlights=highlights)
