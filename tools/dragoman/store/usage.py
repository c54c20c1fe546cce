"""The part of a store that adds up how often tools are called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

KEPT_DAYS: Final = 400

STEPS_MS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000)
"""Milliseconds up to which a duration belongs to a step; the last step is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCount:
    """Calls that are alike.

    Attributes:
        tool: Which tool.
        account: The account it reached, ``several``, or empty.
        outcome: ``ok``, or the code of an error.
        step: Index into :data:`STEPS_MS` of how long each took; one past the end for longer ones.
        calls: How many there were.
        ms: How long they took together, in milliseconds.
        tokens: Estimated tokens of their answers together.
    """

    tool: str
    account: str
    outcome: str
    step: int
    calls: int
    ms: int
    tokens: int


class UsageStore(ABC):
    """Sums of calls by the day (UTC), for :data:`KEPT_DAYS`."""

    @abstractmethod
    async def add(self, counts: Sequence[UsageCount]) -> None:
        """Add calls to those of today, all of them or, when this raises, none."""

    @abstractmethod
    async def read(self, days: int) -> list[UsageCount]:
        """The sums over so many days, today included."""
