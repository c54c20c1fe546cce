"""Which conversations moved and which threads were answered, where a search may tell it; otherwise all are asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from dragoman.core.model import Conversation
from dragoman.core.times import from_us
from dragoman.providers.kit.cache import TtlCache

_FRESH: Final = 600.0  # seconds for which it is known which conversations the account is in


class Recent(NamedTuple):
    """What was written lately. Times are in microseconds since 1970.

    Attributes:
        newest: When conversations had their last message.
        answered: When threads were answered last, by conversation and root, as far as that was told.
    """

    newest: Mapping[str, int]
    answered: Mapping[str, Mapping[str, int]]


class Movement:
    """Tells :class:`.ThreadChanges` of one account where something happened.

    Args:
        joined: Lists the ids of the conversations that the account is in.
        recent: Tells what was written since a time; ``None`` where nothing tells that.
    """

    def __init__(
        self,
        joined: Callable[[], Awaitable[Sequence[str]]],
        recent: Callable[[datetime | None], Awaitable[Recent | None]],
    ) -> None:
        self._list_joined = joined
        self._ask_recent = recent
        self._joined = TtlCache[str, Sequence[str]](1, _FRESH)
        self._recent: Recent | None = None

    async def moved(self, since: datetime | None) -> Sequence[Conversation]:
        """The conversations that moved since a time, with when they did; or all, where nobody knows."""
        joined = self._joined.get("")
        if joined is None:
            joined = await self._list_joined()
            self._joined.put("", joined)
        self._recent = await self._ask_recent(since)
        if self._recent is None:
            return [Conversation(id=one) for one in joined]
        newest = self._recent.newest
        found = sorted((one for one in joined if one in newest), key=newest.__getitem__, reverse=True)
        return [Conversation(id=one, last_message_at=from_us(newest[one])) for one in found]

    def answered(self) -> Mapping[str, Mapping[str, int]] | None:
        """When threads were answered last, by conversation and root; ``None`` where nobody knows."""
        return self._recent.answered if self._recent else None
