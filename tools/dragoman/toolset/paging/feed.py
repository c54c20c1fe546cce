"""Resumable iteration over the items of a provider: after each item there is a position to go on from.

An answer may end in the middle of a provider's page, because only so much fits the budget. A provider that can make a
cursor for that item is asked for one. For others the page is fetched again, and everything up to the last item shown
is dropped. :func:`collect` reads on until a page of messages that pass a query is full.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from dragoman.core.context import progress
from dragoman.core.errors import Conflict, DeadlineExceeded, RateLimited
from dragoman.core.model import Message, Order, Page
from dragoman.core.queries import MessageQuery
from dragoman.core.safe_text import sentence
from dragoman.toolset.paging.filters import matches

if TYPE_CHECKING:
    from dragoman.accounts.account import Account

T = TypeVar("T")

_MOST_REREAD: Final = 50
_MOST_EMPTY: Final = 100
"""Pages in a row with nothing in them, each with another cursor, after which a list is given up."""

_MOST_EXAMINED: Final = 5000
_REPORT_EVERY: Final = 500
_MOST_NAMES: Final = 1000


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """A position in a feed: the provider's cursor, and the last item of its page that was used.

    ``cursor`` is ``None`` for the first page. A feed at its end has no position.
    """

    cursor: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Generic[T]):
    """Reads one list.

    Attributes:
        fetch: Gives the page at a cursor.
        key: Identity of an item within the list.
        cursor_after: The provider's cursor right after an item, where it can be made.
        backwards: Items of a page are used from its end, for lists that go towards the past.
    """

    fetch: Callable[[str | None], Awaitable[Page[T]]]
    key: Callable[[T], str]
    cursor_after: Callable[[T], str | None] = lambda _: None
    backwards: bool = False


class Feed(Generic[T]):
    """The items from a position on.

    Attributes:
        total: How many items the list has, once the provider has told.
        pages: How many pages were fetched.
    """

    def __init__(self, source: Source[T], start: FeedPosition = FeedPosition()) -> None:  # an immutable value
        """Start at a position; nothing is fetched yet."""
        self._source = source
        self._items: Sequence[T] = ()
        self._used = 0
        self._page = start.cursor
        self._next: str | None = start.cursor
        self._drop_to = start.after
        self._ended = False
        self._fetched: set[str | None] = set()
        self.total: int | None = None
        self.pages = 0

    async def peek(self) -> T | None:
        """The next item without taking it; ``None`` at the end. Fetches a page when it has to.

        Raises:
            DeadlineExceeded: Page after page has nothing in it.
        """
        empty = 0
        while self._used == len(self._items) and not self._ended:
            if empty == _MOST_EMPTY:
                raise DeadlineExceeded(
                    sentence("The list goes on and on: {} pages in a row had nothing in them.", _MOST_EMPTY),
                    hint="Ask for less, with other filters or another order.",
                )
            await self._fetch()
            empty += 1
        return self._items[self._used] if self._used < len(self._items) else None

    def take(self, most: int) -> tuple[Sequence[T], Callable[[int], FeedPosition | None]]:
        """Take up to so many of the items that are fetched.

        Returns:
            The items, and a function from the index of an item to the position after it. Few positions are ever
            wanted, and a provider may have to work for each.
        """
        taken = self._items[self._used : self._used + most]
        self._used += len(taken)
        # After the last item of a page its cursor is known; for others one has to be made.
        page, last = self._page, -1 if self._used < len(self._items) else len(taken) - 1
        end = None if self._ended else FeedPosition(self._next)
        return taken, lambda index: end if index == last else self._after(taken[index], page)

    @property
    def maybe_more(self) -> bool:
        """Whether there may be more, as far as is known without fetching."""
        return self._used < len(self._items) or not self._ended

    def _after(self, item: T, page: str | None) -> FeedPosition:
        """The position after an item that is not the last one of its page."""
        cursor = self._source.cursor_after(item)
        return FeedPosition(cursor) if cursor is not None else FeedPosition(page, self._source.key(item))

    async def _fetch(self) -> None:
        self._page = self._next
        self._fetched.add(self._page)
        page = await self._source.fetch(self._page)
        self.pages += 1
        self.total = page.total if page.total is not None else self.total
        # Pages hold their oldest item first, whatever the order of the list.
        items = list(page.items)[::-1] if self._source.backwards else list(page.items)
        self._items, self._used = items if self._drop_to is None else self._unused(items), 0
        self._next = page.cursor
        # A cursor that comes a second time would lead in circles.
        self._ended = page.cursor is None or page.cursor in self._fetched
        # The last item that was shown is gone, so nobody knows which ones behind it were shown.
        if self._drop_to is not None and (self._ended or self.pages >= _MOST_REREAD):
            raise Conflict("The list has changed since the page before.", hint="Repeat the call without cursor.")

    def _unused(self, items: Sequence[T]) -> Sequence[T]:
        """The items after the last one that was used; none until that one is found."""
        for position, item in enumerate(items):
            if self._source.key(item) == self._drop_to:
                self._drop_to = None
                return items[position + 1 :]
        return ()


class CursorState(dict[str, FeedPosition | None]):
    """The positions of all feeds of an answer, by account; a cursor shown to a client stands for one of these."""

    def to_json(self) -> dict[str, object]:
        """In the form that the store holds."""
        return {
            name: None if position is None else [position.cursor, position.after] for name, position in self.items()
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` gave."""
        return cls({name: None if one is None else FeedPosition(*one) for name, one in stored.items()})


