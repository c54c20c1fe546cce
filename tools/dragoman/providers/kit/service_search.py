"""A search by the service itself: its language, one question for each alternative, and pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, NamedTuple

from dragoman.core.model import Hit, Message, SearchPage
from dragoman.core.queries import Filter, SearchQuery
from dragoman.core.times import in_window
from dragoman.providers.kit.cursor import decode, encode
from dragoman.providers.kit.search_words import alternatives, cut_marks

_MOST_PAGES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchLanguage:
    """The filters of a service's search language.

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
        """The filters for a query."""
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
    """The page to ask for: by its number and size, or by the token that the page before gave."""

    page: int
    count: int
    token: str | None = None


class SearchQuestion(NamedTuple):
    """One request to the search.

    Attributes:
        words: With operators.
        is_ranked: There are words, so that the best hits come first; otherwise the newest do.
        position: Which page.
        query: What it is all for.
    """

    words: str
    is_ranked: bool
    position: SearchPosition
    query: SearchQuery


class SearchPart(NamedTuple):
    """The answer to one request.

    Attributes:
        messages: Best first, with the marks around what matched; those of other conversations are left out.
        more: Whether there are more of them.
        total: How many there are; ``None`` where that is not told.
        token: What asks for the next ones, where pages have no numbers.
    """

    messages: Sequence[Message]
    more: bool = False
    total: int | None = None
    token: str | None = None


class ServiceSearch:
    """Searches for one account.

    Args:
        ask: Asks the service.
        language: Writes operators; ``None`` where the service knows none.
        most: Hits of one page.
        either: What stands between alternatives; empty where each of them is asked for on its own.
        marks: What the service puts before and after what matched, a character each.
        storable: Whether hits may be kept.
    """

    def __init__(
        self,
        ask: Callable[[SearchQuestion], Awaitable[SearchPart]],
        language: SearchLanguage | None = None,
        *,
        most: int,
        either: str = "",
        marks: tuple[str, str] = ("", ""),
        storable: bool = True,
    ) -> None:
        self._ask = ask
        self._language = language
        self._most = most
        self._either = either
        self._marks = marks
        self._storable = storable

    def position_of(self, query: SearchQuery) -> SearchPosition:
        """The position of a search.

        Raises:
            InvalidArgument: The cursor belongs to another search.
        """
        begin = SearchPosition(1, min(self._most, max(1, query.limit)))
        return decode(SearchPosition, query.cursor, list_id=_list_id(query)) or begin

    async def page(self, query: SearchQuery) -> SearchPage:
        """A page of hits in the window of a query, of what each alternative finds; what two of them find comes once."""
        position, queries = self.position_of(query), list(alternatives(query))
        narrowed = await self._language.operators(query) if self._language else ""
        parts = [
            await self._ask(SearchQuestion(f"{words} {narrowed}".strip(), bool(words), position, query))
            for words in ([self._either.join(queries)] if self._either else queries)
        ]
        found = dict[tuple[str, str], Message]()
        for one in (one for part in parts for one in part.messages):
            is_there = query.conversation in (None, one.conversation)
            # Services know days only, and some filter by name, which two conversations may share.
            if is_there and in_window(one.sent_at, query.since, query.until):
                found.setdefault((one.conversation, one.id), one)
        # Totals of several requests would count some messages twice.
        is_exact = len(parts) == 1 and not (query.since or query.until)
        following = _following(position, parts)
        return SearchPage(
            items=[self._hit(one) for one in found.values()],
            cursor=None if following is None else encode(following, list_id=_list_id(query)),
            total=parts[0].total if is_exact else None,
            storable=self._storable,
        )

    def _hit(self, message: Message) -> Hit:
        text, highlights = cut_marks(message.text, *self._marks)
        return Hit(message=replace(message, text=text), highlights=highlights)


def _following(position: SearchPosition, parts: Sequence[SearchPart]) -> SearchPosition | None:
    """The next position of a search; ``None`` at its end."""
    token = next((part.token for part in parts if part.token), None)
    goes_on = token is not None or any(part.more for part in parts)
    return replace(position, page=position.page + 1, token=token) if goes_on and position.page < _MOST_PAGES else None


def _list_id(query: SearchQuery) -> str:
    # The next page may be of another size.
    return repr(replace(query, cursor=None, limit=0))
