"""Reads a list from its service, as far as one page needs. See :mod:`dragoman.providers.kit.pager`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final, Generic, Literal, TypeAlias, TypeVar

from dragoman.core.context import progress
from dragoman.core.errors import Conflict, DeadlineExceeded, InvalidArgument, NotFound, RateLimited
from dragoman.core.safe_text import sentence
from dragoman.providers.kit.list_walk import Position, Walk, Wanted
from dragoman.providers.kit.listings import Batch, Key
from dragoman.providers.kit.page_cut import Matches, not_given

T = TypeVar("T")
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


class ListReader(Generic[T]):
    """Reads the lists of one account; the arguments are those of the pager."""

    def __init__(self, service: str, key: Callable[[T], Key], most_batches: int, trust_after: int) -> None:
        self._service = service
        self._key = key
        self._most_batches = max(_FEWEST_BATCHES, most_batches)
        self._trust_after = trust_after

    async def read_on(self, wanted: Wanted[T], position: Position, walk: Walk[T]) -> Stop:
        """Read as far as the page needs."""
        matches, token, number, recalled = Matches(wanted, position), position.token, 0, bool(walk.entries)
        if recalled:
            stop, token = self._judge(wanted, position, walk, matches), walk.onward(wanted)
            if stop or walk.ended:
                return stop or "end"
            matches = Matches(wanted, position)
        try:
            async with aclosing(self._until_forgotten(wanted, position, token)) as batches:
                async for batch in batches:
                    if batch is None or (recalled and not number and not walk.accepts(wanted, batch, self._key)):
                        return "gap"
                    number += 1
                    walk.add(batch, self._key, inherit=wanted.native)
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
            over = wanted.select is None and wanted.precedes(last, position) and walk.in_order(wanted.read_order)
            return "end" if over and wanted.listing.orders else None
        in_order = wanted.in_order(position)
        if in_order and wanted.needs_overlap(position) and walk.skips(wanted, position):
            return "gap"
        if in_order and not walk.in_order(wanted.order):
            return "disorder" if wanted.listing.restarts else None
        full = matches.fill_page(walk)
        return "enough" if full and (in_order or walk.is_trusted(wanted.order, self._trust_after)) else None

    def _judge_loose(self, wanted: Wanted[T], position: Position, walk: Walk[T]) -> Stop | None:
        if not wanted.listing.by_time and all(wanted.passed(one.key.at) for one in walk.last_batch()):
            walk.ended = True  # the service's order is near enough to that of the times
            return "end"
        new = not_given(wanted, position, walk)
        return "enough" if new is not None and len(new) >= wanted.limit else None

    def _is_bound(self, wanted: Wanted[T], position: Position, walk: Walk[T], number: int) -> bool:
        """Was as much read as one page may read."""
        in_order = wanted.in_order(position) and walk.in_order(wanted.order)
        if walk.size > MOST_SIZE and wanted.select is None and not in_order and not position.loose:
            walk.keep_best(wanted, position)
        if wanted.listing.restarts:
            return number >= self._most_batches or walk.size > MOST_SIZE
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
                    self._service,
                    self._most_batches,
                ),
                hint=sentence("Try again later; tell {} if it stays so.", self._service),
            )
        against = walk.rising > 0 if wanted.latest else walk.rising <= 0
        if against or wanted.complete:
            raise DeadlineExceeded(
                sentence("The list is so long that after {} entries its other end was not reached.", len(walk.entries)),
                hint="Read it in the other order" + (", or without thread." if wanted.select else "."),
            )

    def lost_place(self) -> Conflict:
        """The error for a place that cannot be found again."""
        return Conflict(
            sentence("{} does not know the place any more where the list goes on.", self._service),
            hint="Repeat the call without cursor.",
        )


async def _report(wanted: Wanted[T], walk: Walk[T], number: int) -> None:
    if number > _REPORT_AFTER and (wanted.listing.restarts or number % _REPORT_EVERY == 0):
        await progress.report(number, f"{len(walk.entries)} entries read")
