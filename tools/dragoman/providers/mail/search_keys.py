"""What people search for, as a mail server searches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from dragoman.core.queries import Expression, Filter, SearchQuery, Term
from dragoman.providers.mail.imap_arguments import SearchKey, Word, is_flag

_DAY: Final = timedelta(days=1)
_STATES: Final = {"unread": "UNSEEN", "starred": "FLAGGED", "answered": "ANSWERED"}
_LIST: Final = "list:"


def search_keys(query: SearchQuery) -> list[SearchKey]:
    """The keys that every server knows. They may leave more than is wanted, never less."""
    expression = query.expression or _plain(query.text)
    words = [key for group in expression.wanted for key in _either([_text(term) for term in group])]
    words += [key for term in expression.excluded for key in ("NOT", *_text(term))]
    return [*words, *_filters(query)] or ["ALL"]


def head_keys(query: SearchQuery) -> list[SearchKey]:
    """The keys of mails that have each word in their subject or author; none where no word is wanted."""
    expression = query.expression or _plain(query.text)
    wanted = expression.wanted
    return [key for group in wanted for key in _either([one for term in group for one in _in_head(Word(term.text))])]


def gmail_keys(query: SearchQuery) -> list[SearchKey]:
    """The words in Gmail's own language, as they were typed."""
    words: list[SearchKey] = ["X-GM-RAW", Word(query.text)] if query.text.strip() else []
    return [*words, *_filters(query)] or ["ALL"]


def without_foreign_words(query: SearchQuery) -> SearchQuery | None:
    """The query without words that a server refuses which knows plain letters only; ``None`` when nothing is left."""
    expression = query.expression or _plain(query.text)
    wanted = tuple(group for group in expression.wanted if all(term.text.isascii() for term in group))
    excluded = tuple(term for term in expression.excluded if term.text.isascii())
    filters = tuple(one for one in query.filters if one.value.isascii())
    if not wanted and not filters:
        return None
    author = query.author if (query.author or "").isascii() else None
    return replace(query, expression=Expression(wanted, excluded), filters=filters, author=author)


def _plain(text: str) -> Expression:
    """Words of a query that nobody has taken apart."""
    return Expression(tuple((Term(word),) for word in text.split()[:32]))


def _filters(query: SearchQuery) -> Iterator[SearchKey]:
    if query.author:
        yield from ("FROM", Word(query.author))
    for one in query.filters:
        keys = _filter(one)
        if keys:
            yield from (("NOT", *keys) if one.negated else keys)
    # A mail is dated by its sender, unless that is impossible; zones move days by one.
    if query.since is not None:
        day = _day(query.since) - _DAY
        yield from ("OR", "SENTSINCE", day.date(), "SINCE", day.date())
    if query.until is not None:
        day = _day(query.until) + 2 * _DAY
        yield from ("OR", "SENTBEFORE", day.date(), "BEFORE", day.date())


def _filter(one: Filter) -> list[SearchKey]:
    """One key; nothing where the server cannot tell, and the caller looks at every mail again."""
    value = one.value.strip()
    if one.name == "from" and value:
        return ["FROM", Word(value)]
    if one.name == "subject" and value:
        return ["SUBJECT", Word(value)]
    if one.name in ("is", "label") and value.lower() in _STATES:
        return [_STATES[value.lower()]]
    if one.name == "label" and value.lower().startswith(_LIST):
        return ["HEADER", "List-Id", Word(value[len(_LIST) :])]
    if one.name == "label" and is_flag(value):
        return ["KEYWORD", value]
    return []


def _text(term: Term) -> list[SearchKey]:
    return ["TEXT", Word(term.text)]


def _in_head(word: Word) -> list[list[SearchKey]]:
    return [["SUBJECT", word], ["FROM", word]]


def _either(alternatives: Sequence[list[SearchKey]]) -> list[SearchKey]:
    """One key that holds where any of some does."""
    keys = list(alternatives[-1]) if alternatives else []
    for one in reversed(alternatives[:-1]):
        keys = ["OR", *one, *keys]
    return keys


def _day(time: datetime) -> datetime:
    return time.astimezone(UTC)
