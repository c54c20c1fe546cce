"""Reads a list from its service, as far as one page needs. See :mod:`dragoman.providers.kit.pager`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Generic, Literal, TypeAlias, TypeVar

from dragoman.core.context import progress
from dragoman.core.errors import Conflict, DeadlineExceeded, InvalidArgument, NotFound, RateLimited
from dragoman.core.safe_text import sentence
from dragoman.providers.kit.cursor import digest
from dragoman.providers.kit.list_walk import Entry, Position, Walk, Wanted
from dragoman.providers.kit.listings import Batch, Key

T = TypeVar("T")
Cut: TypeAlias = tuple[Sequence[Entry[T]], Position | None]
"""Entries in the wanted order, and where the list goes on; ``None`` at its end."""


@dataclass(slots=True)
class Matches(Generic[T]):
    """Counts the entries of a list in order that a page can have, as they are read."""

    wanted: Wanted[T]
    position: Position
    counted: int = 0
    found: int = 0
    last_at: int = 0

    def fill_page(self, walk: Walk[T]) -> bool:
        """Whether the page is full and all items of its last time were read, or nothing more can match."""
        for entry in walk.entries[self.counted :]:
            if _is_new(self.wanted, self.position, entry) and self.wanted.passes(entry):
                self.found += 1
                if self.found == self.wanted.limit:
                    self.last_at = entry.key.at
        self.counted = len(walk.entries)
        if not walk.entries:
            return False
        last = walk.entries[-1].key.at
        # More items of the last time may stand in the next batch, in any order.
        complete = self.wanted.listing.whole_times or self.wanted.later(last, self.last_at)
        full = self.found >= self.wanted.limit and complete
        return full or self.wanted.passed(last)


def cut_complete(wanted: Wanted[T], position: Position, walk: Walk[T]) -> Cut[T]:
    """Cut a page out of a whole list, whose order does not matter."""
    entries: Sequence[Entry[T]] = walk.entries
    if wanted.select is not None:
        chosen = {id(one) for one in wanted.select([one.item for one in entries])}
        entries = [one for one in entries if id(one.item) in chosen]
    found = [one for one in wanted.sort(entries) if _is_new(wanted, position, one) and wanted.passes(one)]
    page = found[: wanted.limit]
    if len(found) == len(page):
        return page, None
    ordered = walk.in_order(wanted.read_order) and (position.after is None or position.ordered)
    return page, Position(page[-1].key, ordered=ordered)


def cut_ordered(wanted: Wanted[T], position: Position, walk: Walk[T]) -> Cut[T]:
    """Cut a page out of the beginning of a list in the wanted order."""
    passed = bool(walk.entries) and wanted.passed(walk.entries[-1].key.at)
    ended = walk.ended or passed
    usable = walk.entries if ended or wanted.listing.whole_times else _without_last_time(walk)
    new = wanted.sort([one for one in usable if _is_new(wanted, position, one)])
    if not new and not ended:
        return _step_over(wanted, position, walk)
    found = [one for one in new if wanted.passes(one)]
    page = found[: wanted.limit]
    if len(found) > len(page):
        return page, walk.restart_after(wanted, page[-1].key)
    return page, None if ended else walk.restart_after(wanted, new[-1].key)


def cut_loose(wanted: Wanted[T], position: Position, walk: Walk[T]) -> Cut[T] | None:
    """Cut a page out of a list whose order is not that of the keys; ``None`` when its place is lost."""
    new = not_given(wanted, position, walk)
    if new is None:
        return None
    if not wanted.listing.restarts:
        return _cut_late(wanted, position, new)
    page = [one for one in new if wanted.passes(one)]
    following = None if walk.ended else walk.restart_loose(wanted)
    return (wanted.sort(page) if wanted.listing.by_time else page), following


def not_given(wanted: Wanted[T], position: Position, walk: Walk[T]) -> list[Entry[T]] | None:
    """Entries that no page had of a disordered list, in the service's order; ``None`` when its place is lost."""
    known = set(position.given)
    entries: Sequence[Entry[T]] = walk.entries
    if not position.loose:
        entries = _new_in_turned(wanted, position, walk)
    elif known and not wanted.listing.stable:
        # What stands before the first item that was given had moved there, and was given earlier.
        first = next((at for at, one in enumerate(entries) if digest(one.key.id) in known), None)
        if first is None:
            return None
        entries = entries[first:]
    return [one for one in entries if not known or digest(one.key.id) not in known]


