"""Messages of a conversation out of the store as far as it holds them completely, and from the service beyond that.

Sync keeps the store current. What it holds is told at once, with the time as of which it is known; where that part
ends, the list goes on at the service.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from dragoman.accounts.account import Account
from dragoman.core.errors import Conflict, InvalidArgument
from dragoman.core.model import Message, Order, Page
from dragoman.core.queries import MessageQuery
from dragoman.store import Store
from dragoman.store.coverage import BEGINNING, FRESH, INSTANT
from dragoman.store.sync_state import ConversationCoverage
from dragoman.toolset.definition.context import CallContext
from dragoman.toolset.paging.feed import Source, message_source

_HELD: Final = "held"
_BEYOND: Final = "beyond"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class HeldPart:
    """The part of a list that the store holds completely.

    Attributes:
        since: Its first instant; the service has what is older.
        as_of: Until when it is known; ``None`` for a stretch of the past.
    """

    since: datetime
    as_of: datetime | None


async def held_part(call: CallContext, account: Account, conversation: str, query: MessageQuery) -> HeldPart | None:
    """The part of a list of messages that is answered from the store.

    Returns:
        ``None`` where the service is asked: it is to be asked always, the store does not hold the beginning of the
        list, or what it holds is not fresh.
    """
    if account.settings.live or query.thread is not None:
        return None
    store = await call.workspace.store()
    cover = await store.sync.coverage(account.name, conversation)
    now = await store.sync.time()
    # The clocks of two machines differ, so a time that is ahead a little is fresh too.
    is_fresh = cover.fresh_at is not None and now - FRESH <= cover.fresh_at <= now + FRESH
    # What ended before the store was brought up to date cannot grow any more.
    is_past = query.until is not None and cover.fresh_at is not None and query.until <= cover.fresh_at
    if not (is_fresh or is_past):
        return None
    as_of = None if is_past else cover.fresh_at
    if query.order is Order.OLDEST:
        return HeldPart(query.since or BEGINNING, as_of) if cover.covers(query.since, query.until) else None
    since = _first_held(cover, query.until if is_past else None)
    if since is None:
        return None
    return HeldPart(max(since, query.since or BEGINNING), as_of)


def _first_held(cover: ConversationCoverage, until: datetime | None) -> datetime | None:
    """The time since which the store is complete, up to a time or the present."""
    if until is None:
        return cover.coverage.reach
    last = until - INSTANT
    return next((span.since for span in cover.coverage.spans if span.since <= last < span.until), None)


async def held_source(
    call: CallContext, account: Account, conversation: str, query: MessageQuery, part: HeldPart
) -> Source[Message]:
    """The source of a list whose beginning the store holds."""
    store = await call.workspace.store()
    reader = _Reader(store, account, conversation, query, part)
    return Source(
        fetch=reader.fetch,
        key=lambda message: message.id,
        cursor_after=reader.cursor_after,
        backwards=query.order is Order.LATEST,
    )


async def held_source_at(
    call: CallContext, account: Account, conversation: str, query: MessageQuery, cursor: str
) -> Source[Message] | None:
    """The source for a cursor of :func:`held_source`; ``None`` for a cursor of the service."""
    if cursor.partition(":")[0] not in (_HELD, _BEYOND):
        return None
    kind, since, _ = _parsed(cursor)
    part = HeldPart(since, None)
    if kind == _HELD:
        cover = await (await call.workspace.store()).sync.coverage(account.name, conversation)
        if not any(span.since <= since < span.until for span in cover.coverage.spans):
            # Retention may have dropped the part that the cursor leads into.
            raise Conflict("The store holds less than for the page before.", hint="Repeat the call without cursor.")
    return await held_source(call, account, conversation, query, part)


@dataclass(slots=True)
class _Reader:
    """Reads pages of one list: first out of the store, then of the service."""

    store: Store
    account: Account
    conversation: str
    query: MessageQuery
    part: HeldPart
    service: Source[Message] | None = None

    async def fetch(self, cursor: str | None) -> Page[Message]:
        kind, _, rest = (_HELD, self.part.since, None) if cursor is None else _parsed(cursor)
        return await (self._held_page(rest) if kind == _HELD else self._beyond(rest))

    def cursor_after(self, message: Message) -> str | None:
        if self._is_held(message):
            return self._cursor(_HELD, message.id)
        after = None if self.service is None else self.service.cursor_after(message)
        return None if after is None else self._cursor(_BEYOND, after)

    async def _held_page(self, after: str | None) -> Page[Message]:
        since = None if self.part.since == BEGINNING else self.part.since
        # The caller filters by author, after everything that a page has examined.
        query = replace(self.query, author=None, since=since, cursor=after)
        page = await self.store.messages.page(self.account.name, self.conversation, query)
        if page.cursor is not None:
            return replace(page, cursor=self._cursor(_HELD, page.cursor))
        wanted = self.query.since or BEGINNING
        is_whole = self.query.order is Order.OLDEST or self.part.since <= wanted
        return replace(page, cursor=None if is_whole else self._cursor(_BEYOND, ""))

    async def _beyond(self, cursor: str | None) -> Page[Message]:
        """A page of what is older than the part that is held."""
        if self.service is None:
            older = replace(self.query, until=self.part.since)
            self.service = await message_source(self.account, self.conversation, older)
        page = await self.service.fetch(cursor or None)
        items = [message for message in page.items if not self._is_held(message)]
        return replace(page, items=items, cursor=page.cursor and self._cursor(_BEYOND, page.cursor))

    def _is_held(self, message: Message) -> bool:
        if message.sent_at is None:
            return self.part.since == BEGINNING
        return message.sent_at >= self.part.since

    def _cursor(self, kind: str, rest: str) -> str:
        return f"{kind}:{(self.part.since - _EPOCH) // INSTANT}:{rest}"


def _parsed(cursor: str) -> tuple[str, datetime, str | None]:
    kind, _, rest = cursor.partition(":")
    since, _, text = rest.partition(":")
    try:
        return kind, _EPOCH + timedelta(microseconds=int(since)), text or None
    except (ValueError, OverflowError):
        raise InvalidArgument("The cursor is not one of this list.", hint="Repeat the call without cursor.") from None
