"""Cuts pages out of what was read of a list, and says where the list goes on. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Generic, TypeAlias, TypeVar

from dragoman.providers.kit.cursor import digest
from dragoman.providers.kit.list_walk import Entry, Position, Walk, Wanted

T = TypeVar("T")
Cut: TypeAlias = tuple[Sequence[Entry[T]], Position | None]
"""Entries in the wanted order, and where the list goes on; ``None`` at its end."""


class Matches(Generic[T]):
    """Counts the entries of a list in order that a page can have, as they are read."""

    def __init__(self, wanted: Wanted[T], position: Position) -> None:
        self._wanted = wanted
        self._position = position
        self._counted = 0
        self._found = 0
        self._last_at = 0

    def fill_page(self, walk: Walk[T]) -> bool:
        """Is the page full, and was all of its last time read; or can nothing match any more."""
        for entry in walk.entries[self._counted :]:
            if _is_new(self._wanted, self._position, entry) and self._wanted.passes(entry):
                self._found += 1
                if self._found == self._wanted.limit:
                    self._last_at = entry.key.at
        self._counted = len(walk.entries)
        if not walk.entries:
            return False
        last = walk.entries[-1].key.at
        complete = self._wanted.listing.whole_times or self._wanted.later(last, self._last_at)
        full = self._found >= self._wanted.limit and complete
        return full or self._wanted.passed(last)


def cut_complete(wanted: Wanted[T], position: Position, walk: Walk[T]) -> Cut[T]:
    """Cut a page out of a list that was read to its end, in whatever order."""
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
    """Cut a page out of a list in the wanted order, of which the beginning was read."""
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
    """What no page had yet of a list that is not in order, in the service's order; ``None`` when its place is lost."""
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
    """What no page had yet of a list that earlier pages took to be in order: they never read beyond where it is not."""
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
    """Go on where nothing new was read, or nothing but items of one time of which more may follow."""
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
