"""Takes what a service lists of its conversations into the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Self

from dragoman.accounts.account import Account
from dragoman.core.errors import Conflict, InvalidArgument, NotFound
from dragoman.core.model import Conversation, Page
from dragoman.core.queries import ConversationQuery, MessageQuery
from dragoman.providers.base.provider import Provider
from dragoman.store.coverage import BEGINNING, OPEN, Span
from dragoman.store.sync_state import NO_FAILURE, AccountSync, ConversationSync, SyncStep
from dragoman.sync.conversation_reader import LOOKBACK
from dragoman.sync.position import shortly_before
from dragoman.sync.session import SyncSession

_PAGE: Final = 100
_MOST_RECENT_PAGES: Final = 50
_MOST_MISSING: Final = 50
"""Conversations that a list has left out, and that are asked for at once."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """A list of all conversations that is under way: when it began, and the provider's cursor."""

    began: datetime
    cursor: str | None = None

    def to_text(self) -> str:
        return json.dumps([self.began.isoformat(), self.cursor])

    @classmethod
    def from_text(cls, text: str, now: datetime) -> Self:
        try:
            began, cursor = json.loads(text)
            return cls(datetime.fromisoformat(began), cursor)
        # The empty text as well: a list that is to begin anew.
        except (ValueError, TypeError):
            return cls(now)


@dataclass(slots=True)
class _Batch:
    """What one page of conversations means for the store."""

    states: list[ConversationSync] = field(default_factory=list[ConversationSync])
    uncovered: list[tuple[str, Span]] = field(default_factory=list[tuple[str, Span]])
    covered: list[tuple[str, Span]] = field(default_factory=list[tuple[str, Span]])


