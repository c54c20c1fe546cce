"""Accounts as the store holds them, for a command that looks something up and imports no provider.

They stand in for :class:`~dragoman.accounts.account.Account` and its provider where a search goes through them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, cast

from dragoman.accounts.account_list import AccountList
from dragoman.core.errors import NotFound, Unavailable
from dragoman.core.model import Conversation, Page, SearchPage
from dragoman.core.queries import ConversationQuery, SearchQuery
from dragoman.providers.base.capability import Capability

if TYPE_CHECKING:
    from dragoman.accounts.account import Account
    from dragoman.store import InlineStore, Store

_LISTED: Final = frozenset({Capability.LIST_CONVERSATIONS})
_SEARCHED: Final = frozenset({*_LISTED, Capability.SEARCH_MESSAGES})


class InlineSettings:
    """The settings of an account that a search looks at."""

    def __init__(
        self,
        remember: Literal["full", "numbers", "off"],
        *,
        sync: str | None = None,
        keep: int | None = None,
        live: bool = False,
    ) -> None:
        """Keep them, see :class:`~dragoman.AccountSettings`; nothing can be written."""
        self.remember = remember
        self.sync = sync
        self.keep = keep
        self.live = live
        self.write = "off"

    def sync_since(self, now: datetime) -> datetime | None:
        """From when on the store is kept complete; ``None`` where it is not kept so."""
        if self.sync is None:
            return None
        from dragoman.providers.base.sync_horizon import sync_since  # noqa: PLC0415  # takes time, and few are kept so

        return sync_since(self.sync, self.keep, now)


class InlineAccount:
    """An account as the store holds it; it is its own provider, too.

    Attributes:
        filters_exactly: Its own messages are all there is, see :class:`dragoman.Provider`.
        external: It is one of a service.
    """

    def __init__(
        self,
        name: str,
        settings: InlineSettings,
        store: InlineStore,
        own: InlineStore | None = None,
    ) -> None:
        """Take where it is held.

        Args:
            name: Of the account.
            settings: What a search looks at.
            store: Where messages are numbered and remembered.
            own: Where a local account holds its conversations; ``None`` for a service.
        """
        self.name = name
        self.settings = settings
        self.capabilities = _LISTED if own is None else _SEARCHED
        self.filters_exactly = own is not None
        self.external = own is None
        self._store = store
        self._own = own

    def supports(self, capability: Capability) -> bool:
        """As a whole account does."""
        remembered = capability is Capability.SEARCH_MESSAGES and self.settings.remember == "full"
        return remembered or capability in self.capabilities

    @property
    def provider_class(self) -> InlineAccount:
        """Itself."""
        return self

    async def provider(self) -> InlineAccount:
        """Itself."""
        return self

    async def own_author(self) -> None:
        """Raise, because only a provider knows."""
        raise Unavailable("Who the account belongs to is known to its provider.")

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """The last conversations of a local account."""
        if self._own is None:
            raise Unavailable("The service is not asked.")
        rows = await self._own.conversations.read(
            None, lambda tables: list(islice(tables.recent("", exact=False, before=None), query.limit))
        )
        return Page(items=[row.conversation for row in rows])

    async def get_conversation(self, conversation: str) -> Conversation:
        """A conversation that is held.

        Raises:
            NotFound: It is not.
        """
        if self._own is None:
            found = await self._store.messages.conversation(self.name, conversation)
        else:
            row = await self._own.conversations.read(None, lambda tables: tables.find(conversation))
            found = row.with_count if row is not None and row.known else None
        if found is None:
            raise NotFound("The store knows no such conversation.")
        return found

    async def search_messages(self, query: SearchQuery) -> SearchPage:
        """Search the conversations of a local account."""
        if self._own is None:
            raise Unavailable("The service is not asked.")
        return await self._own.conversations.read(None, lambda tables: tables.search(query))


class InlineWorkspace(AccountList):
    """The accounts that a search looks in."""

    def __init__(self, accounts: Mapping[str, InlineAccount], store: InlineStore) -> None:
        """Take what is opened already; of accounts and store a search needs no more than these have."""

        async def opened() -> Store:
            return cast("Store", store)

        super().__init__(cast("Mapping[str, Account]", accounts), opened)
