"""The rate budgets of one account, or of what several share, for all processes on its store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dragoman.core.rate_budget import OF_MANY, Grant, Rate
from dragoman.store import Store


class StoreBudgets:
    """Budgets in a store that is opened when the first call is made.

    Args:
        store: Opens the store.
        account: Whose calls they are.
    """

    def __init__(self, store: Callable[[], Awaitable[Store]], account: str) -> None:
        self._store = store
        self._account = account

    async def take(self, bucket: str, calls: int, rate: Rate, *, background: bool = False) -> Grant:
        """Take calls out of a budget of the account."""
        return await (await self._store()).rate_budgets.take(self._name(bucket), calls, rate, background=background)

    async def give_back(self, bucket: str, calls: int, *, background: bool = False) -> None:
        """Return calls that were taken and not made."""
        await (await self._store()).rate_budgets.give_back(self._name(bucket), calls, background=background)

    async def pause(self, bucket: str, seconds: float) -> None:
        """Note that the service wants no such call for so long."""
        await (await self._store()).rate_budgets.pause(self._name(bucket), seconds)

    def _name(self, bucket: str) -> str:
        # No account's name has a blank, so no two accounts share a budget by accident.
        return bucket if bucket.startswith(OF_MANY) else f"{self._account} {bucket}"
