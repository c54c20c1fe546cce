"""What reads have found, kept for as long as nobody writes to the file.

An assistant reads the same conversation in one call after the other, and several clients read it at once. As long as
the file is as it was, what was found is true, and no thread has to be asked.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from threading import Lock
from typing import Any, Final, TypeVar, cast

from dragoman.model import Hit, Message, Page
from dragoman.store.database import Database
from dragoman.store.lately import BESIDE

T = TypeVar("T")

_MOST: Final = 256
_MOST_CHARACTERS: Final = 4_000_000


class Kept:
    """Results of reads of one database, within bounds of number and size."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._changing = Lock()
        self._version: int | None = None
        self._found: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._weight = 0

    def __len__(self) -> int:
        """How many results there are."""
        return len(self._found)

    async def get(self, database: Database, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """What ``read`` finds, or found under the same key since the last write.

        Args:
            database: What is read, always the same one.
            key: Everything that the result depends on beside the file.
            read: Reads. Nobody may change its result.
        """
        # Asked before reading: what is written in between makes the result look too old, never too new.
        version = database.version()
        kept = self._found.get(key) if version is not None and version == self._version else None
        if kept is not None:
            return cast("T", kept[0])
        found = await read()
        if version is not None:
            self._keep(version, key, found)
        return found

    def _keep(self, version: int, key: Hashable, found: object) -> None:
        weight = _weight(found)
        with self._changing:
            if version != self._version:
                self._found, self._weight, self._version = OrderedDict(), 0, version
            if key in self._found or weight > _MOST_CHARACTERS:
                return
            self._found[key] = found, weight
            self._weight += weight
            while len(self._found) > _MOST or self._weight > _MOST_CHARACTERS:
                self._weight -= self._found.popitem(last=False)[1][1]


def _weight(found: object) -> int:
    """About how many characters a result holds."""
    if isinstance(found, Page):
        return BESIDE + sum(map(_weight, cast("Page[object]", found).items))
    if isinstance(found, Hit):
        return _weight(found.message)
    if isinstance(found, Message):
        return BESIDE + len(found.text) + sum(len(edit.text) for edit in found.history)
    return BESIDE
