"""Caches messages that were numbered a moment ago.

Reading a conversation again mostly gives the same messages. One that is equal to a cached message has its number and
is stored already, so the file is not read.
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
    """Messages that were looked up together, the same with their numbers, and since when they are cached."""

    messages: Sequence[Message]
    numbered: list[Message]
    since: float

    def holds(self, messages: Sequence[Message], oldest: float) -> bool:
        """Whether these are the very same messages, and fresh enough."""
        return self.since >= oldest and len(messages) == len(self.messages) and all(map(is_, messages, self.messages))


class RecentMessageCache:
    """The messages that were numbered last, within bounds of number and size. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._messages: OrderedDict[Key, tuple[float, Message, Message]] = OrderedDict()
        self._size = 0
        self._pages: dict[tuple[str, str, int], _Page] = {}

    def find(self, account: str, remember: str, messages: Sequence[Message]) -> list[Message] | None:
        """These messages with their numbers; ``None`` unless all of them are cached and unchanged."""
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
                # Only of messages that are cached anyway, and only until the next one is added.
                pages[where] = page
        return list(page.numbered)

    def _look_up(self, account: str, remember: str, messages: Sequence[Message], oldest: float) -> _Page | None:
        entries: list[tuple[float, Message, Message]] = []
        for message in messages:
            one = self._messages.get((remember, account or message.account, message.conversation, message.id))
            if one is None or one[0] < oldest or (one[1] is not message and one[1] != message):
                return None
            entries.append(one)
        return _Page([one[1] for one in entries], [one[2] for one in entries], min(one[0] for one in entries))

    def put(self, account: str, remember: str, messages: Sequence[Message], numbered: Sequence[Message]) -> None:
        """Cache messages with their numbers. A tombstone removes the message that it stands for."""
        now = self._clock()
        with self._lock:
            for message, with_number in zip(messages, numbered, strict=True):
                key = (remember, account or message.account, message.conversation, message.id)
                self._drop(key)
                if message.deleted_at is None:
                    self._messages[key] = (now, message, with_number)
                    self._size += weight(message)
            while len(self._messages) > _MOST or self._size > _MOST_CHARACTERS:
                self._drop(next(iter(self._messages)))
            # Replace the dict; do not clear it: a concurrent lookup may still write to the old one.
            self._pages = {}

    def _drop(self, key: Key) -> None:
        entries = self._messages.pop(key, None)
        if entries is not None:
            self._size -= weight(entries[1])
