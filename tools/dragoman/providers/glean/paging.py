"""Reading a list of messages page by page from a service that promises little about its pages.

Left open are the order within a page, whether the reference message comes again, how times are rounded,
whether the timestamp or even the direction is obeyed, and whether a thread's first message is among its
messages, repeated, or apart. Under all of that each message comes once, and the list ends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from dragoman.errors import InvalidArgument
from dragoman.model import Message, Order
from dragoman.provider import MessageQuery
from dragoman.providers.glean.batches import Batch, order_of
from dragoman.providers.glean.marks import Mark, next_mark
from dragoman.providers.glean.moments import milliseconds

Fetch: TypeAlias = Callable[[str | None, int | None], Awaitable[Batch]]
"""One request: direction and reference in milliseconds, or neither for the newest messages."""

OLDER: Final = "OLDER"
NEWER: Final = "NEWER"
_FIRST: Final = 1  # milliseconds; 0 could be taken for no timestamp at all
_MOST_GATHERED: Final = 5000
_MOST_PAGES: Final = 100


@dataclass(frozen=True, slots=True)
class Turn:
    """A page, oldest message first, and the place after it; ``None`` at the end."""

    messages: Sequence[Message]
    mark: Mark | None


async def turn(fetch: Fetch, query: MessageQuery, mark: Mark | None) -> Turn:
    """The page at a mark; without one the first."""
    if query.order is Order.LATEST:
        return await _latest(fetch, query, mark)
    return await _oldest(fetch, query, mark)


async def gather(fetch: Fetch, since: datetime | None = None) -> list[Message]:
    """All messages, or those not before a time and perhaps some more, oldest first.

    Raises:
        InvalidArgument: There are too many.
    """
    found: list[Message] = []
    mark: Mark | None = None
    for _ in range(_MOST_PAGES):
        page = await _latest(fetch, MessageQuery(), mark)
        found += page.messages
        mark = page.mark
        reached = since is not None and any(one.sent_at and one.sent_at < since for one in page.messages)
        if mark is None or reached:
            return sorted(found, key=order_of)
        if len(found) > _MOST_GATHERED:
            break
    raise InvalidArgument(
        "This conversation is too long to be read like this from Glean.",
        hint="Read it with order=latest, page by page.",
    )


async def _latest(fetch: Fetch, query: MessageQuery, mark: Mark | None) -> Turn:
    if mark is None:
        batch = await (fetch(OLDER, _not_before(query.until)) if query.until else fetch(None, None))
        fresh = list(batch.messages)
    else:
        batch, fresh = await _advance(fetch, OLDER, mark)
    after = next_mark(query.order, mark, fresh, batch, root=_held_back(batch, mark))
    if batch.more and fresh and after is not None:
        return Turn(sorted(fresh, key=order_of), after)
    root = await _root_at_the_end(fetch, batch, mark)
    if root is not None and (mark is None or mark.lacks(root)):
        fresh.append(root)
    return Turn(sorted(fresh, key=order_of), None)


async def _oldest(fetch: Fetch, query: MessageQuery, mark: Mark | None) -> Turn:
    if mark is None:
        since = query.since
        reference = _FIRST if since is None else max(_FIRST, milliseconds(since) - 1)
        batch = await fetch(NEWER, reference)
        if not _reaches(batch, since) or _ignored(batch, NEWER, reference):
            newest = await fetch(None, None)
            if _reaches(newest, since):
                return Turn(await gather(fetch, since), None)
        fresh = list(batch.messages)
    else:
        batch, fresh = await _advance(fetch, NEWER, mark)
    if batch.root is not None and (mark is None or mark.lacks(batch.root)):
        fresh.append(batch.root)
    after = next_mark(query.order, mark, fresh, batch, root=False)
    return Turn(sorted(fresh, key=order_of), after if batch.more and fresh else None)


async def _advance(fetch: Fetch, direction: str, mark: Mark) -> tuple[Batch, list[Message]]:
    """The next batch with something new in it, or the last one that was tried."""
    batch, fresh = Batch(), list[Message]()
    for reference in mark.references():
        batch = await fetch(direction, reference)
        fresh = mark.fresh(batch)
        if fresh or not batch.more or not batch.messages or _ignored(batch, direction, reference):
            break
    return batch, fresh


def _ignored(batch: Batch, direction: str, reference: int) -> bool:
    """Whether the reference was not obeyed. Whole conversations reach beyond it in any case."""
    times = [milliseconds(one.sent_at) for one in batch.messages if one.sent_at]
    if batch.whole or not times:
        return False
    return max(times) > reference if direction == OLDER else min(times) < reference


def _reaches(batch: Batch, since: datetime | None) -> bool:
    """Whether a batch has messages from a time on."""
    return any(since is None or one.sent_at is None or one.sent_at >= since for one in batch.messages)


def _held_back(batch: Batch, mark: Mark | None) -> bool:
    return batch.root is not None or (mark is not None and mark.root)


async def _root_at_the_end(fetch: Fetch, batch: Batch, mark: Mark | None) -> Message | None:
    """The first message of a thread; asked for again where it came with an earlier page only."""
    if batch.root is None and mark is not None and mark.root:
        return (await fetch(None, None)).root
    return batch.root


def _not_before(until: datetime) -> int:
    """The smallest millisecond that is not before a time."""
    whole = milliseconds(until)
    return max(_FIRST, whole if until.microsecond % 1000 == 0 else whole + 1)
