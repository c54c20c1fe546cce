"""Ranked search in a message table.

Words as they were typed come first, then words that begin so and pieces of identifiers (of frequent words only when
nothing else was found), then, when there is still nothing, words that differ by one letter. Ranked by BM25; texts that
hold the letters as they were typed before texts that only fold to them, and of equals the newer first. The candidates
are taken in windows of a fixed size and sorted within each, so that paging is the same however it is cut. A query
without words lists what the filters leave, newest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from dragoman.core.errors import InvalidArgument
from dragoman.core.folding import fold
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Hit, Message, SearchPage
from dragoman.core.queries import Expression, SearchQuery, Term
from dragoman.core.query_parser import parse_query
from dragoman.core.safe_text import Sentence, sentence
from dragoman.store.excerpt import excerpt
from dragoman.store.search_terms import Pattern, pattern_of
from dragoman.store.sql.connection import Condition, Connection
from dragoman.store.sql.messages import message_pages
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.search.candidates import WINDOW, Candidates
from dragoman.store.sql.search.expression import Without, all_of, any_of, exact
from dragoman.store.sql.search.scope import (
    Narrowing,
    NothingThereError,
    Scope,
    SearchFacts,
    narrowing_of,
    require_authors,
    scope_of,
    sql_of,
)
from dragoman.store.sql.search.words import SearchWords

WIDTH: Final = 240
"""Characters of a passage."""

_DEEPEST: Final = 10_000
_AT_ONCE: Final = 32
_CURSOR: Final = lazy_pattern(r"([01])\.(\d{1,5})\.(\d{1,18})(\+?)((?:\|[^|=]+=[^|=]+)*)")


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
    words = SearchWords.of(expression)
    if not words.groups and (expression.wanted or not _is_narrowed(query)):
        raise InvalidArgument(
            "The query has no word to look for.",
            hint="Use at least one word, number, sign or emoji that is not excluded; or author, since or until alone.",
        )
    try:
        facts = SearchFacts.of(con, table, account)
        scope = scope_of(con, table, query, account, facts)
        scope.excluded += map(exact, words.excluded)
        if words.groups:
            page = _ranked_page(con, table, scope, query, expression, facts.newest)
        else:
            from dragoman.store.sql.search import filtered_list  # noqa: PLC0415  # takes time, and few searches have no word

            page = filtered_list.page(con, table, scope, query)
        if not page.items:
            require_authors(con, table, scope, account)
    except NothingThereError as nothing:
        return SearchPage(advice=nothing.reason)
    missed = _missed(facts.share_indexed) if words.groups else ""
    return replace(page, missed=missed, notes=(*page.notes, *words.notes))


def _is_narrowed(query: SearchQuery) -> bool:
    return bool(query.conversation or query.author or query.since or query.until or query.filters)


def _missed(done: float) -> Sentence:
    if done == 1.0:
        return ""
    return sentence("the index is being rebuilt, and {:.0%} of the messages can be found so far", done)


def _ranked_page(
    con: Connection, table: MessageTable, scope: Scope, query: SearchQuery, expression: Expression, newest: int
) -> SearchPage:
    position, has_other_forms, replaced = _start(query.cursor, newest)
    if has_other_forms:
        return _page_of_other_forms(con, table, scope, query, expression, position)
    if replaced:
        from dragoman.store.sql.search import spelling  # noqa: PLC0415  # takes time, and few words are misspelt

        expression = spelling.replace_words(expression, replaced)
    words = SearchWords.of(expression)
    page = _Ranked(con, table, scope, words).page(position, query.limit)
    if page.items or query.cursor is not None:
        return replace(page, cursor=page.cursor and page.cursor + _written(replaced))
    from dragoman.store.sql.search import spelling  # noqa: PLC0415  # as above

    if _is_narrowed(query) and spelling.exists(con, table, words.steps()[0]):
        # Messages elsewhere have the words, so they are written as they were meant.
        return SearchPage(advice=_advice(expression))
    page = _page_of_other_forms(con, table, scope, query, expression, position)
    if page.items:
        typed = " ".join(term.text for group in expression.wanted for term in group)
        return replace(page, notes=(sentence("Nothing has {:60}, so other forms of it were searched.", typed),))
    for replaced in spelling.corrections(con, table, expression):
        meant = spelling.replace_words(expression, replaced)
        page = _Ranked(con, table, scope, SearchWords.of(meant)).page(position, query.limit)
        if page.items:
            told = tuple(
                sentence("Nothing has {}, so {} was searched instead.", typed, word) for typed, word in replaced.items()
            )
            return replace(page, cursor=page.cursor and page.cursor + _written(replaced), notes=told)
    return SearchPage(advice=_advice(expression))


def _page_of_other_forms(
    con: Connection, table: MessageTable, scope: Scope, query: SearchQuery, expression: Expression, position: _Position
) -> SearchPage:
    from dragoman.store.sql.search.other_forms import other_forms  # noqa: PLC0415  # few searches find nothing

    meant = other_forms(expression)
    if meant is None:
        return SearchPage()
    page = _Ranked(con, table, scope, SearchWords.of(meant)).page(position, query.limit)
    return replace(page, cursor=page.cursor and f"{page.cursor}+")


def _written(replaced: dict[str, str]) -> str:
    return "".join(f"|{typed}={meant}" for typed, meant in replaced.items())


def _start(cursor: str | None, newest: int) -> tuple[_Position, bool, dict[str, str]]:
    """Where to go on, whether with other forms of the words, and which words with others in their place."""
    if cursor is None:
        return _Position(0, 0, newest), False, {}
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidArgument("The cursor is not one of this search.", hint="Search again without a cursor.")
    position = _Position(int(found[1]), int(found[2]), int(found[3]))
    if position.given > _DEEPEST:
        raise InvalidArgument(
            sentence("A search shows at most {:,} messages.", _DEEPEST),
            hint="Narrow it by time, author or conversation.",
        )
    return position, bool(found[4]), dict(pair.split("=") for pair in found[5].split("|")[1:])


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


class _Ranked:
    """A search for words."""

    def __init__(self, con: Connection, table: MessageTable, scope: Scope, words: SearchWords) -> None:
        self._con = con
        self._table = table
        self._scope = scope
        self._words = words
        self._steps = self._words.steps()
        self._narrowings: dict[int, Narrowing] = {}
        self._limit = 0
        self._checked: dict[int, Message] = {}

    def page(self, position: _Position, limit: int) -> SearchPage:
        """Hits from a position on."""
        self._limit = limit
        found = list(islice(self._hits(position), limit + 1))
        numbers = [number for number, _ in found[:limit]]
        unread = [number for number in numbers if number not in self._checked]
        messages = self._checked | (message_pages.by_numbers(self._con, self._table, unread) if unread else {})
        terms = [term for group in self._words.terms for term in group]
        hits = [_hit(messages[number], terms) for number in numbers if number in messages]
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
        """Whether the loose step would take much longer than the exact one, because its beginnings are frequent."""
        from dragoman.store.sql.search import spelling  # noqa: PLC0415  # as above

        words = (pattern.words[-1] for group in self._words.groups for pattern in group if pattern.loosely_open)
        return any(spelling.is_frequent(self._con, self._table, word) for word in words)

    def _candidates(self, step: int, position: _Position, given: int) -> Iterator[int | None]:
        """The number of each candidate in order; ``None`` for one that does not pass the checks."""
        window, skipped = divmod(given, WINDOW)
        while window * WINDOW <= _DEEPEST:
            left = WINDOW - skipped
            candidates = Candidates(self._con, self._table, self._words, *self._select(step, position.newest))
            numbers = islice(candidates.window(window, skipped + self._limit), skipped, None)
            for number in self._passing(step, numbers):
                left -= 1
                yield number
            # Fewer than a window holds, so it was the last.
            if left:
                return
            window, skipped = window + 1, 0

    def _narrowing(self, step: int) -> Narrowing:
        if step not in self._narrowings:
            # Several words, or words that begin so, stand together in few messages.
            few = len(self._words.groups) > 1
            self._narrowings[step] = narrowing_of(self._con, self._table, self._scope, of_few=few)
        return self._narrowings[step]

    def _select(self, step: int, newest: int) -> Condition:
        """SQL for rank and number of all candidates."""
        expression = all_of([self._steps[step], *self._scope.required])
        if self._scope.excluded:
            expression = Without(expression, any_of(self._scope.excluded))
        narrowing, tables = self._narrowing(step), self._table.tables
        join = " @join $messages m ON m.number = i.rowid" if narrowing.messages else ""
        ranking, ranking_values = tables.ranking(self._con, expression)
        matching, matching_values = tables.matching(self._con, expression)
        conditions, values = sql_of([*narrowing.rows, *narrowing.messages])
        statement = (
            f"SELECT {ranking} AS rank, i.rowid FROM $index i{join} WHERE {matching} AND i.rowid <= ?{conditions}"  # noqa: S608 - values are bound
        )
        return statement, (*ranking_values, *matching_values, newest, *values)

    def _passing(self, step: int, numbers: Iterator[int]) -> Iterator[int | None]:
        """The numbers, and ``None`` for those whose messages do not pass the checks."""
        checks = [
            *self._narrowing(step).checks,
            *([self._words.are_joined_in] if step and self._words.are_joined else []),
        ]
        if not checks:
            yield from numbers
            return
        while some := list(islice(numbers, _AT_ONCE)):
            messages = message_pages.by_numbers(self._con, self._table, some)
            passed = {
                number: message for number, message in messages.items() if all(check(message) for check in checks)
            }
            self._checked |= passed
            yield from (number if number in passed else None for number in some)


def _hit(message: Message, terms: Sequence[Term]) -> Hit:
    passage, highlights = excerpt(message.text, terms, WIDTH)
    return Hit(message=message, excerpt=passage, highlights=highlights)