class ConversationLister:
    """Lists the conversations of one account."""

    def __init__(self, session: SyncSession) -> None:
        """Keep what is shared."""
        self._session = session
        self._tells_changes = session.account.provider_class.tells_changes()

    async def list_all(self, account: AccountSync) -> AccountSync:
        """Go on with the list of all conversations to its end; each page is stored with where it goes on.

        Raises:
            DragomanError: The provider or the store failed; the next call goes on.
        """
        now = await self._session.store.sync.time()
        listing = _Listing.from_text(account.listing or "", now)
        while True:
            page, listing = await self._next(listing)
            following = None if page.cursor is None else replace(listing, cursor=page.cursor)
            account = replace(account, listing=None if following is None else following.to_text())
            if following is None:
                # Its first page is as old as its beginning, however long the rest took.
                fresh_at = account.fresh_at if self._tells_changes else listing.began
                account = replace(account, listed_at=listing.began, fresh_at=fresh_at)
            await self._take(page.items, account, now)
            # A cursor that comes again leads in a circle; the next round tries once more.
            if following is None or page.cursor == listing.cursor:
                break
            listing = following
        await self._ask_for_missing(listing.began)
        return account

    async def list_recent(self, account: AccountSync) -> tuple[AccountSync, list[str]]:
        """List the conversations in which something was written since the last round, for services without changes.

        Where these are too many, the list of all goes on from there, and only its end makes the account current.

        Returns:
            The account, and ids of those in which something recent may have been edited.

        Raises:
            DragomanError: The provider or the store failed.
        """
        session = self._session
        now = await session.store.sync.time()
        since = (account.fresh_at or now) - LOOKBACK
        query = ConversationQuery(limit=_PAGE)
        recent: list[str] = []
        for _ in range(_MOST_RECENT_PAGES):
            page = await (await session.provider()).list_conversations(query)
            moved = [one.id for one in page.items if one.last_message_at is not None and one.last_message_at >= since]
            recent += moved
            # Lists begin with what was written last, so nothing behind such a page has moved.
            is_last = page.cursor is None or not moved
            # Only the last page makes the account current: after a crash before it, the same pages are listed again.
            await self._take(page.items, replace(account, fresh_at=now) if is_last else None, now)
            if is_last:
                return replace(account, fresh_at=now), recent
            query = replace(query, cursor=page.cursor)
        account = replace(account, listing=_Listing(now, query.cursor).to_text())
        await session.commit(SyncStep(account=account))
        return account, recent

    async def _next(self, listing: _Listing) -> tuple[Page[Conversation], _Listing]:
        query = ConversationQuery(limit=_PAGE, cursor=listing.cursor)
        try:
            return await (await self._session.provider()).list_conversations(query), listing
        except (InvalidArgument, Conflict):
            if listing.cursor is None:
                raise
        # The service has forgotten its cursor, so the list begins again.
        first = _Listing(await self._session.store.sync.time())
        return await (await self._session.provider()).list_conversations(ConversationQuery(limit=_PAGE)), first

    async def _take(
        self,
        conversations: Sequence[Conversation],
        account: AccountSync | None,
        now: datetime,
    ) -> None:
        """Store a page of a list, and note which conversations have moved."""
        session = self._session
        known = await session.store.sync.conversations(session.name, [one.id for one in conversations])
        batch = _Batch()
        for one in {one.id: one for one in conversations}.values():
            await self._add(batch, one, known.get(one.id), now)
        await session.commit(
            SyncStep(
                conversations=conversations,
                uncovered=batch.uncovered,
                covered=batch.covered,
                states=batch.states,
                account=account,
            )
        )

    async def _add(self, batch: _Batch, one: Conversation, known: ConversationSync | None, now: datetime) -> None:
        state = known or ConversationSync(id=one.id)
        last = one.last_message_at
        follows = self._tells_changes or last is not None
        has_moved = last is not None and _may_have_moved(state, last)
        if state.reach is not None and has_moved and not self._tells_changes:
            # Not since the last look but since the last message: the service's clock is not ours.
            batch.uncovered.append((one.id, Span(shortly_before(state.last_message_at or BEGINNING), OPEN)))
        if state.reach is None and state.checked_at is not None and last is not None and not has_moved:
            batch.covered += await self._reopened(state, last)
        # A list may be older than the changes that were read before it.
        if self._tells_changes and last is not None and state.last_message_at is not None:
            last = max(last, state.last_message_at)
        state = replace(state, last_message_at=last, follows=follows, listed_at=now)
        if state.gone_at is not None:
            state = replace(state, gone_at=None, attempts=NO_FAILURE)
        batch.states.append(state)

    async def _reopened(self, state: ConversationSync, last: datetime) -> list[tuple[str, Span]]:
        """The stretch up to the present, of a conversation of which the service says that nothing was written since."""
        session = self._session
        newest = (await session.store.sync.coverage(session.name, state.id)).coverage.newest
        # The last message came after what is held, so it has to be read.
        if newest is None or newest.until <= last:
            return []
        return [(state.id, Span(newest.until, OPEN))]

    async def _ask_for_missing(self, began: datetime) -> None:
        """Ask for the conversations that the list has left out, whether they are gone."""
        session = self._session
        for state in await session.store.sync.unlisted(session.name, began, _MOST_MISSING):
            now = await session.store.sync.time()
            try:
                await _ask_for(await session.provider(), session.account, state.id)
                step = SyncStep(states=[replace(state, listed_at=now)])
            except NotFound:
                gone = replace(state, gone_at=now, cursor="", attempts=NO_FAILURE)
                step = SyncStep(uncovered=[(state.id, Span(BEGINNING, OPEN))], states=[gone])
            await session.commit(step)


def _may_have_moved(state: ConversationSync, last: datetime) -> bool:
    """Whether something may have been written since a conversation was read, by the time of its last message.

    Services tell times in whole seconds, or late: one that was just written in when it was read is read once more.
    """
    if state.last_message_at is None or last > state.last_message_at:
        return True
    return state.checked_at is not None and last >= shortly_before(state.checked_at)


async def _ask_for(provider: Provider, account: Account, conversation: str) -> None:
    """Prove that a conversation is there.

    Raises:
        NotFound: It is not.
    """
    if account.provider_class.get_conversation is Provider.get_conversation:
        await provider.list_messages(conversation, MessageQuery(limit=1))
    else:
        await provider.get_conversation(conversation)
