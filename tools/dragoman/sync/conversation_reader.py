"""Reads one conversation into the store: its newest messages, and then backwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from anyio import CapacityLimiter

from dragoman.core.errors import BadResponse, Conflict, InvalidArgument, NotFound
from dragoman.core.model import Conversation, Message, Page
from dragoman.store.coverage import BEGINNING, INSTANT, OPEN, Coverage, Span
from dragoman.store.sync_state import NO_FAILURE, ConversationSync, SyncStep
from dragoman.sync.back_position import PAGE, BackPosition
from dragoman.sync.position import shortly_before
from dragoman.sync.session import SyncSession

LOOKBACK: Final = timedelta(hours=1)
"""Conversations in which something was written so recently are read again, for what was edited."""

_MOST_EMPTY: Final = 20
"""Pages without a message that are passed at once."""


class ConversationReader:
    """Reads conversations of one account; each page is stored together with what it covers."""

    def __init__(self, session: SyncSession, began_at: datetime, questions: CapacityLimiter | None = None) -> None:
        """Keep what is shared.

        Args:
            session: The account.
            began_at: What was written since is news.
            questions: How many pages may be asked for at once; ``None`` is one. While a page is stored, others may ask.
        """
        self._session = session
        self._began_at = began_at
        self._questions = questions or CapacityLimiter(1)

    async def read(self, state: ConversationSync, since: datetime, stop: Callable[[], bool]) -> None:
        """Read until everything since a time is held.

        Args:
            state: How far it is.
            since: Where reading ends.
            stop: Is asked after each page whether to leave the rest for later.

        Raises:
            DragomanError: The provider or the store failed; what was read before is stored.
        """
        coverage = (await self._session.store.sync.coverage(self._session.name, state.id)).coverage
        try:
            if coverage.reach is None:
                state, coverage = await self._read_newest(state, coverage, self._session.page_size)
            while coverage.reach is not None and coverage.reach > since and not stop():
                state, coverage = await self._read_back(state, coverage)
        except NotFound:
            await self.forget(state)

    async def check(self, state: ConversationSync) -> None:
        """Read the newest messages again, for what was edited and for services that tell no times.

        Raises:
            DragomanError: The provider or the store failed.
        """
        coverage = (await self._session.store.sync.coverage(self._session.name, state.id)).coverage
        try:
            await self._read_newest(state, coverage, PAGE)
        except NotFound:
            await self.forget(state)

    async def forget(self, state: ConversationSync) -> None:
        """Note that the service says that the conversation is not there."""
        gone = replace(state, gone_at=await self._session.store.sync.time(), cursor="", attempts=NO_FAILURE)
        await self._session.commit(SyncStep(uncovered=[(state.id, Span(BEGINNING, OPEN))], states=[gone]))

    async def _read_newest(
        self, state: ConversationSync, coverage: Coverage, size: int
    ) -> tuple[ConversationSync, Coverage]:
        # Taken before the question: what is written while the service answers counts as not read.
        checked_at = await self._session.store.sync.time()
        page, position = await self._page(state.id, BackPosition(), size)
        since = BEGINNING if page.cursor is None else position.complete_since
        if since is None:
            raise BadResponse("The service told no time of any of the newest messages.", hint="Sync tries again later.")
        edge = coverage.newest.until if coverage.newest is not None else self._began_at
        is_held = coverage.reach is not None
        covered = coverage.add(Span(since, OPEN))
        state = replace(state, checked_at=checked_at, gone_at=None, attempts=NO_FAILURE)
        # Where the present was held, the stored cursor still leads on from the span's far end.
        if not is_held:
            state = replace(state, cursor=position.to_text() if page.cursor else "", cursor_at=since)
        news_since = shortly_before(checked_at if edge == OPEN else edge)
        await self._store(state, page.items, [Span(since, OPEN)], news_since=news_since, describe=True)
        return state, covered

    async def _read_back(self, state: ConversationSync, coverage: Coverage) -> tuple[ConversationSync, Coverage]:
        reach = coverage.reach or OPEN
        # The span may have grown or been cut since the cursor was stored, and then it leads elsewhere.
        known = BackPosition.from_text(state.cursor) if state.cursor_at == reach else None
        before = known or BackPosition(until=reach)
        try:
            page, position = await self._page(state.id, before, self._session.page_size)
        except (InvalidArgument, Conflict):
            if known is None:
                raise
            # The service has forgotten its cursor, so the time leads on.
            before = BackPosition(until=reach)
            page, position = await self._page(state.id, before, self._session.page_size)
        uncovered: list[Span] = []
        if position.disordered and not before.disordered:
            # The order did not hold, so what the earlier pages claimed to be complete was not.
            newest = max(one.sent_at for one in page.items if one.sent_at is not None)
            uncovered = [Span(before.oldest or BEGINNING, newest + INSTANT)]
            coverage = coverage.subtract(uncovered[0])
            reach = coverage.reach or OPEN
        since = BEGINNING if page.cursor is None else position.complete_since
        covered = [Span(since, reach)] if since is not None and since < reach else []
        for span in covered:
            coverage = coverage.add(span)
        cursor = position.to_text() if page.cursor else ""
        state = replace(state, cursor=cursor, cursor_at=min(reach, since or reach), attempts=NO_FAILURE)
        await self._store(state, page.items, covered, uncovered=uncovered, news_since=self._began_at)
        return state, coverage

    async def _page(self, conversation: str, position: BackPosition, size: int) -> tuple[Page[Message], BackPosition]:
        """The next page that holds a message, or the last one."""
        session = self._session
        for _ in range(_MOST_EMPTY):
            # Held for the question only, so that others ask while this page is stored.
            async with self._questions:
                provider = await session.provider()
                began = session.clock.monotonic()
                page = await provider.list_messages(conversation, position.query(size))
            session.note_page(session.clock.monotonic() - began, sum([len(one.text) for one in page.items]))
            after = position.after(page.items, page.cursor)
            if page.cursor is None or (page.items and after.oldest is not None):
                # The same cursor again would lead in a circle.
                if page.cursor is not None and page.cursor == position.cursor:
                    break
                return page, after
            position = after
        raise BadResponse("The service's list leads nowhere.", hint="Sync tries again later.")

    async def _store(
        self,
        state: ConversationSync,
        messages: Sequence[Message],
        covered: Sequence[Span],
        *,
        news_since: datetime,
        uncovered: Sequence[Span] = (),
        describe: bool = False,
    ) -> None:
        news, history = list[Message](), list[Message]()
        for one in messages:
            (news if _time(one) >= self._began_at else history).append(one)
        step = SyncStep(
            messages=history,
            news=news,
            news_since=news_since,
            conversations=await self._description(state.id) if describe else (),
            uncovered=[(state.id, span) for span in uncovered],
            covered=[(state.id, span) for span in covered],
            states=[state],
        )
        await self._session.commit(step)

    async def _description(self, conversation: str) -> Sequence[Conversation]:
        """What the service tells of a conversation that no list has named."""
        session = self._session
        if await session.store.messages.conversation(session.name, conversation) is not None:
            return ()
        return [await (await session.provider()).get_conversation(conversation)]


def _time(message: Message) -> datetime:
    """When a message was written or last edited."""
    sent_at, edited_at = message.sent_at or BEGINNING, message.edited_at
    return sent_at if edited_at is None else max(sent_at, edited_at)
