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
    async def save_position(self, caller: tuple[str, str], scope: str, state: Mapping[str, object]) -> None:
        """Keep where a caller stopped reading news, in place of what was kept before.

        It is kept for :data:`LIFETIME`, of the :data:`KEPT` callers that asked last. While the store cannot be
        written, nothing is kept.

        Args:
            caller: Name of the principal and of the client, which may be empty.
            scope: What was asked for.
            state: JSON values.
        """

    @abstractmethod
    async def load_position(self, caller: tuple[str, str], scope: str) -> dict[str, object] | None:
        """Where that caller stopped; ``None`` when that is not known."""

    @abstractmethod
    async def load(self, token: str) -> dict[str, object] | None:
        """The state of that name; ``None`` when it is unknown or was forgotten."""
