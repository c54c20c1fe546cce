"""The request for a page of a list, and the part of the list that was read. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, Generic, TypeVar

from dragoman.core.model import Order
from dragoman.core.text_size import memory_size
from dragoman.providers.kit.cursor import digest
from dragoman.providers.kit.listings import NO_TIME, Batch, Key, Listing

T = TypeVar("T")

_KEY: Final = attrgetter("key")


@dataclass(frozen=True, slots=True)
class Position:
    """A position in a list; its cursor is this, encoded.

    Attributes:
        after: Everything up to this key was given, or was not wanted.
        token: The service's token from which to read on; ``None`` for the beginning.
        ordered: The service's list was seen to be in order.
        loose: The list's order is not that of the keys, so pages follow the service's order.
        given: Digests of items from ``token`` on that were given.
    """

    after: Key | None = None
    token: str | None = None
    ordered: bool = False
    loose: bool = False
    given: tuple[str, ...] = ()


@dataclass(slots=True)
class Entry(Generic[T]):
    """An item of a list with what it is sorted by."""

    key: Key
    item: T


@dataclass(slots=True, kw_only=True)
class Wanted(Generic[T]):
    """The request for one page.

    Attributes:
        since: In microseconds since 1970, as is ``until``.
        latest: Whether the newest comes first.
        read_order: The order to ask the service for: the wanted one, unless it has only the other.
        native: Whether the service documents that it lists in the wanted order.
        complete: Whether the list has to be read to its end, because its first item may come last.
        filtered: Whether it may leave out items of the list that are in the wanted span of time.
    """

    listing: Listing[T]
    list_id: str
    order: Order
    limit: int
    since: int | None = None
    until: int | None = None
    keep: Callable[[T], bool] | None = None
    select: Callable[[Sequence[T]], Sequence[T]] | None = None
    relate: Callable[[Sequence[T], bool], Sequence[T]] | None = None
    latest: bool = field(init=False)
    read_order: Order = field(init=False)
    native: bool = field(init=False)
    complete: bool = field(init=False)
    filtered: bool = field(init=False)

    def __post_init__(self) -> None:
        """Work out what every step asks for."""
        orders = self.listing.orders
        self.latest = self.order is Order.LATEST
        self.read_order = self.order if not orders or self.order in orders else next(iter(orders))
        self.native = bool(orders) and self.read_order is self.order
        # The first item of a page may come last in such a list.
        self.complete = self.select is not None or (orders is not None and not self.native)
        self.filtered = self.keep is not None or self.select is not None

    def in_order(self, position: Position) -> bool:
        """Whether the list can be taken to be in the wanted order."""
        return not self.complete and (position.ordered or (self.native and position.after is None))

    def needs_overlap(self, position: Position) -> bool:
        """Do tokens shift, so that reading on has to show an item that was given: else some were skipped."""
        known = position.after is not None or bool(position.given)
        return position.ordered and position.token is not None and known and not self.listing.stable

    def beyond(self, one: Key, other: Key | None) -> bool:
        """Whether a key comes after another one in the wanted order."""
        return other is None or (one < other if self.latest else one > other)

    def later(self, one: int, other: int) -> bool:
        """Whether a time comes strictly after another one in the wanted order."""
        return one < other if self.latest else one > other

    def passes(self, entry: Entry[T]) -> bool:
        """Whether an entry passes the filters that look at one item."""
        at = entry.key.at
        within = (self.since is None or at >= self.since) and (self.until is None or at < self.until)
        # An item without a time would never be found if every window left it out.
        return (within or at == NO_TIME) and (self.keep is None or self.keep(entry.item))

    def passed(self, at: int) -> bool:
        """Whether nothing can match from a time on, in the wanted order."""
        if self.latest:
            return self.since is not None and at < self.since
        return self.until is not None and at >= self.until

    def precedes(self, at: int, position: Position) -> bool:
        """Whether nothing can match up to a time, in the wanted order."""
        if position.ordered and position.after is not None and self.later(position.after.at, at):
            return True
        if self.latest:
            return self.until is not None and at >= self.until
        return self.since is not None and at < self.since

    def sort(self, entries: Sequence[Entry[T]]) -> list[Entry[T]]:
        """Entries in the wanted order."""
        return sorted(entries, key=_KEY, reverse=self.latest)


@dataclass(slots=True)
class Walk(Generic[T]):
    """The part of a list that was read, in the service's order.

    Attributes:
        read_at: When reading began, by the clock of the pager.
        order: The order in which the service was asked for it.
        starts: The token of each batch, and the index of its first entry.
        next: The token of the batch that follows.
        ended: Nothing follows.
        whole: These are all items of the list.
        pruned: Entries that are not needed were dropped.
        rising: Steps from old to new, less those from new to old.
        total: How many items the list has, where the service tells.
        size: Characters that it takes to hold them.
    """

    read_at: float
    order: Order
    entries: list[Entry[T]] = field(default_factory=list[Entry[T]])
    starts: list[tuple[str | None, int]] = field(default_factory=list[tuple[str | None, int]])
    next: str | None = None
    ended: bool = False
    whole: bool = False
    pruned: bool = False
    rising: int = 0
    rises: bool = False
    falls: bool = False
    timeless: bool = False
    total: int | None = None
    size: int = 0
    ids: set[str] = field(default_factory=set[str])

    def add(self, batch: Batch[T], key: Callable[[T], Key], *, inherit: bool) -> None:
        """Take in a batch without what comes a second time.

        Args:
            batch: What was read.
            key: The key of an item.
            inherit: Does an item without a time have that of the item before it.
        """
        if batch.token is not None or not self.starts:
            self.starts.append((batch.token, len(self.entries)))
        for item in batch.items:
            found = key(item)
            # Pages overlap where items arrive or where tokens shift: the first place of an item counts.
            if found.id in self.ids:
                continue
            # In a documented order the place of an item without a time tells about when it was.
            if found.at == NO_TIME and inherit and self.entries:
                found = Key(self.entries[-1].key.at, found.id)
            self._note_step(found.at)
            self.ids.add(found.id)
            self.entries.append(Entry(found, item))
            self.size += memory_size(item)
        self.total = batch.total if batch.total is not None else self.total
        self.next, self.ended = batch.next, batch.last

    def _note_step(self, at: int) -> None:
        self.timeless = self.timeless or at == NO_TIME
        if self.entries:
            before = self.entries[-1].key.at
            self.rising += (before < at) - (before > at)
            self.rises, self.falls = self.rises or before < at, self.falls or before > at

    def in_order(self, order: Order) -> bool:
        """Whether no step goes against an order."""
        return not (self.rises if order is Order.LATEST else self.falls)

    def is_trusted(self, order: Order, enough: int) -> bool:
        """Do so many entries stand in an order that the rest can be taken to do so too."""
        # Items of one time, or without any, prove nothing about an order.
        return len(self.entries) >= enough and self.rising != 0 and not self.timeless and self.in_order(order)

    def relate(self, wanted: Wanted[T]) -> None:
        """Let the provider look at all entries together."""
        if wanted.relate is not None:
            items = wanted.relate([one.item for one in self.entries], self.whole)
            for entry, item in zip(self.entries, items, strict=True):
                entry.item = item

    def skips(self, wanted: Wanted[T], position: Position) -> bool:
        """Whether items may have been skipped: this has to begin before the time of the last item that was given."""
        first = self.entries[0].key
        if position.after is None:
            return digest(first.id) not in position.given
        return not wanted.later(position.after.at, first.at)

    def onward(self, wanted: Wanted[T]) -> str | None:
        """The token to read on from; of tokens that shift the last one again, which shows whether it did."""
        return self.next if wanted.listing.stable else self.starts[-1][0]

    def accepts(self, wanted: Wanted[T], batch: Batch[T], key: Callable[[T], Key]) -> bool:
        """Whether a batch read from :meth:`onward` follows directly, so that no items between were skipped.

        What was read again replaces what was read before.
        """
        if not wanted.listing.stable:
            # The last batch was read again, from the same token.
            _, begin = self.starts.pop()
            self.ids.difference_update(one.key.id for one in self.entries[begin + 1 :])
            if not batch.items or key(batch.items[0]).id not in self.ids:
                return False
            self.ids.difference_update(one.key.id for one in self.entries[begin:])
            del self.entries[begin:]
        return True

    def restart_after(self, wanted: Wanted[T], after: Key) -> Position:
        """The position after a key of a list in the wanted order."""
        listing = wanted.listing
        if listing.token_at is not None or not listing.restarts:
            return Position(after, listing.token_at(after) if listing.token_at else None, ordered=True)
        # Reading on begins before all items of that time: the service may order them in another way.
        ties = next((at for at, one in enumerate(self.entries) if one.key.at == after.at), len(self.entries) - 1)
        # An unstable token shifts when items are deleted: one entry more will show that nothing was skipped.
        first = ties if listing.stable else max(0, ties - 1)
        token, begin = next((start for start in reversed(self.starts) if start[1] <= first), self.starts[0])
        given = tuple(digest(one.key.id) for one in self.entries[begin:] if not wanted.beyond(one.key, after))
        return Position(after, token, ordered=True, given=given)

    def restart_loose(self, wanted: Wanted[T]) -> Position:
        """The position after all of this, in the service's order."""
        token = self.next if wanted.listing.stable else self.starts[-1][0]
        return Position(token=token, loose=True, given=tuple(digest(one.key.id) for one in self.last_batch()))

    def last_batch(self) -> Sequence[Entry[T]]:
        """The entries that were read last."""
        return self.entries[self.starts[-1][1] :]

    def drop_before(self, after: Key) -> None:
        """Forget entries that are done with, but for the batch with a key and the one before it."""
        reached = next((at for at, one in enumerate(self.entries) if one.key.at == after.at), 0)
        done = [start for start in self.starts if start[1] < reached][:-1]
        if done:
            begin = self.starts[len(done)][1]
            self.size -= sum(memory_size(one.item) for one in self.entries[:begin])
            del self.entries[:begin]
            self.starts = [(token, at - begin) for token, at in self.starts[len(done) :]]

    def drop_done(self, wanted: Wanted[T], after: Key) -> None:
        """Forget, of a stream, what stands before a key, but for the last entry."""
        if len(self.entries) > 1 and wanted.later(after.at, self.entries[-1].key.at):
            del self.entries[:-1]
            self.pruned, self.size = True, 0

    def keep_best(self, wanted: Wanted[T], position: Position) -> None:
        """Forget what this page cannot need, of a list that is too long to be held."""
        found = [one for one in self.entries if wanted.passes(one) and wanted.beyond(one.key, position.after)]
        # Twice a page: what comes later may push items of this one out.
        self.entries = wanted.sort(found)[: 2 * wanted.limit]
        self.pruned, self.size = True, sum(memory_size(one.item) for one in self.entries)
