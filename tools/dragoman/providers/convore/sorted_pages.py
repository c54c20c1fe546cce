"""Sorted pages out of lists whose order is the service's secret.

Convore lists in one order, does not say which, and gives cursors that lead one way only. So a list is
read to its end and sorted by moment and id, which is one call for nearly every conversation. A list
that goes on and on is taken to be in the wanted order when hundreds of entries say so without exception,
and read only as far as needed. What was read is remembered for a while, so that going on reads nothing again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from dragoman.core.context import progress
from dragoman.core.context.clock import current_clock
from dragoman.core.errors import Conflict, DeadlineExceeded, InvalidArgument, NotFound
from dragoman.core.safe_text import sentence
from dragoman.providers.convore.cursors import Place, mark_of
from dragoman.providers.convore.list_reading import Batch, Plan, Stretch

T = TypeVar("T")

MOST_PAGES: Final = 100
"""Pages that one call reads."""

_TRUSTED: Final = 400  # entries in the wanted order, one after the other, speak for the rest
_MOST_CHARACTERS: Final = 16_000_000  # that are held at once
_FRESH: Final = 120.0  # seconds
_REPORT_AFTER: Final = 3  # pages


@dataclass(frozen=True, slots=True)
class Cut(Generic[T]):
    """A page in the order that was wanted, and where it goes on.

    Attributes:
        total: How many entries the list has, as far as that is known.
        bare: The service had nothing at all.
    """

    values: Sequence[T]
    place: Place | None
    total: int | None = None
    bare: bool = False


class Walker(Generic[T]):
    """Reads the lists of one account, and remembers what it has read not long ago."""

    def __init__(self) -> None:
        self._clock = current_clock()
        self._read: OrderedDict[tuple[str, str | None], tuple[float, Stretch[T]]] = OrderedDict()

    async def page(self, plan: Plan[T], place: Place) -> Cut[T]:
        """A page.

        Raises:
            DeadlineExceeded: The wanted end of the list is too far away.
            Conflict: The service does not know the place any more.
        """
        stretch = self._recall(plan, place) or await self._walk(plan, place)
        if stretch is None:  # the service has forgotten its cursor, and ours says where to go on
            return await self.page(plan, Place(after=place.after))
        if place.sure and stretch.disordered(plan):
            # The list is not in the order that it was taken to be in: what was not given of it comes as it lies.
            return await self.page(plan, Place(start=place.start, seen=_given(place, stretch)))
        if stretch.cursor is not None and not stretch.sure:
            _require_near(plan, stretch)
        return _cut(plan, place, stretch)

    def knows(self, name: str) -> bool:
        """Whether a list was read to its end not long ago."""
        found = self._read.get((name, None))
        return found is not None and found[1].cursor is None

    def forget(self, name: str) -> None:
        """Read a list anew, because it was changed."""
        for key in [key for key in self._read if key[0] == name]:
            del self._read[key]

    async def _walk(self, plan: Plan[T], place: Place) -> Stretch[T] | None:
        """Read as far as needed; ``None`` when the service does not know the place any more, but we do."""
        stretch = await self._read_on(plan, place)
        if stretch is None:
            return None
        whole = stretch.cursor is None and place.start is None
        stretch.entries = list(plan.finish(stretch.entries, whole))
        if plan.name and not stretch.sure and not place.sure:
            self._remember((plan.name, place.start), stretch)
        return stretch

    async def _read_on(self, plan: Plan[T], place: Place) -> Stretch[T] | None:
        stretch, cursor, known = Stretch[T](), place.start, set[str | None]()
        for number in range(1, MOST_PAGES + 1):
            batch = await self._fetch(plan, place, cursor)
            if batch is None:
                return None
            stretch.add(cursor, batch)
            known.add(cursor)
            cursor = batch.cursor
            if place.sure and stretch.disordered(plan):
                break
            if cursor is None or cursor in known:
                stretch.cursor = None
                break
            if self._suffices(plan, place, stretch) or stretch.weight > _MOST_CHARACTERS:
                break
            if number > _REPORT_AFTER:
                await progress.report(number, f"{len(stretch.entries)} entries read")
        return stretch

    def _suffices(self, plan: Plan[T], place: Place, stretch: Stretch[T]) -> bool:
        """Whether the rest of the list need not be read, because all of it so far is in the wanted order."""
        told = (place.sure or len(stretch.entries) >= _TRUSTED) and not plan.to_the_end
        if told and stretch.entries and stretch.rising and not stretch.disordered(plan):
            stretch.sure = plan.enough(stretch.entries, place)
        return stretch.sure

    async def _fetch(self, plan: Plan[T], place: Place, cursor: str | None) -> Batch[T] | None:
        try:
            return await plan.fetch(cursor)
        except (InvalidArgument, NotFound) as error:
            if cursor is None or cursor != place.start:
                raise
            if place.after is not None and place.sure:
                return None
            raise Conflict(
                "Convore does not know the place any more where the list goes on.",
                hint="Repeat the call without cursor.",
            ) from error

    def _recall(self, plan: Plan[T], place: Place) -> Stretch[T] | None:
        """What was read for the page before, unless it is old; the first page is always read anew."""
        found = self._read.get((plan.name, place.start))
        if found is None or place.after is None or place.sure:
            return None
        at, stretch = found
        return stretch if self._clock.monotonic() - at < _FRESH else None

    def _remember(self, key: tuple[str, str | None], stretch: Stretch[T]) -> None:
        self._read.pop(key, None)
        self._read[key] = self._clock.monotonic(), stretch
        while len(self._read) > 1 and sum(one.weight for _, one in self._read.values()) > _MOST_CHARACTERS:
            self._read.popitem(last=False)


def _cut(plan: Plan[T], place: Place, stretch: Stretch[T]) -> Cut[T]:
    found = [one for one in plan.wanted(stretch.entries, place) if mark_of(one.id) not in place.seen]
    page, more = found[: plan.limit], len(found) > plan.limit
    following: Place | None = None
    if stretch.sure and (more or not plan.passed(stretch.entries[-1].moment)):
        following = Place(page[-1].key, stretch.start_of(page[-1].moment), sure=True)
    elif more:
        following = replace(place, after=page[-1].key)
    elif stretch.cursor is not None and not stretch.sure:
        following = Place(start=stretch.cursor, seen=tuple(mark_of(one.id) for one in stretch.last_page()))
    total = len(stretch.entries) if stretch.cursor is None and place.start is None else stretch.total
    return Cut([one.value for one in page], following, total, bare=not stretch.entries)


def _given(place: Place, stretch: Stretch[T]) -> tuple[str, ...]:
    """Marks of what was given before: all up to the last of it."""
    last = [at for at, one in enumerate(stretch.entries) if one.key == place.after]
    return tuple(mark_of(one.id) for one in stretch.entries[: (last or [-1])[-1] + 1])


def _require_near(plan: Plan[T], stretch: Stretch[T]) -> None:
    """Check that what was read of a very long list is its wanted end."""
    if not stretch.entries:
        raise DeadlineExceeded(
            sentence("Convore has nothing to show on {} pages in a row, and says that there are more.", MOST_PAGES),
            hint="Try again later; tell Convore if it stays so.",
        )
    against = stretch.rising > 0 if plan.latest else stretch.rising <= 0
    if against or plan.to_the_end:
        raise DeadlineExceeded(
            sentence("The list is so long that after {} entries its other end was not reached.", len(stretch.entries)),
            hint="Read it in the other order" + (", or without thread." if plan.to_the_end else "."),
        )