def _new_in_turned(wanted: Wanted[T], position: Position, walk: Walk[T]) -> list[Entry[T]]:
    """Entries that no page had of a list that turned out disordered; earlier pages read up to the disorder."""
    steps = enumerate(pairwise(one.key.at for one in walk.entries), 1)
    turn = next((at for at, (one, other) in steps if wanted.later(one, other)), len(walk.entries))
    return [one for at, one in enumerate(walk.entries) if at >= turn or wanted.beyond(one.key, position.after)]


def _cut_late(wanted: Wanted[T], position: Position, new: Sequence[Entry[T]]) -> Cut[T]:
    """Give what came too late in a stream at once, and let the rest be sorted from now on."""
    passing = [one for one in wanted.sort(new) if wanted.passes(one)]
    late = [one for one in passing if not wanted.beyond(one.key, position.after)]
    rest = passing[len(late) :]
    page = rest[: wanted.limit]
    following = Position(page[-1].key) if len(rest) > len(page) else None
    return [*late, *page], following


def _is_new(wanted: Wanted[T], position: Position, entry: Entry[T]) -> bool:
    if position.after is not None:
        return wanted.beyond(entry.key, position.after)
    return not position.given or digest(entry.key.id) not in position.given


def _without_last_time(walk: Walk[T]) -> list[Entry[T]]:
    """Entries whose time was read completely: others of the last one may follow."""
    return [one for one in walk.entries if one.key.at != walk.entries[-1].key.at]


def _step_over(wanted: Wanted[T], position: Position, walk: Walk[T]) -> Cut[T]:
    """Go on where nothing new was read, or only items of one time, which more may share."""
    new = [one for one in walk.entries if _is_new(wanted, position, one)]
    one_batch = len(walk.starts) < 2  # noqa: PLR2004 - going on with the same one would never end
    token = walk.next if one_batch or wanted.listing.stable else walk.starts[-1][0]
    if not new:
        return [], Position(position.after, token, ordered=True, given=position.given)
    done = [one for one in walk.entries if not _is_new(wanted, position, one)]
    if done:
        later = walk.restart_after(wanted, done[-1].key)
        if later.token != position.token:
            return [], replace(later, after=position.after)
    given = tuple(digest(one.key.id) for one in walk.last_batch())
    return wanted.sort([one for one in new if wanted.passes(one)]), Position(None, token, ordered=True, given=given)


Stop: TypeAlias = Literal["enough", "bound", "disorder", "gap", "end"]
"""Why reading stopped: the page is full, or as much was read as one page may read, or the list is not in the order
that it was taken to be in, or items may have been skipped, or the rest cannot match."""

MOST_BATCHES: Final = 100
"""Answers of a service that one page reads."""

MOST_SIZE: Final = 16_000_000
"""Characters of items that a pager holds."""

TRUST_AFTER: Final = 400
"""Items in order, one after the other, that speak for the rest."""

_FEWEST_BATCHES: Final = 3  # one is read again, and one more where a time goes over its end
_MOST_EXAMINED: Final = 5000  # items of a stream that one page looks at while few of them match
_REPORT_AFTER: Final = 3  # batches
_REPORT_EVERY: Final = 500  # items of a stream


