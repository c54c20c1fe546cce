"""Resumable iteration over the items of a provider: after each item there is a position to go on from.

An answer may end in the middle of a provider's page, because only so much fits the budget. A provider that can make a
cursor for that item is asked for one. For others the page is fetched again, and everything up to the last item shown
is dropped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Self, TypeVar

from dragoman.core.errors import Conflict, DeadlineExceeded
from dragoman.core.model import Page
from dragoman.core.safe_text import sentence

T = TypeVar("T")

_MOST_REREAD: Final = 50
_MOST_EMPTY: Final = 100
"""Pages in a row with nothing in them, each with another cursor, after which a list is given up."""


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """Where a feed goes on: the provider's cursor, and the last item of its page that was used.

    ``cursor`` is ``None`` for the first page. A feed at its end has no position.
    """

    cursor: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Generic[T]):
    """How to read one list.

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

    def __init__(self, source: Source[T], place: FeedPosition = FeedPosition()) -> None:  # an immutable value
        """Start at a position; nothing is fetched yet."""
        self._source = source
        self._items: Sequence[T] = ()
        self._used = 0
        self._page = place.cursor
        self._next: str | None = place.cursor
        self._drop_to = place.after
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
        items = list(page.items)[::-1] if self._source.backwards else list(page.items)
        self._items, self._used = items if self._drop_to is None else self._unused(items), 0
        self._next = page.cursor
        # A cursor that comes a second time would lead in circles.
        self._ended = page.cursor is None or page.cursor in self._fetched
        # The last item that was shown is gone, so nobody knows which ones behind it were shown.
        if self._drop_to is not None and (self._ended or self.pages >= _MOST_REREAD):
            raise Conflict("The list has changed since the page before.", hint="Repeat the call without cursor.")

    def _unused(self, items: Sequence[T]) -> Sequence[T]:
        """What comes after the last item that was used; nothing while that one has not come."""
        for position, item in enumerate(items):
            if self._source.key(item) == self._drop_to:
                self._drop_to = None
                return items[position + 1 :]
        return ()


class CursorState(dict[str, FeedPosition | None]):
    """The positions of all feeds of an answer, by account; a cursor shown to a client stands for one of these."""

    def to_json(self) -> dict[str, object]:
        """For keeping in the store."""
        return {name: None if place is None else [place.cursor, place.after] for name, place in self.items()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Back from the store."""
        return cls({name: None if place is None else FeedPosition(*place) for name, place in kept.items()})
