"""Reading a list of messages page by page from a service that promises little about its pages.

Glean does not document the order within a page, nor how times are rounded. It may repeat the reference message, and
may ignore the timestamp or the direction. The first message of a thread is among its messages, repeated, or apart.
Here each message comes once, and the list ends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Message, Order
from dragoman.core.times import to_ms
from dragoman.providers.base.provider import MessageQuery
from dragoman.providers.glean.mapping.message_batch import Batch, order_of
from dragoman.providers.glean.messages.cursor import Position, next_position

Fetch: TypeAlias = Callable[[str | None, int | None], Awaitable[Batch]]
"""One request: direction and reference in milliseconds, or neither for the newest messages."""

OLDER: Final = "OLDER"
NEWER: Final = "NEWER"
_FIRST: Final = 1  # milliseconds; 0 could be taken for no timestamp at all
_MOST_GATHERED: Final = 5000
_MOST_PAGES: Final = 100


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page, oldest message first, and the place after it; ``None`` at the end."""

    messages: Sequence[Message]
    position: Position | None


async def read_page(
    fetch: Fetch, query: MessageQuery, position: Position | None, *, threaded: bool = False
) -> MessagePage:
    """The page at a mark; without one the first. A thread (``threaded``) has a first message that may come apart."""
    read = _latest if query.order is Order.LATEST else _oldest
    return await read(fetch, query, position, threaded)


async def read_all(fetch: Fetch, since: datetime | None = None) -> list[Message]:
    """All messages, or those not before a time and perhaps some more, oldest first."""
    found: list[Message] = []
    position: Position | None = None
    for _ in range(_MOST_PAGES):
        page = await _latest(fetch, MessageQuery(), position, threaded=False)
        found += page.messages
        position = page.position
        reached = since is not None and any(one.sent_at and one.sent_at < since for one in page.messages)
        # Whole conversations come in no order between them, so only the collection can be sorted.
        if position is None or reached:
            return sorted(found, key=order_of)
        if len(found) > _MOST_GATHERED:
            break
    raise InvalidArgument(
        "This conversation is too long to be read like this from Glean.",
        hint="Read it with order=latest, page by page.",
    )


async def _latest(fetch: Fetch, query: MessageQuery, position: Position | None, threaded: bool) -> MessagePage:  # noqa: FBT001 - private
    # A list that ends before now may leave the first message of its thread out, so that is asked for at the end.
    unsure = threaded and position is None and query.until is not None
    if position is None:
        batch = await (fetch(OLDER, _not_before(query.until)) if query.until else fetch(None, None))
        fresh = list(batch.messages)
    else:
        batch, fresh = await _advance(fetch, OLDER, position)
    given, held = _split_ties(fresh, query.order, batch)
    after = next_position(query.order, position, given, held, batch, root=unsure or _is_root_pending(batch, position))
    if batch.more and given and after is not None:
        return MessagePage(given, after)
    root = batch.root
    if root is None and (unsure or (position is not None and position.root)):
        root = (await fetch(None, None)).root  # it came with an earlier page, or comes with the newest one only
    if root is not None and (position is None or position.lacks(root)):
        fresh.append(root)
    return MessagePage(sorted(fresh, key=order_of), None)


async def _oldest(fetch: Fetch, query: MessageQuery, position: Position | None, threaded: bool) -> MessagePage:  # noqa: FBT001 - private
    if position is None:
        since = query.since
        reference = _FIRST if since is None else max(_FIRST, to_ms(since) - 1)
        batch = await fetch(NEWER, reference)
        # Some sources disregard timestamps and give their newest messages. Then the list is read whole, from that end.
        if not _reaches(batch, since) or _ignored(batch, NEWER, reference):
            newest = await fetch(None, None)
            if _reaches(newest, since):
                return MessagePage(await read_all(fetch, since), None)
        if threaded and batch.root is None:
            batch = replace(batch, root=(await fetch(None, None)).root)
        fresh = list(batch.messages)
    else:
        batch, fresh = await _advance(fetch, NEWER, position)
    if batch.root is not None and (position is None or position.lacks(batch.root)):
        fresh.append(batch.root)
    given, held = _split_ties(fresh, query.order, batch)
    after = next_position(query.order, position, given, held, batch, root=False)
    return (
        MessagePage(given, after) if batch.more and given and after else MessagePage(sorted(fresh, key=order_of), None)
    )


async def _advance(fetch: Fetch, direction: str, position: Position) -> tuple[Batch, list[Message]]:
    """The next batch with something new in it, or the last one that was tried."""
    batch, fresh = Batch(), list[Message]()
    for reference in position.references():
        batch = await fetch(direction, reference)
        fresh = position.fresh(batch)
        # Nothing new: known messages of one time fill the page, and the next reference steps past them.
        if fresh or not batch.more or not batch.messages or _ignored(batch, direction, reference):
            break
    return batch, fresh


def _split_ties(fresh: Sequence[Message], order: Order, batch: Batch) -> tuple[list[Message], list[Message]]:
    """Split a batch into the page, in order, and the rest for the next page.

    Several messages of one time at the end of a page may have others of that time behind it. They come
    together, so that they have one order whatever the service's own is.
    """
    ordered = sorted(fresh, key=order_of)
    if not ordered or not batch.more or batch.whole:
        return ordered, []
    edge = ordered[0].sent_at if order is Order.LATEST else ordered[-1].sent_at
    held = [one for one in ordered if one.sent_at == edge]
    # A page of one time only would never end if all of it were held back.
    if edge is None or len(held) == 1 or len(held) == len(ordered):
        return ordered, []
    return [one for one in ordered if one.sent_at != edge], held


def _ignored(batch: Batch, direction: str, reference: int) -> bool:
    """Whether the reference was not obeyed. Whole conversations reach beyond it in any case."""
    times = [to_ms(one.sent_at) for one in batch.messages if one.sent_at]
    if batch.whole or not times:
        return False
    return max(times) > reference if direction == OLDER else min(times) < reference


def _reaches(batch: Batch, since: datetime | None) -> bool:
    """Whether a batch has messages from a time on."""
    return any(since is None or one.sent_at is None or one.sent_at >= since for one in batch.messages)


def _is_root_pending(batch: Batch, position: Position | None) -> bool:
    return batch.root is not None or (position is not None and position.root)


def _not_before(until: datetime) -> int:
    """The smallest millisecond that is not before a time."""
    whole = to_ms(until)
    return max(_FIRST, whole if until.microsecond % 1000 == 0 else whole + 1)
