"""Accounts as the store remembers them: nothing is asked of a service, and nothing can be written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from dragoman.core.errors import NotFound
from dragoman.core.model import Conversation, Page
from dragoman.core.queries import ConversationQuery
from dragoman.providers.base.provider import AccountSettings, Provider

if TYPE_CHECKING:
    from dragoman.store import Store


class RememberedProvider(Provider):
    """Lists what the store knows of an account's conversations; their messages are found by the store's own index."""

    name = "remembered"
    external = False

    def __init__(self, settings: AccountSettings, account: str, store: Callable[[], Awaitable[Store]]) -> None:
        """Keep whose conversations to look up, and where."""
        super().__init__(settings)
        self._account = account
        self._store = store

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """All conversations that are known, the most recent first; the caller filters them."""
        del query
        return Page(items=await (await self._store()).messages.conversations(self._account))

    async def get_conversation(self, conversation: str) -> Conversation:
        """One that is known.

        Raises:
            NotFound: It is not.
        """
        found = await (await self._store()).messages.conversation(self._account, conversation)
        if found is None:
            raise NotFound("The store knows no such conversation.", hint="Read it with list_messages first.")
        return found
