"""The store as one signed-in person sees it.

Several people share one file. What an account shows can depend on who asks; then everything about it is kept
under a key of that person's own, so that nobody finds what only another one was shown. Cursors
belong to whoever got them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Final

from dragoman.core.model import Conversation, Message, Page, SearchPage
from dragoman.core.queries import MessageQuery, SearchQuery
from dragoman.store.cursors import CursorStore
from dragoman.store.interface import Store
from dragoman.store.messages import MessageStore, Remember
from dragoman.store.sync_state import (
    AccountSync,
    Arrivals,
    ConversationCoverage,
    ConversationSync,
    Lease,
    SyncStep,
    SyncSummary,
)
from dragoman.store.sync_store import SyncStore

_OWNER: Final = "owner"
_BETWEEN: Final = "~"
"""Stands in no account's name, so that no key is the name of another account."""


class PerUserStore(Store):
    """A view of a store, for one person."""

    def __init__(self, whole: Store, owner: str, personal: Mapping[str, str]) -> None:
        """Share everything with the whole store.

        Args:
            whole: What is viewed.
            owner: The person; no two may have the same.
            personal: The accounts that show each person something else, and for whom each is asked.
        """
        self._whole = whole
        self.messages = PerUserMessages(whole.messages, _Keys(personal))
        self.cursors = PerUserCursors(whole.cursors, owner)
        self.writes = whole.writes
        self.confirmations = whole.confirmations
        self.exposures = whole.exposures
        self.audit = whole.audit
        self.usage = whole.usage
        self.retention = whole.retention
        self.rate_budgets = whole.rate_budgets
        self.sync = PerUserSync(whole.sync, _Keys(personal))

    def reading_once(self) -> AbstractContextManager[None]:
        """As the whole store."""
        return self._whole.reading_once()

    def version(self) -> Hashable | None:
        """That of the whole store."""
        return self._whole.version()

    async def check(self) -> None:
        """Check the whole store."""
        await self._whole.check()


