"""Tells what has changed by asking the conversations that moved, for services that tell no changes themselves.

Each question asks for the conversations once, and reads a bounded number of those in which something may have
happened. Times are compared with the service's own times only, so no clock has to be right.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import anyio

from dragoman.core.errors import (
    DeadlineExceeded,
    DragomanError,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
    UnsupportedOperation,
)
from dragoman.core.model import Changes, Conversation, Message, Order
from dragoman.core.queries import ConversationQuery, MessageQuery
from dragoman.core.times import from_us, to_us
from dragoman.providers.kit.change_position import (
    OVERLAP_US,
    SECOND,
    ChangePosition,
    Entry,
    Known,
    Window,
    decoded,
    encoded,
    ended,
    known_after,
    listed_time,
    news_of,
    time_of,
    tombstone,
)

if TYPE_CHECKING:
    from dragoman.providers.base.provider import Provider

_LOOKBACK: Final = timedelta(hours=1)
_AT_ONCE: Final = 12
_AT_FIRST: Final = 50  # more conversations that are read where the service does not tell its time
PLAUSIBLE_US: Final = 30 * 86_400 * SECOND
"""Microseconds that may lie between the newest message and the present, where a clock is believed."""
_CONCURRENCY: Final = 4
_MOST_LISTED: Final = 500
_PAGE: Final = 100
_NOT_NOW: Final = (DeadlineExceeded, RateLimited, Unauthenticated, Unavailable)


@dataclass(slots=True)
class _Part:
    """Messages and failures of one call."""

    told: list[Message] = field(default_factory=list[Message])
    failures: list[DragomanError] = field(default_factory=list[DragomanError])
    read: int = 0
    unfinished: bool = False


class ConversationChanges:
    """The changes of one account.

    Args:
        moved: Lists the conversations in which something may have happened since a time, or ever for ``None``, most
            recent first. One without ``last_message_at`` is always read.
        read: Reads what a conversation holds since a time, and its newest messages in any case.
        is_gone: Asks for one message that was expected and not found; only then it is told as deleted.
        lookback: Conversations with messages of so long before the newest one are read again, because messages may
            have been edited, deleted or answered there without moving it.
        now: The service's own time, where it tells that; then few conversations are read for the first position.
    """

    def __init__(
        self,
        moved: Callable[[datetime | None], Awaitable[Sequence[Conversation]]],
        read: Callable[[str, datetime | None], Awaitable[Window]],
        is_gone: Callable[[str, str], Awaitable[bool]],
        *,
        lookback: timedelta = _LOOKBACK,
        now: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._now = now
        self._moved = moved
        self._read = read
        self._is_gone = is_gone
        self._lookback = lookback // timedelta(microseconds=1)

    @classmethod
    def of(
        cls,
        provider: Provider,
        *,
        moved: Callable[[datetime | None], Awaitable[Sequence[Conversation]]] | None = None,
        lookback: timedelta = _LOOKBACK,
    ) -> ConversationChanges:
        """Those of a provider, by its lists of messages, and of conversations where nothing else tells which moved."""
        by_lists = _ByLists(provider)
        return cls(moved or by_lists.moved, by_lists.read, by_lists.is_gone, lookback=lookback)

    async def changes(self, position: str | None) -> Changes:
        """New, edited and deleted messages since a position; see :meth:`.Provider.changes`.

        Raises:
            Conflict: The position is none of these.
        """
        start = decoded(position)
        if start is None:
            return Changes(position=await self._first())
        # Services stamp and list a message some seconds apart, so a little of what was told is read again.
        since = from_us(start.since - OVERLAP_US - self._lookback) if start.since else None
        listed = await self._moved(since)
        # The service's own times: its clock and ours may differ.
        newest = max((start.since, *map(listed_time, listed), *(one.newest for one in start.known)))
        known = {one.id: one for one in start.known}
        due = [one for one in listed if self._is_due(one, known.get(one.id), start, newest)]
        part = await self._read_all(due[:_AT_ONCE], start, known)
        more = len(due) > _AT_ONCE or part.unfinished
        # Conversations were read side by side, in no order.
        part.told.sort(key=time_of)
        following = replace(start, known=tuple(known.values()))
        return Changes(messages=part.told, position=encoded(following if more else ended(following, listed)), more=more)

    async def _first(self) -> str:
        """The position of this moment, by what the most recent conversations hold."""
        listed = await self._moved(None)
        now = self._now()  # of before anything is read
        known = dict[str, Known]()
        unknown = [one for one in listed if one.last_message_at is None]
        recent = [one for one in listed if one.last_message_at is not None]
        await self._read_all([*recent[:_AT_ONCE], *unknown[:_AT_ONCE]], ChangePosition(0, 0, ()), known)
        rest = unknown[_AT_ONCE:]
        newest = max((one.newest for one in known.values()), default=0)
        # A clock far from the messages that were read is wrong, and would hide news for as long.
        if now is not None and rest and 0 <= to_us(now) - newest < PLAUSIBLE_US:
            known |= {one.id: Known(one.id, to_us(now), 0, 0, ()) for one in rest}
        elif rest:
            await self._read_all(rest[:_AT_FIRST], ChangePosition(0, 0, ()), known)
        return encoded(ended(ChangePosition(0, 0, tuple(known.values())), listed))

    async def _read_all(self, asked: Sequence[Conversation], start: ChangePosition, known: dict[str, Known]) -> _Part:
        """Read some conversations.

        Raises:
            DragomanError: None of them could be read now.
        """
        part, limiter = _Part(), anyio.CapacityLimiter(_CONCURRENCY)

        async def look(one: Conversation) -> None:
            before = known.get(one.id) or Known(one.id, max(0, start.since - OVERLAP_US), 0, -1, ())
            async with limiter:
                try:
                    window = await self._read(one.id, from_us(before.newest - OVERLAP_US) if before.newest else None)
                    missing = _missing(before, window)
                    told = [*news_of(before, window), *await self._deleted(one.id, missing)]
                # It can be read later, so its position must not move.
                except _NOT_NOW as error:
                    part.failures.append(error)
                    return
                except DragomanError:  # it is gone, closed to the account or beyond what the service can give
                    window, told, missing = Window(()), [], ()
            part.told += told
            part.unfinished |= window.until is not None
            part.read += 1
            known[one.id] = known_after(before, window, listed_time(one), start.round, missing)

        async with anyio.create_task_group() as tasks:
            for one in asked:
                tasks.start_soon(look, one)
        # Some conversations are news enough; the others are due again in the next call.
        if part.failures and not part.read:
            raise part.failures[0]
        part.unfinished |= bool(part.failures)
        return part

    async def _deleted(self, conversation: str, missing: Sequence[Entry]) -> list[Message]:
        return [tombstone(conversation, one) for one in missing if await self._is_gone(conversation, one.id)]

    def _is_due(self, one: Conversation, known: Known | None, start: ChangePosition, newest: int) -> bool:
        """Whether something may have happened in a conversation that was not read in this round."""
        if known is not None and known.round == start.round:
            return False
        listed = listed_time(one)
        if one.last_message_at is None or (self._lookback and listed >= newest - self._lookback):
            return True
        return listed > start.since - OVERLAP_US if known is None else listed != known.listed


def _missing(before: Known, window: Window) -> Sequence[Entry]:
    """Known messages that are missing in a window."""
    there = {message.id for message in window.messages}
    begin = 0 if window.begin is None else to_us(window.begin)
    return [
        entry
        for entry in (before.entries if window.until is None else ())
        if entry.id not in there
        and entry.sent * SECOND >= begin
        and (not entry.root or window.threads is None or entry.root in window.threads)
    ]


@dataclass(frozen=True, slots=True)
class _ByLists:
    """Asks a provider by what every provider has."""

    provider: Provider

    async def moved(self, since: datetime | None) -> Sequence[Conversation]:
        """The conversations that may have moved since a time; without one the first page."""
        found, query = list[Conversation](), ConversationQuery(limit=_PAGE)
        while len(found) < _MOST_LISTED:
            page = await self.provider.list_conversations(query)
            for one in page.items:
                if since is not None and one.last_message_at is not None and one.last_message_at < since:
                    return found
                found.append(one)
            if page.cursor is None or since is None:
                break
            query = replace(query, cursor=page.cursor)
        return found

    async def read(self, conversation: str, since: datetime | None) -> Window:
        """The newest messages, or where more than a page is new the first ones since a time."""
        newest = await self.provider.list_messages(conversation, MessageQuery(limit=_PAGE))
        # Replies stand out of order, so roots alone tell how far back the page goes.
        begin = min((one.sent_at for one in newest.items if one.sent_at and one.reply_to is None), default=None)
        if newest.cursor is None or since is None or (begin is not None and begin <= since):
            roots = frozenset(one.id for one in newest.items if one.reply_to is None)
            return Window(newest.items, begin, roots)
        query = MessageQuery(since=since, order=Order.OLDEST, limit=_PAGE)
        onward = await self.provider.list_messages(conversation, query)
        last = max((one.sent_at for one in onward.items if one.sent_at), default=since)
        return Window(onward.items, since, frozenset(), until=None if onward.cursor is None else last)

    async def is_gone(self, conversation: str, message: str) -> bool:
        """Whether the provider no longer finds a message."""
        try:
            found = await self.provider.get_message(conversation, message)
        except NotFound:
            return True
        # Without a way to ask, a missing message is no proof.
        except UnsupportedOperation:
            return False
        return found.deleted_at is not None
