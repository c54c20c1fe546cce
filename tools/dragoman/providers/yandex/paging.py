"""Pages out of a stream that always begins with the newest message.

The service has no paging: every page reads the stream again, and new messages arrive at its head. A cursor
is therefore an anchor, the place right after a message: its time and the ids that were used at that time.
The stream is trusted to be newest first. The order of messages of one instant is not documented, so a page
never relies on it being the same at the next reading, unless more share an instant than a cursor can hold.
"""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Message, Order, Page
from dragoman.core.names import author_matches
from dragoman.providers.base.provider import MessageQuery

MOST_EXAMINED: Final = 5000
"""Messages that one page towards the past looks at; with a filter few of them may match."""

_MOST_IDS: Final = 200
_LONGEST_CURSOR: Final = 65_536
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Anchor:
    """The place right after a message.

    Attributes:
        order: The order in which "after" is meant.
        at: Microseconds since 1970 of the message, ``None`` when no message so far had a time.
        ids: Ids at that time, the message itself last.
        whole: Whether these are all that were used at that time; else it is only the last one.
    """

    order: Order
    at: int | None = None
    ids: tuple[str, ...] = ()
    whole: bool = True

    def then(self, message: Message) -> Anchor:
        """The place after the next message. One without a time belongs to the instant before it."""
        at = _instant(message)
        if at is not None and at != self.at:
            return Anchor(self.order, at, (message.id,))
        whole = self.whole and len(self.ids) < _MOST_IDS
        return replace(self, ids=(*self.ids, message.id) if whole else (message.id,), whole=whole)

    def is_older(self, message: Message) -> bool:
        """Is a message certainly older than this place."""
        at = _instant(message)
        return at is not None and self.at is not None and at < self.at

    def shares(self, message: Message) -> bool:
        """Is a message of the same instant and not used yet, as far as that is known."""
        return self.whole and self.at is not None and _instant(message) == self.at and message.id not in self.ids

    def __str__(self) -> str:
        """As a cursor."""
        content = [self.order.value, self.at, self.whole, *self.ids]
        return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode().rstrip("=")


def anchor_after(message: Message, order: Order) -> Anchor:
    """The place after a message of which nothing but itself is known."""
    return replace(Anchor(order).then(message), whole=False)


def anchor_of(query: MessageQuery) -> Anchor | None:
    """Where a query goes on, ``None`` at the beginning.

    Raises:
        InvalidArgument: The cursor is none of ours, or of another order.
    """
    if query.cursor is None:
        return None
    match _unpacked(query.cursor):
        case [query.order.value, (int() | None) as at, bool(whole), *ids] if ids and _are_texts(ids):
            return Anchor(query.order, at, tuple(cast("list[str]", ids)), whole)
        case _:
            raise foreign_cursor()


def pack(*content: str) -> str:
    """A cursor that holds some texts."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def unpack(cursor: str, count: int) -> list[str]:
    """The texts that a cursor holds.

    Raises:
        InvalidArgument: It is none of ours.
    """
    content = _unpacked(cursor)
    if len(content) != count or not _are_texts(content):
        raise foreign_cursor()
    return cast("list[str]", content)


def foreign_cursor() -> InvalidArgument:
    """The failure of a cursor that is none of ours."""
    return InvalidArgument("The cursor belongs to another list.", hint="Repeat the call without cursor.")


async def latest_page(stream: AsyncIterator[Message], query: MessageQuery, start: Anchor | None) -> Page[Message]:
    """The newest messages after a place towards the past; reads no further than it has to."""
    place = start or Anchor(query.order)
    found: list[Message] = []
    examined = 0
    async for message in _older(stream, start):
        if query.since is not None and message.sent_at is not None and message.sent_at < query.since:
            break
        if len(found) == query.limit or examined == MOST_EXAMINED:
            return Page(items=found[::-1], cursor=str(place))
        examined += 1
        place = place.then(message)
        if matches(message, query):
            found.append(message)
    return Page(items=found[::-1])


async def oldest_page(stream: AsyncIterator[Message], query: MessageQuery, start: Anchor | None) -> Page[Message]:
    """The messages right after a place towards the present, which are the last ones before it in the stream."""
    window: deque[Message] = deque(maxlen=query.limit)
    matched = 0
    async for message in _newer(stream, start):
        if query.since is not None and message.sent_at is not None and message.sent_at < query.since:
            break
        if matches(message, query):
            matched += 1
            window.append(message)
    items = list(window)[::-1]
    place = start or Anchor(query.order)
    for message in items:
        place = place.then(message)
    return Page(items=items, cursor=str(place) if matched > len(items) else None)


def matches(message: Message, query: MessageQuery) -> bool:
    """Whether a message can pass the filters; more may pass than in the end do."""
    if query.author is not None and not author_matches(message.author, query.author):
        return False
    at = message.sent_at
    return at is None or ((query.since is None or at >= query.since) and (query.until is None or at < query.until))


async def _older(stream: AsyncIterator[Message], start: Anchor | None) -> AsyncIterator[Message]:
    """What comes after a place in a stream, the newest first."""
    reached = start is None
    async for message in stream:
        if start is None:
            yield message
        elif message.id in start.ids:
            reached = True
        else:
            reached = reached or start.is_older(message)
            if reached or start.shares(message):
                yield message


async def _newer(stream: AsyncIterator[Message], start: Anchor | None) -> AsyncIterator[Message]:
    """What comes before a place in a stream, the newest first; all of it without a place."""
    missing = set(start.ids) if start else set[str]()
    async for message in stream:
        if start is None:
            yield message
            continue
        if start.is_older(message):
            return
        if message.id in start.ids:
            missing.discard(message.id)
        elif missing or start.shares(message):
            yield message
        if not missing and (not start.whole or start.at is None):
            return


def _instant(message: Message) -> int | None:
    return None if message.sent_at is None else (message.sent_at - _EPOCH) // _MICROSECOND


def _unpacked(cursor: str) -> list[object]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        content: object = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, list) or len(cursor) > _LONGEST_CURSOR:
        raise foreign_cursor()
    return cast("list[object]", content)


def _are_texts(content: list[object]) -> bool:
    return all(isinstance(one, str) for one in content)
