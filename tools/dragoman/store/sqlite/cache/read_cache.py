"""What reads have found, kept for as long as nobody writes to the file.

An assistant reads the same conversation in one call after the other, and several clients read it at once. As long as
the file is as it was, what was found is true, and no thread has to be asked.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from threading import Lock
from typing import Any, Final, TypeVar, cast

import anyio
from anyio.lowlevel import current_token

from dragoman.core.memory_size import weight
from dragoman.store.sqlite.database import Database

T = TypeVar("T")

_MOST: Final = 256
_MOST_CHARACTERS: Final = 4_000_000


class ReadCache:
    """Results of reads of one database, within bounds of number and size."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._changing = Lock()
        self._version: int | None = None
        self._found: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._before: Mapping[Hashable, tuple[Any, int]] = {}
        self._weight = 0
        self._reading: dict[Hashable, anyio.Event] = {}

    def __len__(self) -> int:
        """How many results there are."""
        return len(self._found)

    def peek(self, database: Database, key: Hashable) -> tuple[Any] | None:
        """What is there under that key, without waiting; ``None`` when it has to be read."""
        found = self._remembered(database.version(), key)
        return None if found is None else found[:1]

    async def get(self, database: Database, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """What ``read`` finds, or found under the same key since the last write.

        Of several who ask for the same at once one reads, and the others wait for it.

        Args:
            database: What is read, always the same one.
            key: Everything that the result depends on beside the file.
            read: Reads. Nobody may change its result.
        """
        version = database.version()
        found = self._remembered(version, key)
        if found is not None:
            return cast("T", found[0])
        if version is None:
            return await read()
        here = (current_token(), key)
        reading = self._reading.get(here)
        if reading is None:
            return await self._read(version, here, read)
        await reading.wait()
        # Once: who waits for one after the other, of whom none can say what is wanted, would wait for ever.
        version = database.version()
        found = self._remembered(version, key)
        if found is not None:
            return cast("T", found[0])
        fresh = await read()
        return fresh if version is None else self._keep(version, key, fresh)

    def _remembered(self, version: int | None, key: Hashable) -> tuple[Any, int] | None:
        """What is there, for a version that was asked for before: the result is never older than that."""
        return self._found.get(key) if version is not None and version == self._version else None

    async def _read(self, version: int, here: tuple[object, Hashable], read: Callable[[], Awaitable[T]]) -> T:
        done = self._reading[here] = anyio.Event()
        try:
            return self._keep(version, here[1], await read())
        finally:
            del self._reading[here]
            done.set()

    def _keep(self, version: int, key: Hashable, found: T) -> T:
        heavy = weight(found)
        with self._changing:
            if version != self._version:
                self._before, self._found = self._found, OrderedDict()
                self._weight, self._version = 0, version
            was = self._found.get(key) or self._before.get(key)
            if was is not None and was[0] == found:
                # The same again: whoever knows the one that was there before sees that at once.
                found = was[0]
            if heavy <= _MOST_CHARACTERS and key not in self._found:
                self._found[key] = found, heavy
                self._weight += heavy
            while len(self._found) > _MOST or self._weight > _MOST_CHARACTERS:
                self._weight -= self._found.popitem(last=False)[1][1]
        return found
