"""Sorted pages out of any listing, each item exactly once.

A :class:`Pager` reads a :class:`.Listing` and gives pages sorted by time, then id, in the
wanted order, while items arrive and disappear between the pages. It reads no more than a page needs:

- A list that the service documents in the wanted order is read up to the end of the page.
- A list of undocumented order is read whole, or until hundreds of items stand in the wanted order.
- A list without an order, or in the other one only, is read whole.
- A list that turns out not to be in order is given in the service's own order from there on.
- A token that the service forgot is replaced by reading up to the last key again.

What was read is reused for two minutes, except for first pages. Use one pager for each account and kind of item.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final, Generic, TypeVar

from dragoman.core.context.clock import current_clock
from dragoman.core.errors import DeadlineExceeded
from dragoman.core.model import Order, Page
from dragoman.core.queries import MessageQuery
from dragoman.core.safe_text import sentence
from dragoman.core.times import to_us
from dragoman.providers.kit.cache import LruCache
from dragoman.providers.kit.cursor import decode, encode
from dragoman.providers.kit.list_reader import (
    MOST_BATCHES,
    MOST_SIZE,
    TRUST_AFTER,
    Cut,
    ListReader,
    Stop,
    cut_complete,
    cut_loose,
    cut_ordered,
)
from dragoman.providers.kit.list_walk import Position, Walk, Wanted
from dragoman.providers.kit.listings import Key, Listing

T = TypeVar("T")
_TTL: Final = 120.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage(Page[T]):
    """A page, oldest item first.

    Attributes:
        examined: How many items the service listed for it; 0 where its list is empty.
        whole: Are those all items of the list.
    """

    examined: int = 0
    whole: bool = False


class Pager(Generic[T]):
    """Reads the lists of one account.

    Args:
        service: Its name, for sentences.
        key: What an item is sorted by; its id is unique in the list.
        most_batches: Answers of the service that one page reads.
        trust_after: Items that have to stand in order before an undocumented order is believed.
        ttl: Seconds for which a list that was read is reused for its next page.
    """

    def __init__(
        self,
        service: str,
        key: Callable[[T], Key],
        *,
        most_batches: int = MOST_BATCHES,
        trust_after: int = TRUST_AFTER,
        ttl: float = _TTL,
    ) -> None:
        self._key = key
        self._reader = ListReader(service, key, most_batches, trust_after)
        self._most_pages = most_batches
        self._ttl = ttl
        self._clock = current_clock()
        self._walks = LruCache[tuple[str, str], Walk[T]](MOST_SIZE, attrgetter("size"))

    async def page(
        self,
        listing: Listing[T],
        query: MessageQuery,
        *,
        name: Hashable,
        keep: Callable[[T], bool] | None = None,
        select: Callable[[Sequence[T]], Sequence[T]] | None = None,
        relate: Callable[[Sequence[T], bool], Sequence[T]] | None = None,
    ) -> ListPage[T]:
        """Give the page at the query's cursor; of its filters only ``since`` and ``until`` are applied here.

        Args:
            listing: How the service lists it.
            query: Order, limit, cursor, times.
            name: What tells this list from the account's others, with all that ``listing`` filters by, and the person
                for whom the account acts, if it shows each something else.
            keep: Filters items one by one.
            select: Filters items together, for which the list is read whole (a thread of replies).
            relate: Changes items by what stands beside them; is told whether these are all.

        Raises:
            InvalidArgument: The cursor belongs to another list.
            DeadlineExceeded: The wanted end of the list is too far away.
            Conflict: The service forgot its token, and nothing else tells where to go on.
        """
        wanted = Wanted(
            listing=listing,
            list_id=list_id(name, query.order),
            order=query.order,
            limit=max(1, query.limit),
            since=None if query.since is None else to_us(query.since),
            until=None if query.until is None else to_us(query.until),
            keep=keep,
            select=select,
            relate=relate,
        )
        position = decode(Position, query.cursor, list_id=wanted.list_id) if query.cursor is not None else None
        return await self._page(wanted, position or _beginning(wanted), repr(name))

    async def read_all(self, listing: Listing[T], *, name: Hashable, order: Order = Order.OLDEST) -> list[T]:
        """Read a whole list, sorted, the oldest item first.

        Raises:
            DeadlineExceeded: It is too long.
        """
        # A limit that no list reaches: each page then holds as much as the pager reads at once.
        query, found = MessageQuery(order=order, limit=1 << 40), list[T]()
        for _ in range(self._most_pages):
            page = await self.page(listing, query, name=name)
            found = [*page.items, *found] if order is Order.LATEST else [*found, *page.items]
            if page.cursor is None:
                return found
            query = replace(query, cursor=page.cursor)
        raise DeadlineExceeded(
            sentence("The list is too long: {} entries and more.", len(found)), hint="Read it page by page."
        )

    def cursor_after(self, listing: Listing[T], item: T, order: Order, *, name: Hashable) -> str | None:
        """Make the cursor that goes on after an item; ``None`` where that needs another look at the list."""
        key, bound_to = self._key(item), list_id(name, order)
        # A token at the item itself needs no look at the list.
        if listing.token_at is not None:
            position = Position(key, listing.token_at(key), ordered=True)
            if not listing.by_time:
                position = Position(token=listing.token_at(key), loose=True)
            return encode(position, list_id=bound_to)
        if listing.by_time and listing.orders is not None:
            return encode(Position(key, ordered=order in listing.orders), list_id=bound_to)
        known = listing.by_time and self.knows_whole(name)
        return encode(Position(key), list_id=bound_to) if known else None

    def knows_whole(self, name: Hashable) -> bool:
        """Whether a list was read to its end not long ago."""
        return self._cached((repr(name), "")) is not None

    def forget(self, name: Hashable) -> None:
        """Read a list anew, because it was changed."""
        # A change may move items in every order that was read.
        for which in ("", *Order):
            self._walks.pop((repr(name), which))

    async def _page(self, wanted: Wanted[T], position: Position, name: str) -> ListPage[T]:
        recalled = self._recall(wanted, position, name)
        walk = recalled or Walk[T](self._clock.monotonic(), wanted.read_order)
        stop: Stop = "end" if walk.whole else await self._reader.read_on(wanted, position, walk)
        if stop == "gap":
            if position.after is None:
                raise self._reader.lost_place()
            # A remembered list may be out of date, so it is read on from the cursor; else from the last key again.
            again = position if recalled else Position(position.after, ordered=wanted.native)
            return await self._page(wanted, again, name)
        if not walk.whole:
            # A walk that began in the middle, or forgot entries, reaches the end without having all of the list.
            walk.whole = walk.ended and not walk.pruned and walk.starts[:1] == [(None, 0)]
            walk.relate(wanted)
        cut = self._cut(wanted, position, walk, stop)
        if cut is None:
            raise self._reader.lost_place()
        self._remember(wanted, walk, name, cut[1])
        return _list_page(wanted, walk, cut)

    def _cut(self, wanted: Wanted[T], position: Position, walk: Walk[T], stop: Stop) -> Cut[T] | None:
        in_order = wanted.in_order(position)
        # Earlier pages trusted an order that the list does not have.
        turned = position.ordered and in_order and not walk.in_order(walk.order if walk.whole else wanted.order)
        if position.loose or turned or stop == "disorder":
            return cut_loose(wanted, position, walk)
        if stop == "bound" and not in_order:
            self._reader.require_near_end(wanted, walk)
            return cut_loose(wanted, position, walk)
        if stop == "enough" or (in_order and walk.in_order(wanted.order) and not walk.whole):
            return cut_ordered(wanted, position, walk)
        return cut_complete(wanted, position, walk)

    def _recall(self, wanted: Wanted[T], position: Position, name: str) -> Walk[T] | None:
        """The cached walk of the page before, unless it is old; first pages always ask the service."""
        if position.after is None:
            return None
        whole = self._cached((name, ""))
        if whole is not None or not wanted.in_order(position):
            return whole
        key = name, wanted.order.value
        found = self._cached(key)
        if found is None or (found.starts[0][0] is not None and found.skips(wanted, position)):
            return None
        self._walks.pop(key)  # it will grow, and nobody else may read it meanwhile
        return found

    def _cached(self, key: tuple[str, str]) -> Walk[T] | None:
        found = self._walks.get(key)
        return found if found is not None and self._clock.monotonic() - found.read_at < self._ttl else None

    def _remember(self, wanted: Wanted[T], walk: Walk[T], name: str, following: Position | None) -> None:
        if walk.whole:
            self._walks.put((name, ""), walk)
        elif following is not None and following.ordered and following.after is not None and not wanted.complete:
            walk.drop_before(following.after)
            # A stream cannot be begun in the middle, so keeping its part is no use.
            if walk.entries and wanted.listing.restarts:
                self._walks.put((name, wanted.order.value), walk)


def _beginning(wanted: Wanted[T]) -> Position:
    """The position of a first page: at the time that bounds it, where the list can begin at any time."""
    listing, bound = wanted.listing, wanted.until if wanted.latest else wanted.since
    if not listing.by_time:
        return Position(loose=True)
    if bound is None or listing.token_at is None or wanted.complete:
        return Position()
    return Position(token=listing.token_at(Key(bound, "")))


def list_id(name: Hashable, order: Order) -> str:
    """The id of a list, to which its cursors are bound."""
    return f"{order} {name!r}"


def _list_page(wanted: Wanted[T], walk: Walk[T], cut: Cut[T]) -> ListPage[T]:
    entries, following = cut
    items = [one.item for one in entries]
    # A window of time leaves the list what it is.
    total = len(walk.entries) if walk.whole else walk.total
    return ListPage(
        items=items[::-1] if wanted.latest else items,
        cursor=None if following is None else encode(following, list_id=wanted.list_id),
        total=None if wanted.filtered else total,
        examined=len(walk.entries),
        whole=walk.whole,
    )
