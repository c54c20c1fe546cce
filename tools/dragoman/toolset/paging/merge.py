"""One list out of several accounts' lists, read in parallel; a failing account does not fail the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from dragoman.accounts.account_list import account_errors
from dragoman.core.context.inline import run_together
from dragoman.core.errors import DragomanError, Unavailable
from dragoman.rendering.views import Failure
from dragoman.toolset.paging.feed import CursorState, Feed, FeedPosition, Source

if TYPE_CHECKING:
    from dragoman.accounts.account import Account

T = TypeVar("T")
_MOST_PAGES: Final = 20


class Merge(Generic[T]):
    """The merged list.

    Attributes:
        items: What was taken, in order.
        failures: The accounts that could not answer.
    """

    def __init__(self, cursor: CursorState | None) -> None:
        """Start where the cursor says, or at the beginning."""
        self._start = cursor
        self._lanes: list[_MergeSource[T]] = []
        self._taken: list[tuple[str, FeedPosition | None]] = []
        self.items: list[T] = []
        self.failures: list[Failure] = []

    async def open(
        self,
        accounts: Sequence[Account],
        source: Callable[[Account], Awaitable[Source[T]]],
        keep: Callable[[T], bool],
    ) -> None:
        """Take up the accounts that the cursor has not used up.

        Args:
            accounts: Whose lists are merged.
            source: How to read an account's list; may open the account.
            keep: Which items pass.
        """
        if self._start is not None:
            # An account without a position in the cursor is used up, or came into the settings later.
            accounts = [account for account in accounts if self._start.get(account.name) is not None]
        self._lanes = [_MergeSource(account, source, keep, self._position_of(account.name)) for account in accounts]

    async def take(self, limit: int, rank: Callable[[T], float] | None) -> None:
        """Take up to ``limit`` items, the highest rank first, or in turn when there is no rank.

        Raises:
            DragomanError: Every account failed.
        """
        lanes = self._lanes
        while len(self.items) < limit:
            # Every account has to show its next item before the best of them can be told.
            await self._fill(lanes)
            lanes = [lane for lane in lanes if lane.peeked is not None]
            if not lanes:
                break
            lane = max(lanes, key=lambda one: rank(_item(one))) if rank else lanes[0]
            self.items.append(_item(lane))
            lane.pop()
            self._taken.append((lane.name, lane.position))
            # Ranks of two services cannot be compared, so they take turns.
            if rank is None:
                lanes = [*lanes[1:], lane]
        # An answer of nothing would look as if there was nothing.
        if self._lanes and len(self.failures) == len(self._lanes):
            raise self._lanes[0].failure or Unavailable("No account could answer.")

    @property
    def more(self) -> bool:
        """Whether any account that answers has more."""
        return any(lane.maybe_more for lane in self._lanes)

    def cursor_at(self, shown: int, _offset: int | None) -> CursorState:
        """The position of each account after the first ``shown`` items."""
        positions = CursorState({lane.name: self._position_of(lane.name) for lane in self._lanes})
        if shown == len(self.items):
            positions.update({lane.name: lane.position for lane in self._lanes})
        else:
            positions.update(self._taken[:shown])
        return positions

    def _position_of(self, name: str) -> FeedPosition | None:
        return FeedPosition() if self._start is None else self._start.get(name)

    async def _fill(self, lanes: Sequence[_MergeSource[T]]) -> None:
        waiting = [lane for lane in lanes if lane.peeked is None]
        await run_together(partial(self._fetch_next, lane) for lane in waiting)

    async def _fetch_next(self, lane: _MergeSource[T]) -> None:
        try:
            await lane.fetch_next()
        except DragomanError as error:
            lane.failure = error
        except Exception:  # the boundary between accounts: a defect in one must not fail the others
            import logging  # noqa: PLC0415  # takes time, and is needed for defects only

            logging.getLogger(__name__).exception("The account %s broke down.", lane.name)
            lane.failure = Unavailable("The account broke down.", hint="The server's log has the details.")
        if lane.failure is not None:
            self.failures.append(Failure(lane.name, lane.failure.sentences))


class _MergeSource(Generic[T]):
    """One account's part: its next passing item, and the position after what was used of it."""

    def __init__(
        self,
        account: Account,
        source: Callable[[Account], Awaitable[Source[T]]],
        keep: Callable[[T], bool],
        position: FeedPosition | None,
    ) -> None:
        self.name = account.name
        self.position = position
        self.peeked: T | None = None
        self.failure: DragomanError | None = None
        self._account = account
        self._source = source
        self._keep = keep
        self._feed: Feed[T] | None = None

    @property
    def maybe_more(self) -> bool:
        return self.failure is None and self.position is not None

    async def fetch_next(self) -> None:
        """Look for the next item that passes, within a bound of pages."""
        with account_errors(self._account):
            if self._feed is None:
                self._feed = Feed(await self._source(self._account), self.position or FeedPosition())
            feed = self._feed
            while (item := await feed.peek()) is not None and not self._keep(item):
                self.position = feed.take(1)[1](0)
                # The next page goes on from here; a filter that fits nothing would read an account whole.
                if feed.pages > _MOST_PAGES:
                    from dragoman.core.context import progress  # noqa: PLC0415  # few lists are that long

                    await progress.report(feed.pages, f"{self.name}: {feed.pages} pages read")
                    return
        self.peeked = item
        self.position = None if item is None else self.position

    def pop(self) -> None:
        """Use the head."""
        self.peeked = None
        if self._feed is not None:
            self.position = self._feed.take(1)[1](0)


def _item(lane: _MergeSource[T]) -> T:
    if lane.peeked is None:
        raise AssertionError(lane.name)  # only lanes with a head are asked
    return lane.peeked
