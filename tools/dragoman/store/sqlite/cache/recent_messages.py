"""Messages that were seen a moment ago, with what the store made of them.

Whoever reads a conversation again mostly gets what it got before, word for word. What is the same as a moment ago
has its number and was written down, so that no file has to be asked.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import is_
from threading import Lock
from typing import Final, TypeAlias

from dragoman.core.memory_size import weight
from dragoman.core.model import Message

Key: TypeAlias = tuple[str, str, str, str]

_FRESH: Final = 120.0  # seconds; another program may have seen something newer since
_MOST: Final = 5000
_MOST_PAGES: Final = 64
_MOST_CHARACTERS: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class _Page:
    """Messages that were looked up together, what was made of them, and since when that is known."""

    messages: Sequence[Message]
    made: list[Message]
    since: float

    def holds(self, messages: Sequence[Message], oldest: float) -> bool:
        """Whether these very messages are meant, and not for too long."""
        return self.since >= oldest and len(messages) == len(self.messages) and all(map(is_, messages, self.messages))


class RecentMessages:
    """The messages seen last, within bounds of number and size. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._changing = Lock()
        self._seen: OrderedDict[Key, tuple[float, Message, Message]] = OrderedDict()
        self._weight = 0
        self._pages: dict[tuple[str, str, int], _Page] = {}

    def find(self, account: str, remember: str, messages: Sequence[Message]) -> list[Message] | None:
        """What was made of these messages; ``None`` unless all of them are the same as a moment ago."""
        if not messages:
            return []
        oldest, pages = self._clock() - _FRESH, self._pages
        where = (account, remember, id(messages[0]))
        page = pages.get(where)
        if page is None or not page.holds(messages, oldest):
            page = self._look_up(account, remember, messages, oldest)
            if page is None:
                return None
            if len(pages) < _MOST_PAGES and all(map(is_, messages, page.messages)):
                # Of messages that are kept anyway, and only until something new is.
                pages[where] = page
        return list(page.made)

    def _look_up(self, account: str, remember: str, messages: Sequence[Message], oldest: float) -> _Page | None:
        kept: list[tuple[float, Message, Message]] = []
        for message in messages:
            one = self._seen.get((remember, account or message.account, message.conversation, message.id))
            if one is None or one[0] < oldest or (one[1] is not message and one[1] != message):
                return None
            kept.append(one)
        return _Page([one[1] for one in kept], [one[2] for one in kept], min(one[0] for one in kept))

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
            # Another one, not the same emptied: who is looking something up just now puts it into the old one.
            self._pages = {}

    def _drop(self, key: Key) -> None:
        kept = self._seen.pop(key, None)
        if kept is not None:
            self._weight -= weight(kept[1])
