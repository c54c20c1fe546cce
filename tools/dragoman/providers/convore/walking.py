"""Sorted pages out of lists whose order is the service's secret.

Convore lists in one order, does not say which, and gives cursors that lead one way only. So a list is
read to its end and sorted by moment and id, which is one call for nearly every conversation. A list
that goes on for pages is taken to be in the wanted order when all of these say so, and read only as far
as needed. What was read to its end is remembered for a while, so that going on reads nothing again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, Generic, TypeVar

from dragoman import progress
from dragoman.clock import current_clock
from dragoman.errors import Conflict, DeadlineExceeded, InvalidArgument, NotFound
from dragoman.model import Order
from dragoman.providers.convore.cursors import Key, Place, mark_of

T = TypeVar("T")

MOST_PAGES: Final = 100
"""Pages that one call reads."""

EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
"""Stands for the moment of what has none."""

_TRUSTED: Final = 5  # pages in the wanted order that speak for the rest
_MOST_CHARACTERS: Final = 16_000_000  # of texts that are held at once
_FRESH: Final = 120.0  # seconds
_REPORT_AFTER: Final = 3  # pages


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """Something of a list.

    Attributes:
        weight: Characters that it takes to remember it.
    """

    key: Key
    value: T
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """A page of the service, in its order."""

    entries: Sequence[Entry[T]]
    cursor: str | None
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Generic[T]):
    """What is wanted of a list.

    Attributes:
        fetch: Reads the service's page at a cursor.
        name: Under which the whole list is remembered; empty remembers nothing.
        keep: What is wanted.
        since: Not before this moment.
        until: Before this moment.
        finish: Looks at entries together, with whether they are all there are.
        all_of_it: The list has to be read to its end, because one entry bears on others.
    """

    fetch: Callable[[str | None], Awaitable[Batch[T]]]
    order: Order
    limit: int
    name: str = ""
    keep: Callable[[Sequence[Entry[T]]], Sequence[Entry[T]]] = lambda entries: entries
    since: datetime | None = None
    until: datetime | None = None
    finish: Callable[[Sequence[Entry[T]], bool], Sequence[Entry[T]]] = lambda entries, _: entries
    all_of_it: bool = False

    @property
    def latest(self) -> bool:
        """Whether the newest comes first."""
        return self.order is Order.LATEST

    def rank(self, entry: Entry[T]) -> Key:
        """What to sort by, oldest first."""
        return entry.key

    def wanted(self, entries: Sequence[Entry[T]], place: Place) -> list[Entry[T]]:
        """What comes after a place, in order."""
        found = sorted(self.keep(entries), key=lambda one: one.key, reverse=self.latest)
        return [one for one in found if self._within(one.key[0]) and self._after(one.key, place.after)]

    def passed(self, moment: datetime) -> bool:
        """Whether nothing further on in this order can be wanted."""
        if self.latest:
            return self.since is not None and moment < self.since
        return self.until is not None and moment >= self.until

    def _within(self, moment: datetime) -> bool:
        early = self.since is not None and moment < self.since
        late = self.until is not None and moment >= self.until
        return moment == EARLIEST or not (early or late)

    def _after(self, key: Key, last: Key | None) -> bool:
        return last is None or (key < last if self.latest else key > last)


@dataclass(slots=True)
class Stretch(Generic[T]):
    """What was read of a list.

    Attributes:
        cursor: Where the service's list goes on, ``None`` at its end.
        sure: It was in the wanted order, and enough of it was read.
        total: How many entries the service's list has.
    """

    batches: list[tuple[str | None, Sequence[Entry[T]]]] = field(default_factory=list[tuple[str | None, Sequence[Entry[T]]]])
    entries: list[Entry[T]] = field(default_factory=list[Entry[T]])
    cursor: str | None = None
    sure: bool = False
    total: int | None = None
    weight: int = 0

    def add(self, at: str | None, batch: Batch[T]) -> None:
        """Take in a page; what comes a second time is left out."""
        ids = {one.key[1] for one in self.entries[-1000:]} if self.entries else set[str]()
        fresh = list({one.key[1]: one for one in batch.entries if one.key[1] not in ids}.values())
        self.batches.append((at, fresh))
        self.entries.extend(fresh)
        self.weight += sum(one.weight for one in fresh)
        self.total = batch.total if batch.total is not None else self.total
        self.cursor = batch.cursor

    @property
    def votes(self) -> int:
        """How many steps go from old to new, less those from new to old."""
        return sum((a.key[0] < b.key[0]) - (a.key[0] > b.key[0]) for a, b in pairwise(self.entries))

    def runs(self, *, latest: bool) -> bool:
        """Whether every step goes in one direction or stays."""
        dated = all(one.key[0] != EARLIEST for one in self.entries)
        steps = [(a.key[0], b.key[0]) for a, b in pairwise(self.entries)]
        return dated and all(a >= b if latest else a <= b for a, b in steps) and any(a != b for a, b in steps)


@dataclass(frozen=True, slots=True)
class Cut(Generic[T]):
    """A page as it was wanted, in the order of the plan, and where it goes on."""

    values: Sequence[T]
    place: Place | None
    total: int | None = None
    empty: bool = False


@dataclass(frozen=True, slots=True)
class _Whole(Generic[T]):
    entries: Sequence[Entry[T]]
    at: float
    weight: int


class Walker(Generic[T]):
    """Reads the lists of one account, and remembers those that it has read to their end."""

    def __init__(self) -> None:
        self._clock = current_clock()
        self._wholes: OrderedDict[str, _Whole[T]] = OrderedDict()

    async def page(self, plan: Plan[T], place: Place) -> Cut[T]:
        """A page.

        Raises:
            DeadlineExceeded: The wanted end of the list is too far away.
            Conflict: The service does not know the place any more.
        """
        whole = self._wholes.get(plan.name) if place.after and not place.start else None
        if whole is not None and self._clock.monotonic() - whole.at < _FRESH:
            return _cut(plan, place, Stretch(entries=list(whole.entries)))
        stretch = await self._read(plan, place)
        if stretch is None:
            return await self.page(plan, Place(after=place.after))
        entries = plan.finish(stretch.entries, stretch.cursor is None and place.start is None)
        stretch.entries = [one for one in entries if mark_of(one.key[1]) not in place.seen]
        if plan.name and stretch.cursor is None and place.start is None:
            self._remember(plan.name, stretch)
        if stretch.cursor is not None and not stretch.sure:
            _require_near(plan, stretch)
        return _cut(plan, place, stretch)

    def whole(self, name: str) -> bool:
        """Whether a list was read to its end not long ago."""
        return name in self._wholes

    def forget(self, name: str) -> None:
        """Read a list anew, because it was changed."""
        self._wholes.pop(name, None)

    async def _read(self, plan: Plan[T], place: Place) -> Stretch[T] | None:
        """Read as far as needed; ``None`` when what was sure is so no more."""
        stretch, cursor, known = Stretch[T](), place.start, set[str | None]()
        for number in range(1, MOST_PAGES + 1):
            batch = await self._fetch(plan, place, cursor)
            if batch is None:
                return None
            stretch.add(cursor, batch)
            known.add(cursor)
            cursor = batch.cursor
            if cursor is None or cursor in known:
                stretch.cursor = None
                return stretch
            if (place.sure or number >= _TRUSTED) and not plan.all_of_it:
                orderly = stretch.runs(latest=plan.latest)
                if place.sure and not orderly and stretch.votes:
                    return None
                if orderly and _enough(plan, place, stretch):
                    stretch.sure = True
                    return stretch
            if stretch.weight > _MOST_CHARACTERS:
                return stretch
            if number > _REPORT_AFTER:
                await progress.report(number, f"{len(stretch.entries)} entries read")
        return stretch

    async def _fetch(self, plan: Plan[T], place: Place, cursor: str | None) -> Batch[T] | None:
        try:
            return await plan.fetch(cursor)
        except (InvalidArgument, NotFound) as error:
            if cursor is None or cursor != place.start:
                raise
            if place.after is not None:
                return None  # the service has forgotten its cursor; ours says where to go on
            raise Conflict(
                "Convore does not know the place any more where the list goes on.",
                hint="Repeat the call without cursor.",
            ) from error

    def _remember(self, name: str, stretch: Stretch[T]) -> None:
        self._wholes.pop(name, None)
        self._wholes[name] = _Whole(tuple(stretch.entries), self._clock.monotonic(), stretch.weight)
        while sum(one.weight for one in self._wholes.values()) > _MOST_CHARACTERS and len(self._wholes) > 1:
            self._wholes.popitem(last=False)


def _enough(plan: Plan[T], place: Place, stretch: Stretch[T]) -> bool:
    """Whether the page is full and all of its last moment was read; in an orderly list nothing better follows."""
    last = stretch.entries[-1].key[0]
    if plan.passed(last):
        return True
    found = plan.wanted(stretch.entries, place)
    return len(found) >= plan.limit and found[plan.limit - 1].key[0] != last


def _cut(plan: Plan[T], place: Place, stretch: Stretch[T]) -> Cut[T]:
    found = plan.wanted(stretch.entries, place)
    page, more = found[: plan.limit], len(found) > plan.limit
    total = stretch.total if stretch.cursor or place.start else len(stretch.entries)
    following: Place | None = None
    if stretch.sure:
        ended = not more and plan.passed(stretch.entries[-1].key[0])
        following = None if ended else Place(page[-1].key, _start(stretch, page[-1].key[0]), sure=True)
    elif more:
        following = replace(place, after=page[-1].key)
    elif stretch.cursor is not None:
        seen = tuple(mark_of(one.key[1]) for one in stretch.batches[-1][1])
        following = Place(start=stretch.cursor, seen=seen)
    return Cut([one.value for one in page], following, total, empty=not stretch.entries)


def _start(stretch: Stretch[T], moment: datetime) -> str | None:
    """The service's cursor of the first page with something of a moment."""
    return next(at for at, entries in stretch.batches if any(one.key[0] == moment for one in entries))


def _require_near(plan: Plan[T], stretch: Stretch[T]) -> None:
    """Check that what was read of a very long list is its wanted end."""
    against = stretch.votes > 0 if plan.latest else stretch.votes <= 0
    if against or plan.all_of_it:
        raise DeadlineExceeded(
            f"The list is so long that after {len(stretch.entries)} entries its other end was not reached.",
            hint="Read in the other order, or without thread." if plan.all_of_it else "Read in the other order.",
        )
