"""Opens the configured accounts and their store, and closes them together.

A reference is routed to its account here, and everything that a provider returns passes through
the store on its way up: it gets its account, its number, and is remembered.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from dragoman.accounts.account import Account, LazyResource, RememberedAccount, resource_owner
from dragoman.accounts.account_list import AccountList
from dragoman.accounts.provider_registry import provider_class
from dragoman.accounts.rate_budgets import StoreBudgets
from dragoman.providers.base.provider import AccountSettings
from dragoman.store import Place, open_store


class Workspace(AccountList):
    """All accounts and the store. Make one with :meth:`open`."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, accounts: Mapping[str, AccountSettings], store: Place = None, *, offline: bool = False
    ) -> AsyncGenerator[Workspace]:
        """Hold the accounts for as long as the context lasts; nothing is connected before it is used.

        Args:
            accounts: Settings by account name.
            store: Where what is remembered is; ``None`` keeps it in memory.
            offline: Ask no service; its accounts are what the store remembers of them.

        Raises:
            DragomanError: An account names a provider that is not there.
        """
        kinds = {name: provider_class(settings.provider) for name, settings in accounts.items()}
        # Accounts close before the store: what they still report is written down.
        async with resource_owner() as stores, resource_owner() as holder:
            shared = LazyResource(stores, partial(open_store, store))
            budgets = {name: StoreBudgets(shared.get, name) for name in kinds if store is not None}
            opened = {
                name: RememberedAccount(name, accounts[name], kind, holder, shared.get)
                if offline and kind.external
                else Account(name, accounts[name], kind, holder, budgets.get(name))
                for name, kind in kinds.items()
            }
            yield cls(opened, shared.get)
