"""One piece of news: a message that is new, or was edited."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from dragoman.core.model import Message

_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)
_BYTES: Final = 8
_FAR_AHEAD: Final = 2**53
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Update:
    """A message that is new, or that was edited since it was given."""

    message: Message
    edited: bool = False

    @property
    def time(self) -> datetime:
        """When it was edited or sent; long ago where nobody knows."""
        message = self.message
        return (message.edited_at if self.edited else message.sent_at) or message.sent_at or _LONG_AGO

    @property
    def until(self) -> int:
        """Up to which second since 1970 it can be taken for news; far ahead where nobody knows."""
        times = [time for time in (self.message.sent_at, self.message.edited_at) if time is not None]
        return int(max(times).timestamp()) if times else _FAR_AHEAD


def identity(message: Message) -> str:
    """A short digest of which message of its account this is."""
    # Ids come from services, and half a surrogate pair in one must not fail here.
    key = f"{message.conversation}\0{message.id}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(key, digest_size=_BYTES).hexdigest()


def version(message: Message) -> int:
    """Tells an edited message from what it was: the microsecond of its last edit, 0 before any."""
    return 0 if message.edited_at is None else round(message.edited_at.timestamp() * _MICROSECONDS)