class PerUserMessages(MessageStore):
    """Messages that one person was shown, under that person's own keys."""

    def __init__(self, whole: MessageStore, keys: _Keys) -> None:
        """Keep what is viewed."""
        self._whole = whole
        self._keys = keys

    async def number(
        self, messages: Sequence[Message], remember: Remember = "full", *, account: str = ""
    ) -> list[Message]:
        """As the whole store, under the person's own keys."""
        if not account:
            messages = [replace(message, account=self._keys.key(message.account)) for message in messages]
        numbered = await self._whole.number(messages, remember, account=self._keys.key(account))
        return [self._named(message) for message in numbered]

    async def locate(self, number: int) -> tuple[str, str, str] | None:
        """Where the message of that number is, if the person may know of it."""
        found = await self._whole.locate(number)
        name = None if found is None else self._keys.name(found[0])
        return None if found is None or name is None else (name, *found[1:])

    async def search(self, account: str, query: SearchQuery) -> SearchPage:
        """Search what the person was shown of an account."""
        page = await self._whole.search(self._keys.key(account), query)
        return replace(page, items=[replace(hit, message=self._named(hit.message)) for hit in page.items])

    async def page(self, account: str, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page of what the person was shown of a conversation."""
        page = await self._whole.page(self._keys.key(account), conversation, query)
        return replace(page, items=[self._named(message) for message in page.items])

    async def remember_conversations(self, conversations: Sequence[Conversation]) -> None:
        """Keep what the person was told of conversations."""
        own = [replace(one, account=self._keys.key(one.account)) for one in conversations]
        await self._whole.remember_conversations(own)

    async def optimize(self) -> None:
        """As the whole store."""
        await self._whole.optimize()

    async def conversation(self, account: str, conversation: str) -> Conversation | None:
        """What the person was told of a conversation."""
        found = await self._whole.conversation(self._keys.key(account), conversation)
        return None if found is None else replace(found, account=account)

    async def conversations(self, account: str | None = None) -> list[Conversation]:
        """The conversations that the person was shown."""
        found = await self._whole.conversations(None if account is None else self._keys.key(account))
        named = [(self._keys.name(one.account), one) for one in found]
        return [replace(one, account=name) for name, one in named if name is not None]

    def _named(self, message: Message) -> Message:
        name = self._keys.name(message.account)
        return message if name is None or name == message.account else replace(message, account=name)


class PerUserCursors(CursorStore):
    """Cursors that nobody else can use."""

    def __init__(self, whole: CursorStore, owner: str) -> None:
        """Keep what is viewed, and for whom."""
        self._whole = whole
        self._owner = owner

    async def save(self, state: Mapping[str, object]) -> str:
        """A name for a state that nobody else can use."""
        return await self._whole.save({**state, _OWNER: self._owner})

    async def load(self, token: str) -> dict[str, object] | None:
        """The state of that name, if it is the person's own."""
        state = await self._whole.load(token)
        # A cursor of somebody else is answered as one that never was, so that nobody can try which exist.
        if state is None or state.pop(_OWNER, None) != self._owner:
            return None
        return state

    async def save_position(self, caller: tuple[str, str], scope: str, state: Mapping[str, object]) -> None:
        """As the whole store: the caller's own name keeps it apart."""
        await self._whole.save_position(caller, scope, state)

    async def load_position(self, caller: tuple[str, str], scope: str) -> dict[str, object] | None:
        """As the whole store."""
        return await self._whole.load_position(caller, scope)


class PerUserSync(SyncStore):
    """What the store holds of accounts that show everybody the same; of a personal one it is what that person has."""

    def __init__(self, whole: SyncStore, keys: _Keys) -> None:
        """Keep what is viewed."""
        self._whole = whole
        self._keys = keys

    async def time(self) -> datetime:
        """As the whole store."""
        return await self._whole.time()

    async def take_lease(self, account: str, holder: str) -> Lease | None:
        """As the whole store, under the person's own key."""
        lease = await self._whole.take_lease(self._keys.key(account), holder)
        return None if lease is None else replace(lease, account=account)

    async def renew_lease(self, lease: Lease) -> None:
        """As the whole store."""
        await self._whole.renew_lease(self._own(lease))

    async def release_lease(self, lease: Lease) -> None:
        """As the whole store."""
        await self._whole.release_lease(self._own(lease))

    async def commit(self, lease: Lease, step: SyncStep) -> int:
        """As the whole store."""
        return await self._whole.commit(self._own(lease), step)

    async def account(self, account: str) -> AccountSync:
        """As the whole store."""
        return await self._whole.account(self._keys.key(account))

    async def conversations(self, account: str, conversations: Sequence[str]) -> dict[str, ConversationSync]:
        """As the whole store."""
        return await self._whole.conversations(self._keys.key(account), conversations)

    async def incomplete(self, account: str, since: datetime, limit: int) -> list[ConversationSync]:
        """As the whole store."""
        return await self._whole.incomplete(self._keys.key(account), since, limit)

    async def next_retry(self, account: str, since: datetime) -> datetime | None:
        """As the whole store."""
        return await self._whole.next_retry(self._keys.key(account), since)

    async def unfollowed(self, account: str, before: datetime, limit: int) -> list[ConversationSync]:
        """As the whole store."""
        return await self._whole.unfollowed(self._keys.key(account), before, limit)

    async def unlisted(self, account: str, before: datetime, limit: int) -> list[ConversationSync]:
        """As the whole store."""
        return await self._whole.unlisted(self._keys.key(account), before, limit)

    async def coverage(self, account: str, conversation: str) -> ConversationCoverage:
        """As the whole store."""
        return await self._whole.coverage(self._keys.key(account), conversation)

    async def summary(self, account: str, since: datetime) -> SyncSummary:
        """As the whole store."""
        return await self._whole.summary(self._keys.key(account), since)

    async def arrivals(self, account: str, after: int, limit: int) -> Arrivals:
        """As the whole store, with the account's name."""
        found = await self._whole.arrivals(self._keys.key(account), after, limit)
        items = [replace(one, message=replace(one.message, account=account)) for one in found.items]
        return replace(found, items=items)

    def _own(self, lease: Lease) -> Lease:
        return replace(lease, account=self._keys.key(lease.account))


class _Keys:
    """Account names <-> the keys under which the store keeps what a person was shown."""

    def __init__(self, personal: Mapping[str, str]) -> None:
        self._keys = {name: f"{name}{_BETWEEN}{person}" for name, person in personal.items()}
        self._names = {key: name for name, key in self._keys.items()}

    def key(self, account: str) -> str:
        """The key of an account."""
        return self._keys.get(account, account)

    def name(self, key: str) -> str | None:
        """The account behind a key; ``None`` when it is not for this person."""
        if key in self._names:
            return self._names[key]
        # A key of another person, or the common key of an account that is personal here: neither may be seen.
        return None if _BETWEEN in key or key in self._keys else key