@dataclass(frozen=True, slots=True)
class ListReader(Generic[T]):
    """Reads the lists of one account; the fields are those of the pager."""

    service: str
    key: Callable[[T], Key]
    most_batches: int
    trust_after: int

    async def read_on(self, wanted: Wanted[T], position: Position, walk: Walk[T]) -> Stop:
        """Read as far as the page needs."""
        matches, token, number, recalled = Matches(wanted, position), position.token, 0, bool(walk.entries)
        if recalled:
            stop, token = self._judge(wanted, position, walk, matches), walk.onward(wanted)
            if stop or walk.ended:
                return stop or "end"
            # Reading the last batch again replaces its entries, so the counting begins anew.
            matches = Matches(wanted, position)
        try:
            async with aclosing(self._until_forgotten(wanted, position, token)) as batches:
                async for batch in batches:
                    if batch is None or (recalled and not number and not walk.accepts(wanted, batch, self.key)):
                        return "gap"
                    number += 1
                    walk.add(batch, self.key, inherit=wanted.native)
                    stop = self._judge(wanted, position, walk, matches)
                    if stop or walk.ended:
                        return stop or "end"
                    if self._is_bound(wanted, position, walk, number):
                        return "bound"
                    await _report(wanted, walk, number)
        except RateLimited:
            # What was read until then is a page; its cursor goes on when the service takes calls again.
            if not (number and wanted.listing.token_at and wanted.in_order(position)):
                raise
            return "bound"
        walk.ended = True
        return "gap" if wanted.needs_overlap(position) and not walk.entries else "end"

    async def _until_forgotten(
        self, wanted: Wanted[T], position: Position, token: str | None
    ) -> AsyncGenerator[Batch[T] | None]:
        """The batches from a token on; ``None`` when the service forgot it and a key tells where to go on."""
        begun = token is None
        try:
            async with aclosing(wanted.listing.batches(wanted.read_order, token)) as batches:
                async for batch in batches:
                    begun = True
                    yield batch
        # A service that forgot a token says so in one of these two ways.
        except (InvalidArgument, NotFound) as error:
            if begun:
                raise
            if position.after is None:
                raise self.lost_place() from error
            yield None

    def _judge(self, wanted: Wanted[T], position: Position, walk: Walk[T], matches: Matches[T]) -> Stop | None:
        """Why reading can stop here; ``None`` when it has to go on."""
        if not walk.entries:
            return None
        last = walk.entries[-1].key.at
        if position.loose:
            return self._judge_loose(wanted, position, walk)
        if wanted.complete:
            # A thread's replies may stand anywhere, so a selection needs the whole list.
            over = wanted.select is None and wanted.precedes(last, position) and walk.in_order(wanted.read_order)
            return "end" if over and wanted.listing.orders else None
        in_order = wanted.in_order(position)
        if in_order and wanted.needs_overlap(position) and walk.skips(wanted, position):
            return "gap"
        if in_order and not walk.in_order(wanted.order):
            return "disorder" if wanted.listing.restarts else None
        full = matches.fill_page(walk)
        return "enough" if full and (in_order or walk.is_trusted(wanted.order, self.trust_after)) else None

    def _judge_loose(self, wanted: Wanted[T], position: Position, walk: Walk[T]) -> Stop | None:
        if not wanted.listing.by_time and all(wanted.passed(one.key.at) for one in walk.last_batch()):
            walk.ended = True  # the service's order is near enough to that of the times
            return "end"
        new = not_given(wanted, position, walk)
        return "enough" if new is not None and len(new) >= wanted.limit else None

    def _is_bound(self, wanted: Wanted[T], position: Position, walk: Walk[T], number: int) -> bool:
        """Whether as much was read as one page may read."""
        in_order = wanted.in_order(position) and walk.in_order(wanted.order)
        if walk.size > MOST_SIZE and wanted.select is None and not in_order and not position.loose:
            walk.keep_best(wanted, position)
        if wanted.listing.restarts:
            return number >= max(_FEWEST_BATCHES, self.most_batches) or walk.size > MOST_SIZE
        if not in_order:
            return False
        if position.after is not None:
            walk.drop_done(wanted, position.after)
        times = [one.key.at for one in walk.entries[-2:]]
        return len(walk.entries) > _MOST_EXAMINED and times[0] != times[1]

    def require_near_end(self, wanted: Wanted[T], walk: Walk[T]) -> None:
        """Check that what was read of a very long list is its wanted end.

        Raises:
            DeadlineExceeded: It is not.
        """
        if not walk.entries:
            raise DeadlineExceeded(
                sentence(
                    "{} has nothing to show on {} pages in a row, and says that there are more.",
                    self.service,
                    self.most_batches,
                ),
                hint=sentence("Try again later; tell {} if it stays so.", self.service),
            )
        # Steps against the wanted order mean that the far end was read.
        against = walk.rising > 0 if wanted.latest else walk.rising <= 0
        if against or wanted.complete:
            raise DeadlineExceeded(
                sentence("The list is so long that after {} entries its other end was not reached.", len(walk.entries)),
                hint="Read it in the other order" + (", or without thread." if wanted.select else "."),
            )

    def lost_place(self) -> Conflict:
        """The error for a place that cannot be found again."""
        return Conflict(
            sentence("{} does not know the place any more where the list goes on.", self.service),
            hint="Repeat the call without cursor.",
        )


async def _report(wanted: Wanted[T], walk: Walk[T], number: int) -> None:
    if number > _REPORT_AFTER and (wanted.listing.restarts or number % _REPORT_EVERY == 0):
        await progress.report(number, f"{len(walk.entries)} entries read")
