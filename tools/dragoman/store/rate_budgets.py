"""The part of a store that keeps within the rate limits of services, for all processes together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from dragoman.core.rate_budget import Grant, Rate

KEPT: Final = 24 * 3600
"""Seconds for which a budget that nobody asks for is kept; it is full again long before."""


class RateBudgetStore(ABC):
    """Budgets of calls by name. They need not survive a crash: a budget that is lost is a full one."""

    @abstractmethod
    async def take(self, bucket: str, calls: int, rate: Rate, *, background: bool = False) -> Grant:
        """Take up to so many calls out of a budget: at least one, unless it is paused.

        A budget that is used up is spent ahead of time; the grant tells how long to wait. What happens is that of
        :meth:`dragoman.core.rate_budget.Budget.take`, one after the other for all processes.

        Args:
            bucket: The budget's name; a new one is full.
            calls: How many are wanted, at least 1.
            rate: What the service allows.
            background: Are they those of background work, which gets at most half and waits behind all others.

        Raises:
            DragomanError: The store cannot be written.
        """

    @abstractmethod
    async def give_back(self, bucket: str, calls: int, *, background: bool = False) -> None:
        """Return calls that were taken and not made."""

    @abstractmethod
    async def pause(self, bucket: str, seconds: float) -> None:
        """Let nothing be taken for so long, by any process; a longer pause that is noted already stays."""
