"""Adds the account's name to errors that pass through."""

from __future__ import annotations

from dragoman.accounts.workspace import Account
from dragoman.core.errors import DragomanError


class account_errors:  # noqa: N801  # reads as a statement: async with account_errors(account)
    """Put the account's name on errors that pass."""

    def __init__(self, account: Account) -> None:
        """Remember the name."""
        self._name = account.name

    async def __aenter__(self) -> None:
        """Nothing to do."""

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Name the account, unless a nearer place has."""
        if isinstance(error, DragomanError) and not error.account:
            error.account = self._name
