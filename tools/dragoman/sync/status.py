"""How current the accounts are, read from the store: nothing is asked of a service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dragoman.accounts.account import Account
from dragoman.accounts.workspace import Workspace
from dragoman.store.coverage import BEGINNING
from dragoman.store.sync_state import SyncSummary


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """How current an account is.

    Attributes:
        account: Its name.
        summary: What the store knows.
        back_to: Since when what is held is complete; ``None`` where nothing is known of it.
    """

    account: str
    summary: SyncSummary
    back_to: datetime | None

    @property
    def is_complete(self) -> bool:
        """Whether the store holds everything up to the horizon, as far as the service listed it."""
        own = any(not failure.conversation for failure in self.summary.failures)
        return self.summary.listed and self.summary.held == self.summary.conversations and not own


async def load_statuses(workspace: Workspace, accounts: Sequence[Account]) -> list[AccountStatus]:
    """How current these accounts are.

    Raises:
        DragomanError: The store cannot be read.
    """
    store = await workspace.store()
    now = await store.sync.time()
    statuses: list[AccountStatus] = []
    for account in accounts:
        since = account.settings.sync_since(now) or BEGINNING
        summary = await store.sync.summary(account.name, since)
        statuses.append(AccountStatus(account.name, summary, summary.oldest if since == BEGINNING else since))
    return statuses
