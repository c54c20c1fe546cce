"""Messages that were seen a moment ago, with what the store made of them.

Whoever reads a conversation again mostly gets what it got before, word for word. What is the same as a moment ago
has its number and was written down, so that no file has to be asked.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final, TypeAlias

from dragoman.model import Message
from dragoman.weight import weight

Key: TypeAlias = tuple[str, str, str, str]

_FRESH: Final = 120.0  # seconds; another program may have seen something newer since
_MOST: Final = 5000
_MOST_CHARACTERS: Final = 4_000_000


class Lately:
    """The messages seen last, within bounds of number and size. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._changing = Lock()
        self._seen: OrderedDict[Key, tuple[float, Message, Message]] = OrderedDict()
        self._weight = 0

    def find(self, account: str, remember: str, messages: Sequence[Message]) -> list[Message] | None:
        """What was made of these messages; ``None`` unless all of them are the same as a moment ago."""
        found: list[Message] = []
        oldest = self._clock() - _FRESH
        for message in messages:
            key = (remember, account or message.account, message.conversation, message.id)
            kept = self._seen.get(key)
            if kept is None or kept[0] < oldest or (kept[1] is not message and kept[1] != message):
                return None
            found.append(kept[2])
        return found

    def keep(self, account: str, remember: str, messages: Sequence[Message], made: Sequence[Message]) -> None:
        """Note what was made of messages. Tombstones are forgotten, and so is what stood in their place."""
        now = self._clock()
        with self._changing:
            for message, numbered in zip(messages, made, strict=True):
                key = (remember, account or message.account, message.conversation, message.id)
                self._drop(key)
                if message.deleted_at is None:
                    self._seen[key] = (now, message, numbered)
                    self._weight += weight(message)
            while len(self._seen) > _MOST or self._weight > _MOST_CHARACTERS:
                self._drop(next(iter(self._seen)))

    def _drop(self, key: Key) -> None:
        kept = self._seen.pop(key, None)
        if kept is not None:
            self._weight -= weight(kept[1])
