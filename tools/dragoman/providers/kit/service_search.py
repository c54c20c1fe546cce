"""A search by the service itself: its language, one question for each alternative, and pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, NamedTuple

from dragoman.core.model import Hit, SearchPage
from dragoman.core.queries import Filter, SearchQuery
from dragoman.core.times import in_window
from dragoman.providers.kit.cursor import decode, encode
from dragoman.providers.kit.search_words import alternatives

_MOST_PAGES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchLanguage:
    """How a service narrows a search.

    Attributes:
        place: Writes the operator for a conversation; empty where there is none.
        author: Likewise for who wrote it.
        since: The template for a day; empty where the service has no such operator.
        until: Likewise.
        has: The template for what a message has, such as a file.
        wider: By how much days are asked for more widely, where the service leaves the named day out or counts in
            another zone; hits are filtered by their times again.
    """

    place: Callable[[str], Awaitable[str]]
    author: Callable[[str], Awaitable[str]]
    since: str = "after:{:%Y-%m-%d}"
    until: str = "before:{:%Y-%m-%d}"
    has: str = "has:{}"
    wider: timedelta = timedelta()

    async def operators(self, query: SearchQuery) -> str:
        """What narrows a search to what is wanted."""
        found = [
            await self.place(query.conversation) if query.conversation is not None else "",
            await self.author(query.author) if query.author is not None else "",
            self.since.format(query.since - self.wider) if query.since is not None else "",
            self.until.format(query.until + self.wider) if query.until is not None else "",
        ]
        for one in query.filters:
            operator = await self._filter(one)
            found.append(f"-{operator}" if one.negated and operator else operator)
        return " ".join(filter(None, found))

    async def _filter(self, one: Filter) -> str:
        if one.name == "in":
            return await self.place(one.value)
        if one.name == "from":
            return await self.author(one.value)
        return self.has.format(one.value) if one.name == "has" else ""


@dataclass(frozen=True, slots=True)
class SearchPosition:
    """Which page to ask for: by its number and size, or by the token that the page before gave."""

    page: int
    count: int
    token: str | None = None


class SearchPart(NamedTuple):
    """What the service answered to one question.

    Attributes:
        hits: Best first.
        more: Whether there are more of them.
        total: How many there are, where that is told.
        token: What asks for the next ones, where pages have no numbers.
    """

    hits: Sequence[Hit]
    more: bool = False
    total: int = 0
    token: str | None = None


class ServiceSearch:
    """Searches for one account.

    Args:
        ask: Asks for the page of a position: words with operators, and whether there are words at all.
        language: Writes the operators.
        most: Hits of one page.
    """

    def __init__(
        self, ask: Callable[[str, bool, SearchPosition], Awaitable[SearchPart]], language: SearchLanguage, *, most: int
    ) -> None:
        self._ask = ask
        self._language = language
        self._most = most

    def position_of(self, query: SearchQuery) -> SearchPosition:
        """Where a search is to go on.

        Raises:
            InvalidArgument: The cursor belongs to another search.
        """
        begin = SearchPosition(1, min(self._most, max(1, query.limit)))
        return decode(SearchPosition, query.cursor, list_id=_list_id(query)) or begin

    async def page(self, query: SearchQuery) -> SearchPage:
        """A page of hits: each alternative of the query is asked for on its own, and what they find comes once."""
        narrowed, position = await self._language.operators(query), self.position_of(query)
        queries, found, total, more = list(alternatives(query)), dict[str, Hit](), 0, False
        for words in queries:
            part = await self._ask(f"{words} {narrowed}".strip(), bool(words), position)
            total, more = total + part.total, more or part.more
            for hit in part.hits:
                found.setdefault(f"{hit.message.conversation}/{hit.message.id}", hit)
        is_exact = len(queries) == 1 and not (query.since or query.until)
        following = replace(position, page=position.page + 1) if more and position.page < _MOST_PAGES else None
        return search_page(query, list(found.values()), following, total=total if is_exact else None)


def search_page(
    query: SearchQuery,
    hits: Sequence[Hit],
    following: SearchPosition | None,
    *,
    total: int | None = None,
    storable: bool = True,
) -> SearchPage:
    """A page of those hits that are in the window of a query.

    Args:
        query: What is searched for.
        hits: What was found.
        following: Where it goes on; ``None`` at the end.
        total: How many there are, if that is known.
        storable: Whether they may be kept.
    """
    inside = [one for one in hits if in_window(one.message.sent_at, query.since, query.until)]
    cursor = None if following is None else encode(following, list_id=_list_id(query))
    return SearchPage(items=inside, cursor=cursor, total=total, storable=storable)


def _list_id(query: SearchQuery) -> str:
    return repr(replace(query, cursor=None, limit=0))
