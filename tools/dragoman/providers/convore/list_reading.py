"""What is wanted of a list, and what was read of it. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, Generic, TypeVar

from dragoman.core.model import Order
from dragoman.providers.convore.cursors import Key, Place

T = TypeVar("T")

EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
"""Stands for the moment of what has none."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """Something of a list. ``weight``: characters that it takes to hold it."""

    key: Key
    value: T
    weight: int = 0

    @property
    def moment(self) -> datetime:
        """What it is sorted by, before its id."""
        return self.key[0]

    @property
    def id(self) -> str:
        """Its id."""
        return self.key[1]


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """A page of the service, in its order."""

    entries: Sequence[Entry[T]]
    cursor: str | None
    total: int | None = None


def _everything(entries: Sequence[Entry[T]]) -> Sequence[Entry[T]]:
    return entries


def _as_it_is(entries: Sequence[Entry[T]], whole: bool) -> Sequence[Entry[T]]:  # noqa: ARG001, FBT001 - see Plan.finish
    return entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Generic[T]):
    """What is wanted of a list.

    Attributes:
        fetch: Reads the service's page at a cursor.
        name: Under which the list is remembered; empty remembers nothing.
        keep: What is wanted, of all that was read.
        since: Not before this moment.
        until: Before this moment.
        finish: Looks at entries together, and is told whether they are all there are.
        to_the_end: The list has to be read to its end, because each entry may bear on the others.
    """

    fetch: Callable[[str | None], Awaitable[Batch[T]]]
    order: Order
    limit: int
    name: str = ""
    keep: Callable[[Sequence[Entry[T]]], Sequence[Entry[T]]] = _everything
    since: datetime | None = None
    until: datetime | None = None
    finish: Callable[[Sequence[Entry[T]], bool], Sequence[Entry[T]]] = _as_it_is
    to_the_end: bool = False

    @property
    def latest(self) -> bool:
        """Whether the newest comes first."""
        return self.order is Order.LATEST

    def wanted(self, entries: Sequence[Entry[T]], place: Place) -> list[Entry[T]]:
        """What comes after a place, in order."""
        found = sorted(self.keep(entries), key=lambda one: one.key, reverse=self.latest)
        return [one for one in found if self._within(one.moment) and self._after(one.key, place.after)]

    def passed(self, moment: datetime) -> bool:
        """Whether nothing further on in this order can be wanted."""
        if self.latest:
            return self.since is not None and moment < self.since
        return self.until is not None and moment >= self.until

    def enough(self, entries: Sequence[Entry[T]], place: Place) -> bool:
        """Whether, in a list in this order, the page is full and all of its last moment was read."""
        last = entries[-1].moment
        if self.passed(last):
            return True
        found = self.wanted(entries, place)
        return len(found) >= self.limit and found[self.limit - 1].moment != last

    def _within(self, moment: datetime) -> bool:
        early = self.since is not None and moment < self.since
        late = self.until is not None and moment >= self.until
        return moment == EARLIEST or not (early or late)

    def _after(self, key: Key, last: Key | None) -> bool:
        return last is None or (key < last if self.latest else key > last)


@dataclass(slots=True)
class Stretch(Generic[T]):
    """What was read of a list, in the service's order.

    Attributes:
        starts: The service's cursor of each page, and where its entries begin.
        cursor: Where the service's list goes on, ``None`` at its end.
        sure: It was in the wanted order, and enough of it was read.
        total: How many entries the service's list has.
    """

    entries: list[Entry[T]] = field(default_factory=list[Entry[T]])
    starts: list[tuple[str | None, int]] = field(default_factory=list[tuple[str | None, int]])
    cursor: str | None = None
    sure: bool = False
    total: int | None = None
    weight: int = 0
    ids: set[str] = field(default_factory=set[str])

    def add(self, at: str | None, batch: Batch[T]) -> None:
        """Take in a page; what comes a second time, because the list moved, is left out."""
        fresh = list({one.id: one for one in batch.entries if one.id not in self.ids}.values())
        self.starts.append((at, len(self.entries)))
        self.entries.extend(fresh)
        self.ids.update(one.id for one in fresh)
        self.weight += sum(one.weight for one in fresh)
        self.total = batch.total if batch.total is not None else self.total
        self.cursor = batch.cursor

    @property
    def rising(self) -> int:
        """How many steps go from old to new, less those from new to old."""
        return sum((a.moment < b.moment) - (a.moment > b.moment) for a, b in pairwise(self.entries))

    def disordered(self, plan: Plan[T]) -> bool:
        """Whether a step goes against the order of a plan, or a moment is not known."""
        pairs = pairwise(one.moment for one in self.entries)
        against = any(a < b if plan.latest else a > b for a, b in pairs)
        return against or any(one.moment == EARLIEST for one in self.entries)

    def start_of(self, moment: datetime) -> str | None:
        """The service's cursor of the first page with something of a moment."""
        first = next(at for at, one in enumerate(self.entries) if one.moment == moment)
        return [cursor for cursor, begin in self.starts if begin <= first][-1]

    def last_page(self) -> Sequence[Entry[T]]:
        """The entries that the service gave last."""
        return self.entries[self.starts[-1][1] :]