async def message_source(account: Account, conversation: str, query: MessageQuery) -> Source[Message]:
    """The source of a conversation's messages, in the order of a query."""
    provider = await account.provider()

    def fetch(cursor: str | None) -> Awaitable[Page[Message]]:
        return provider.list_messages(conversation, query if cursor is None else replace(query, cursor=cursor))

    return Source(
        fetch=fetch,
        key=lambda message: message.id,
        cursor_after=lambda message: provider.cursor_after(message, query),
        backwards=query.order is Order.LATEST,
    )


@dataclass(slots=True)
class CollectedMessages:
    """Messages that match, in the order of reading.

    Attributes:
        positions: For each message the function, and its argument, that give the position after it.
        tombstones: Deleted messages among those that were examined.
        end: Gives the position after everything that was examined.
        more: Whether there is something behind it.
        examined: Number of messages that were read.
        other_names: Names of authors whose messages did not match.
        interruption: Why reading had to stop before the page was full.
    """

    messages: list[Message] = field(default_factory=list[Message])
    positions: list[tuple[Callable[[int], FeedPosition | None], int]] = field(
        default_factory=list["tuple[Callable[[int], FeedPosition | None], int]"]
    )
    tombstones: list[Message] = field(default_factory=list[Message])
    end: Callable[[], FeedPosition | None] = lambda: None
    more: bool = False
    examined: int = 0
    other_names: dict[str, None] = field(default_factory=dict[str, None])
    interruption: RateLimited | None = None

    def cursor_after(self, account: str, shown: int) -> CursorState:
        """The cursor behind the first ``shown`` messages."""
        if not 0 < shown < len(self.positions):
            return CursorState({account: self.end()})
        after, index = self.positions[shown - 1]
        return CursorState({account: after(index)})

    def examine(self, feed: Feed[Message], query: MessageQuery) -> None:
        """Examine the messages that the feed has at hand, as many as are still wanted."""
        # Never more than the page takes: the position after the last one has to be known.
        most = min(query.limit - len(self.messages), _MOST_EXAMINED - self.examined)
        messages, after = feed.take(most)
        # Most lists are not filtered, and asking each message for its time takes longer than reading it.
        filtered = query.author is not None or query.since is not None or query.until is not None
        end = next((n for n, one in enumerate(messages) if _past_window(one, query)), None) if filtered else None
        self.examined += len(messages[:end])
        for index, message in enumerate(messages[:end]):
            if message.deleted_at is not None:
                self.tombstones.append(message)
            elif not filtered or matches(message, query):
                self.messages.append(message)
                self.positions.append((after, index))
            elif len(self.other_names) < _MOST_NAMES:
                self.other_names[message.author.name] = None
        if end is None:
            self.end, self.more = partial(after, len(messages) - 1), feed.maybe_more
        else:
            self.end, self.more = lambda: None, False


async def collect(feed: Feed[Message], query: MessageQuery) -> CollectedMessages:
    """Read on until a page is full, the list or the window ends, or too much was examined for one call."""
    taken = CollectedMessages()
    reported = 0
    while True:
        try:
            if await feed.peek() is None:
                break
        except RateLimited as error:
            if not taken.messages:
                raise
            # What was read before the service asked for a pause is an answer.
            taken.interruption = error
            return taken
        taken.examine(feed, query)
        if not taken.more or len(taken.messages) == query.limit or taken.examined == _MOST_EXAMINED:
            return taken
        # Clients give up on a call of which they hear nothing for a minute.
        if taken.examined - reported >= _REPORT_EVERY:
            reported = taken.examined
            await progress.report(reported, f"{reported} messages examined")
    taken.end, taken.more = lambda: None, False
    return taken


def _past_window(message: Message, query: MessageQuery) -> bool:
    """Whether this message, and with it all later ones of the list, is outside of the time window."""
    if message.sent_at is None:
        return False
    if query.order is Order.LATEST:
        return query.since is not None and message.sent_at < query.since
    return query.until is not None and message.sent_at >= query.until
