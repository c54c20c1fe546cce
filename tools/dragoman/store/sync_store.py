"""The part of a store that knows how current it is; its values are in :mod:`dragoman.store.sync_state`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from dragoman.store.sync_state import (
    AccountSync,
    Arrivals,
    ConversationCoverage,
    ConversationSync,
    Lease,
    SyncStep,
    SyncSummary,
)


class SyncStore(ABC):
    """How current the store is.

    Time comes from the store: the clock that all of its processes share. No guarantee rests on it, because every step
    is refused whose lease somebody else has taken; a clock that jumps can only hand a lease over early or late.
    """

    @abstractmethod
    async def time(self) -> datetime:
        """What the store's clock shows."""

    @abstractmethod
    async def take_lease(self, account: str, holder: str) -> Lease | None:
        """Take the lease of an account when it is free, stale, or this holder's own; ``None`` when it is not.

        Args:
            account: Which account.
            holder: A name that no other process has.
        """

    @abstractmethod
    async def renew_lease(self, lease: Lease) -> None:
        """Have the lease for :data:`LEASE` seconds from now.

        Raises:
            LeaseLostError: Somebody else has taken it.
        """

    @abstractmethod
    async def release_lease(self, lease: Lease) -> None:
        """Let others take it at once. Does nothing when somebody else has it."""

    @abstractmethod
    async def commit(self, lease: Lease, step: SyncStep) -> int:
        """Store all of a step in one transaction, and renew the lease.

        Returns:
            How many of the messages and of the news the store did not have.

        Raises:
            LeaseLostError: Somebody else has taken the lease; nothing was stored.
            NotWritableError: The store cannot be written now; nothing was stored.
        """

    @abstractmethod
    async def account(self, account: str) -> AccountSync:
        """How far an account is."""

    @abstractmethod
    async def conversations(self, account: str, conversations: Sequence[str]) -> dict[str, ConversationSync]:
        """How far these conversations are, of those that sync has met."""

    @abstractmethod
    async def incomplete(self, account: str, since: datetime, limit: int) -> list[ConversationSync]:
        """Conversations to read so that everything since a time is held: those that are not held so far back.

        Left out are those that are gone, that are tried again later, and whose last message is older. Those that are
        not known up to the present come first, then the most recent.
        """

    @abstractmethod
    async def next_retry(self, account: str, since: datetime) -> datetime | None:
        """When the first of the conversations is tried again that :meth:`incomplete` leaves out for that reason."""

    @abstractmethod
    async def unfollowed(self, account: str, before: datetime, limit: int) -> list[ConversationSync]:
        """Conversations that do not follow and were last checked before a time, the longest ago first."""

    @abstractmethod
    async def unlisted(self, account: str, before: datetime, limit: int) -> list[ConversationSync]:
        """Conversations, not gone, that the service last named before a time, the longest ago first."""

    @abstractmethod
    async def coverage(self, account: str, conversation: str) -> ConversationCoverage:
        """What the store holds of a conversation."""

    @abstractmethod
    async def summary(self, account: str, since: datetime) -> SyncSummary:
        """How current an account is, for everything since a time."""

    @abstractmethod
    async def arrivals(self, account: str, after: int, limit: int) -> Arrivals:
        """What has arrived in an account after a serial.

        Serials are seen in their order: once one is seen, no smaller one appears later.
        """
