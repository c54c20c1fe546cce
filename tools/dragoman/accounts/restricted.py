"""The accounts as one signed-in person has them: what is not theirs does not exist."""

from __future__ import annotations

import copy
from dataclasses import dataclass

from dragoman.accounts.account import Account
from dragoman.accounts.workspace import Workspace
from dragoman.core.errors import UnsupportedOperation
from dragoman.providers.base.provider import WRITES, Capability
from dragoman.store import Store
from dragoman.store.per_user import PerUserStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The access of one person.

    Attributes:
        owner: The person; no two may have the same.
        email: Whom services are asked to act for.
        accounts: The only accounts there are; ``None`` is all.
        writes: May anything be written.
    """

    owner: str
    email: str | None
    accounts: frozenset[str] | None
    writes: bool


class LimitedWorkspace(Workspace):
    """A view of a workspace, for one person."""

    def __init__(self, whole: Workspace, limits: Limits) -> None:
        """Share everything that is opened with the whole workspace."""
        # Connections are the workspace's; only what can be seen of them differs.
        vars(self).update(vars(whole))
        self.limits = limits
        shown = {
            name: account
            for name, account in whole.accounts.items()
            if limits.accounts is None or name in limits.accounts
        }
        self.accounts = shown if limits.writes else {name: _only_read(account) for name, account in shown.items()}
        # Without an address a service refuses; whatever is asked before that is nobody else's.
        person = limits.email.lower() if limits.email else f"?{limits.owner}"
        self._personal = {name: person for name, account in shown.items() if account.settings.personal}

    async def store(self) -> Store:
        """The store as this person sees it."""
        return PerUserStore(await super().store(), self.limits.owner, self._personal)

    def accounts_for(self, capability: Capability, name: str | None = None) -> list[Account]:
        """As the whole workspace; writing needs the right to it.

        Raises:
            UnsupportedOperation: No account can, or the person may not.
            NotFound: There is no such account.
        """
        if capability in WRITES and not self.limits.writes:
            raise UnsupportedOperation(
                "This sign-in may only read.", hint="Writing needs a token with the scope write (messages:write)."
            )
        return super().accounts_for(capability, name)


def _only_read(account: Account) -> Account:
    # The account is shared with others, who may write.
    reading = copy.copy(account)
    reading.settings = account.settings.model_copy(update={"write": "off"})
    return reading
