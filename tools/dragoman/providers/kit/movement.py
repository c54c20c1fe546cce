"""Finds moved conversations and answered threads by a search, or else by asking all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, NamedTuple

from dragoman.core.errors import NotFound, PermissionDenied, UnsupportedOperation
from dragoman.core.model import Conversation
from dragoman.core.times import from_us, to_us
from dragoman.providers.kit.cache import TtlCache

_FRESH: Final = 600.0  # seconds for which it is known which conversations the account is in


class Recent(NamedTuple):
    """Recent writes. Times are in microseconds since 1970.

    Attributes:
        newest: When conversations had their last message.
        answered: When threads were answered last, by conversation and root, as far as that was told.
    """

    newest: Mapping[str, int]
    answered: Mapping[str, Mapping[str, int]]


class Sighting(NamedTuple):
    """A message that a search found.

    Attributes:
        conversation: Where it stands.
        at: When it was sent, in microseconds since 1970.
        root: The message that it answers; empty for none.
    """

    conversation: str
    at: int
    root: str = ""


async def recent_of(
    ask: Callable[[int], Awaitable[Sequence[Sighting]]], since: datetime | None, *, full: int, most: int
) -> Recent | None:
    """Recent writes by a search; ``None`` where its pages do not reach back far enough, or name nothing.

    Args:
        ask: Asks for a page by its number, from 1 on; the newest messages come first.
        since: How far they have to reach back; without a time the first page is enough.
        full: Messages of a page that is not the last one.
        most: Pages that are read.
    """
    floor, newest, answered = 0 if since is None else to_us(since), dict[str, int](), dict[str, dict[str, int]]()
    with suppress(NotFound, PermissionDenied, UnsupportedOperation):  # a search that is refused tells nothing
        for number in range(1, most + 1):
            page = await ask(number)
            for one in page:
                newest.setdefault(one.conversation, one.at)
                if one.root:
                    answered.setdefault(one.conversation, {}).setdefault(one.root, one.at)
            if len(page) < full or not floor or page[-1].at < floor:
                return Recent(newest, answered) if newest else None
    return None


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
