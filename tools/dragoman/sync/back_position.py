"""Where reading a conversation backwards goes on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

from dragoman.core.model import Message
from dragoman.core.queries import MessageQuery
from dragoman.store.coverage import INSTANT, OPEN

# Whatever time a service tells, a span from one instant after it up to OPEN is not empty.
_LATEST: Final = OPEN - 2 * INSTANT

PAGE: Final = 200
"""Messages that are asked for at once."""


@dataclass(frozen=True, slots=True)
class BackPosition:
    """A pass over a conversation from new to old.

    Attributes:
        until: Where it began; ``None`` at the newest message.
        cursor: The provider's; empty before the first page.
        oldest: The earliest time that the pass has met.
        disordered: The service showed a newer message after an older one, so nothing is complete before the end.
    """

    until: datetime | None = None
    cursor: str = ""
    oldest: datetime | None = None
    disordered: bool = False

    def query(self, limit: int = PAGE) -> MessageQuery:
        """The question for the next page of at most so many messages."""
        return MessageQuery(until=self.until, limit=limit, cursor=self.cursor or None)

    def after(self, messages: Sequence[Message], cursor: str | None) -> Self:
        """The position after a page."""
        times = [one.sent_at for one in messages if one.sent_at is not None]
        if not times:
            return replace(self, cursor=cursor or "")
        disordered = self.oldest is not None and max(times) > self.oldest
        oldest = min(times) if self.oldest is None else min(self.oldest, *times)
        return replace(self, cursor=cursor or "", oldest=oldest, disordered=self.disordered or disordered)

    @property
    def complete_since(self) -> datetime | None:
        """From when on the pass has met every message; others of the oldest time may come on the next page."""
        return None if self.oldest is None or self.disordered else min(self.oldest, _LATEST) + INSTANT

    def to_text(self) -> str:
        """For the store."""
        times = [None if time is None else time.isoformat() for time in (self.until, self.oldest)]
        return json.dumps([self.cursor, *times, self.disordered], separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        """What :meth:`to_text` gave; ``None`` for anything else."""
        try:
            cursor, until, oldest, disordered = json.loads(text)
            times = [None if time is None else datetime.fromisoformat(time) for time in (until, oldest)]
            return cls(times[0], str(cursor), times[1], bool(disordered)) if cursor else None
        # The empty text as well: then reading goes on by the time.
        except (ValueError, TypeError):
            return None
