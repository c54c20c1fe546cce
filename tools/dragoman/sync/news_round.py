"""Asks an account what is new: by its changes, or by the conversations that have moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from dragoman.core.errors import BadResponse, Conflict
from dragoman.core.model import Changes, Message
from dragoman.store.sync_state import NO_FAILURE, AccountSync, ConversationSync, SyncStep
from dragoman.sync.conversation_reader import ConversationReader
from dragoman.sync.listing import ConversationLister
from dragoman.sync.position import shortly_before
from dragoman.sync.session import SyncSession

LIST_AGAIN: Final = timedelta(hours=6)
"""How often all conversations are listed, for new ones, new titles, and those that are gone."""

CHECK_AGAIN: Final = timedelta(minutes=5)
"""How often a conversation is read for which no list tells whether it has moved."""

_MOST_CHECKED: Final = 20
_MOST_PARTS: Final = 10_000


class NewsRound:
    """The rounds of one account."""

    def __init__(self, session: SyncSession) -> None:
        """Keep what is shared."""
        self._session = session
        self._lister = ConversationLister(session)
        self._tells_changes = session.account.provider_class.tells_changes()

    async def run(self) -> AccountSync:
        """Bring what is new since the round before, and list all conversations where that is due.

        Returns:
            How far the account is.

        Raises:
            DragomanError: The provider or the store failed; the next round goes on.
        """
        session = self._session
        state = await session.store.sync.account(session.name)
        # Stored before the first question, so that what arrives meanwhile is news also after a crash.
        if state.began_at is None:
            state = replace(state, began_at=await session.store.sync.time())
            await session.commit(SyncStep(account=state))
        # Before the list: what happens while it is read comes with the next changes.
        if self._tells_changes:
            state = await self._read_changes(state)
        has_to_list = await self._has_to_list(state)
        if not (has_to_list or self._tells_changes):
            state = await self._read_moved(state)
            has_to_list = state.listing is not None
        if has_to_list:
            state = await self._lister.list_all(state)
        if state.attempts.failures:
            state = replace(state, attempts=NO_FAILURE)
            await session.commit(SyncStep(account=state))
        return state

    async def _has_to_list(self, state: AccountSync) -> bool:
        if state.listing is not None or state.listed_at is None:
            return True
        now = await self._session.store.sync.time()
        # A time far ahead was noted by a wrong clock, and would put off the list until then.
        return not now - LIST_AGAIN < state.listed_at <= now + LIST_AGAIN

    async def _read_changes(self, state: AccountSync) -> AccountSync:
        if state.position is None:
            return await self._begin(state)
        for _ in range(_MOST_PARTS):
            before = state.position
            asked_at = await self._session.store.sync.time()
            try:
                changes = await (await self._session.provider()).changes(before)
            except Conflict:
                return await self._begin(state)
            # While more is to come, nothing is known up to the time of the question.
            fresh_at = state.fresh_at if changes.more else asked_at
            state = replace(state, position=changes.position, fresh_at=fresh_at)
            await self._store(changes, state)
            if not changes.more:
                return state
            # The same position again would lead in a circle.
            if changes.position == before:
                break
        raise BadResponse("The service's changes lead nowhere.", hint="Sync tries again later.")

    async def _begin(self, state: AccountSync) -> AccountSync:
        """Begin with the service's present position, also after it has forgotten ours.

        What happened since the last round is not told any more then, so the conversations are listed and read.
        """
        asked_at = await self._session.store.sync.time()
        # Before the list is read, so that nothing happens unnoticed between the two.
        position = (await (await self._session.provider()).changes(None)).position
        behind_from = None if state.fresh_at is None else shortly_before(state.fresh_at)
        state = replace(state, position=position, fresh_at=asked_at, listing="")
        await self._session.commit(SyncStep(behind_from=behind_from, account=state))
        return state

    async def _store(self, changes: Changes, state: AccountSync) -> None:
        latest: dict[str, list[Message]] = {}
        for message in (*changes.moved, *changes.messages):
            latest.setdefault(message.conversation, []).append(message)
        known = await self._session.store.sync.conversations(self._session.name, list(latest))
        states = [_with_last(known.get(id_), id_, messages) for id_, messages in latest.items()]
        step = SyncStep(
            messages=changes.moved,
            news=changes.messages,
            news_since=changes.news_since,
            states=states,
            account=state,
        )
        await self._session.commit(step)

    async def _read_moved(self, state: AccountSync) -> AccountSync:
        """List what has moved, and look again at what may have been edited or tells no times."""
        session = self._session
        state, recent = await self._lister.list_recent(state)
        before = (await session.store.sync.time()) - CHECK_AGAIN
        known = await session.store.sync.conversations(session.name, recent)
        to_check = [
            one
            for one in known.values()
            if one.reach is not None and one.checked_at is not None and one.checked_at < before
        ]
        to_check += await session.store.sync.unfollowed(session.name, before, _MOST_CHECKED)
        reader = ConversationReader(session, state.began_at or before)
        for one in to_check:
            await reader.check(one)
        return state


def _with_last(known: ConversationSync | None, conversation: str, messages: list[Message]) -> ConversationSync:
    """How far a conversation is once messages of it were told as changes."""
    state = known or ConversationSync(id=conversation)
    times = [one.sent_at for one in messages if one.sent_at is not None and one.deleted_at is None]
    if state.last_message_at is not None:
        times.append(state.last_message_at)
    gone_at = None if any(one.deleted_at is None for one in messages) else state.gone_at
    return replace(state, last_message_at=max(times, default=None), follows=True, gone_at=gone_at)
