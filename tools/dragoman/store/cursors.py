"""The part of a store that keeps where lists go on, under short names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final

KEPT: Final = 10_000
"""How many cursors live at the same time; older ones are forgotten."""

LIFETIME: Final = 30 * 24 * 3600
"""Seconds after which a cursor is forgotten."""


class CursorStore(ABC):
    """Short names for where lists go on."""

    @abstractmethod
    async def save(self, state: Mapping[str, object]) -> str:
        """A name of at most eight characters for ``state`` (JSON values).

        It is good for :data:`LIFETIME` or :data:`KEPT` further ones, in every process that uses the store. No name is
        used twice, and none tells the next. The same state may get the same name for ten minutes.

        While the store cannot be written, the name is good in this process until the store is closed.
        """

    @abstractmethod
    async def load(self, token: str) -> dict[str, object] | None:
        """The state of that name; ``None`` when it is unknown or was forgotten."""
