"""The five ways in which services list things, each as a :class:`Listing` that the pager reads.

========== =============================================================== ==========================================
way        the service                                                     examples
========== =============================================================== ==========================================
anchored   lists what stands before or after a time or an id               Slack (time stamps), Discord (ids)
tokens     gives an opaque token for what follows                          Matrix (both ways), Graph (one way)
numbered   counts pages or offsets                                         many older services
streamed   begins at the same end with every call                          gRPC streams
whole      gives everything at once, in any order                          mail (UIDs first, bodies of a page later)
========== =============================================================== ==========================================
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

from dragoman.core.model import Order
from dragoman.core.times import to_us
from dragoman.providers.kit.cursor import foreign_cursor

T = TypeVar("T")

NO_TIME: Final = -(1 << 62)
"""Stands for the time of what has none; it sorts before everything else."""

BOTH: Final = frozenset(Order)

MOST_PARTS: Final = 50
"""Parts of one list that are read at once, unless somebody says otherwise."""

_WHOLE: Final = re.compile(r"-?[0-9]{1,19}")


class Key(NamedTuple):
    """The sort key of a list.

    Attributes:
        at: Microseconds since 1970, or :data:`NO_TIME`.
        id: Decides between items of one time. Ids that are numbers are padded with zeros, so that they sort as such.
    """

    at: int
    id: str


def key_of(at: datetime | None, identifier: str) -> Key:
    """The key of something that was sent at a time."""
    return Key(NO_TIME if at is None else to_us(at), identifier)


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """One answer of a service.

    Attributes:
        items: In the service's order.
        next: The token where its list goes on, ``None`` at the end.
        total: How many items the list has, where the service tells.
        token: The token at which this batch began; the kit fills it in.
        last: Is it known that nothing follows; the kit fills it in.
    """

    items: Sequence[T]
    next: str | None = None
    total: int | None = None
    token: str | None = None
    last: bool = False


Batches: TypeAlias = Callable[[Order, str | None], AsyncGenerator[Batch[T]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[T]):
    """A service's way of listing something; made by the functions below.

    Attributes:
        batches: Reads on from a token, ``None`` for the beginning in that order.
        orders: In which it can list; ``None`` when that is not documented, empty when it has no order.
        by_time: Is the order that of the keys. Otherwise (federated clocks) the service's own order is kept.
        stable: Does a token keep its place while items before it come and go.
        restarts: Can reading begin at a token.
        token_at: The token right at a key, where any key has one.
        whole_times: Does a batch hold all items of each of its times, so that a page can end with it.
    """

    batches: Batches[T]
    orders: frozenset[Order] | None = None
    by_time: bool = True
    stable: bool = False
    restarts: bool = True
    token_at: Callable[[Key], str] | None = None
    whole_times: bool = False


def anchored(
    fetch: Callable[[Order, Key | None], Awaitable[tuple[Sequence[T], bool]]],
    key: Callable[[T], Key],
    orders: frozenset[Order] = BOTH,
    *,
    whole_times: bool = False,
) -> Listing[T]:
    """List what stands beside a time or an id.

    Args:
        fetch: Reads the items next to an anchor in an order, in any order among themselves, and tells whether there
            are more. ``None`` is the first end. It may repeat the anchor. A service that knows times only has to
            repeat all of the anchor's time (ask one tick further back), and a batch has to hold more than one time
            has. The anchor's id is empty where only a time is known.
        key: The key of an item.
        orders: In which it can list.
        whole_times: As in :class:`Listing`.
    """

    async def batches(order: Order, token: str | None) -> AsyncGenerator[Batch[T]]:
        anchor = _read_anchor(token) if token is not None else None
        known = {anchor}
        while True:
            items, more = await fetch(order, anchor)
            # Several services list the items around an anchor in an order of their own.
            ranked = sorted(items, key=key, reverse=order is Order.LATEST)
            following = _next_anchor(order, anchor, key(ranked[-1])) if more and ranked else None
            if following in known:  # a service that ignores the anchor would be read for ever
                following = None
            known.add(following)
            here = None if anchor is None else _write_anchor(anchor)
            onward = None if following is None else _write_anchor(following)
            yield Batch(ranked, onward, None, here, last=onward is None)
            if following is None:
                return
            anchor = following

    return Listing(batches=batches, orders=orders, stable=True, token_at=_write_anchor, whole_times=whole_times)


def tokens(
    fetch: Callable[[Order, str | None], Awaitable[Batch[T]]],
    orders: frozenset[Order] | None,
    *,
    stable: bool = False,
    by_time: bool = True,
    token_at: Callable[[Key], str] | None = None,
) -> Listing[T]:
    """List along opaque tokens.

    Args:
        fetch: Reads the batch at a token. A token that comes again ends the list.
        orders: As in :class:`Listing`; with ``None`` the order is found out from the times.
        stable: As in :class:`Listing`.
        by_time: As in :class:`Listing`.
        token_at: As in :class:`Listing`.
    """

    async def batches(order: Order, token: str | None) -> AsyncGenerator[Batch[T]]:
        known = {token}
        while True:
            found = await fetch(order, token)
            # A service that gives the same token again would be read for ever.
            following = None if found.next in known else found.next
            yield Batch(found.items, following, found.total, token, last=following is None)
            if following is None:
                return
            known.add(following)
            token = following

    return Listing(batches=batches, orders=orders, stable=stable, by_time=by_time, token_at=token_at)


def numbered(
    fetch: Callable[[Order, int], Awaitable[tuple[Sequence[T], bool]]],
    orders: frozenset[Order] | None,
    *,
    first: int = 1,
) -> Listing[T]:
    """List by page number: ``fetch`` reads a page and tells whether there are more; ``first`` is the first one."""

    async def page_at(order: Order, token: str | None) -> Batch[T]:
        number = first if token is None else _number(token)
        items, more = await fetch(order, number)
        return Batch(items, str(number + 1) if more else None)

    # Items that arrive move all pages, so these tokens never count as stable.
    return tokens(page_at, orders)


def streamed(
    open_stream: Callable[[], AbstractAsyncContextManager[AsyncIterator[T]]], order: Order = Order.LATEST
) -> Listing[T]:
    """List out of a stream that always begins at the same end; no more of it is read than a page needs."""

    async def batches(_order: Order, _token: str | None) -> AsyncGenerator[Batch[T]]:
        async with open_stream() as stream:
            async for item in stream:
                # One by one: the pager stops as soon as a page is full, and what follows is never sent.
                yield Batch((item,))

    return Listing(batches=batches, orders=frozenset({order}), restarts=False)


def whole(read: Callable[[], Awaitable[Sequence[T]]]) -> Listing[T]:
    """List everything at once, in no order. For mail the items are cheap keys, whose bodies a page loads later."""

    async def batches(_order: Order, _token: str | None) -> AsyncGenerator[Batch[T]]:
        yield Batch(await read(), last=True)

    return Listing(batches=batches, orders=frozenset(), restarts=False)


async def walk_tokens(
    ask: Callable[[str | None], Awaitable[T]], next_of: Callable[[T], str | None], *, most: int = MOST_PARTS
) -> AsyncGenerator[T]:
    """The parts of a list that is read at once, short and empty ones included.

    Args:
        ask: Asks for the part at a token, ``None`` for the first.
        next_of: The token of what follows a part; ``None``, an empty one or one that comes again is the end.
        most: Parts that are read.
    """
    known, token = set[str](), None
    for _ in range(most):
        part = await ask(token)
        yield part
        token = next_of(part)
        # A token that comes again would lead in a circle.
        if not token or token in known:
            return
        known.add(token)


def _next_anchor(order: Order, before: Key | None, farthest: Key) -> Key:
    """The farthest key, or one tick beyond where a whole batch brought nothing new: lists have to end."""
    latest = order is Order.LATEST
    if before is None or not before.id or (farthest < before if latest else farthest > before):
        return farthest
    return Key(before.at + (-1 if latest else 1), "")


def _write_anchor(key: Key) -> str:
    return f"{key.at} {key.id}"


def _read_anchor(token: str) -> Key:
    at, _, identifier = token.partition(" ")
    return Key(_number(at), identifier)


def _number(text: str) -> int:
    """A number of ours, which comes back out of a cursor that somebody may have made up."""
    if not _WHOLE.fullmatch(text):
        raise foreign_cursor()
    return int(text)
