"""The part of a store that forgets: what is remembered of accounts, on demand or because of its age."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from dragoman.core.model import Conversation


@dataclass(frozen=True, slots=True)
class Amount:
    """How much there is.

    Attributes:
        conversations: How many are known.
        messages: How many have a number, whether or not their texts are remembered.
    """

    conversations: int
    messages: int


class RetentionStore(ABC):
    """Forgets. Numbers of forgotten messages are never given again, and the audit log stays.

    An account that shows each person something else is forgotten for all of them.
    """

    @abstractmethod
    async def accounts(self) -> list[str]:
        """The accounts of which something is remembered, in the order of their names."""

    @abstractmethod
    async def amount(self, account: str, conversation: str | None = None) -> Amount:
        """How much is remembered of an account, or of one of its conversations."""

    @abstractmethod
    async def own_amount(self, conversation: str | None = None) -> Amount:
        """How much the local account holds in the store itself."""

    @abstractmethod
    async def own_conversations(self) -> list[Conversation]:
        """The conversations that the local account holds in the store itself."""

    @abstractmethod
    async def forget(self, account: str, conversation: str | None = None) -> Amount:
        """Delete what is remembered of an account, or of one of its conversations, with what sync knows of it.

        Goes on in steps, between which others read and write. Cut off at any moment, it can be begun again.

        Returns:
            How much was deleted.
        """

    @abstractmethod
    async def forget_own(self, conversation: str | None = None) -> Amount:
        """Delete what the local account holds, or one of its conversations: there is no other copy.

        Returns:
            How much was deleted.
        """

    @abstractmethod
    async def expire(self, account: str, before: datetime, limit: int) -> int:
        """Drop texts and authors of messages of an account that are older; their numbers stay.

        What has no time stays, too. Coverage of that time is given up with them.

        Args:
            account: Which account.
            before: What was sent before this time is dropped.
            limit: Most messages of one call, which is one short transaction.

        Returns:
            How many messages were dropped; fewer than ``limit`` when no more are that old.
        """

    @abstractmethod
    async def scrub(self) -> None:
        """Rewrite the files of the store, so that nothing of what was deleted can be read in them.

        Others can read meanwhile, and write a little later.

        Raises:
            Unavailable: Somebody else keeps an earlier state open.
        """
