"""Caches the results of reads until any process writes to the file.

An assistant reads the same conversation in one call after the other, and several clients read it at once. Until the
next write the results stay true, and no worker thread is needed.
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
        self._lock = Lock()
        self._version: int | None = None
        self._results: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._previous: Mapping[Hashable, tuple[Any, int]] = {}
        self._size = 0
        self._under_way: dict[Hashable, anyio.Event] = {}

    def __len__(self) -> int:
        """The number of results."""
        return len(self._results)

    def peek(self, database: Database, key: Hashable) -> tuple[Any] | None:
        """The cached result in a tuple, without waiting; ``None`` when it has to be read."""
        found = self._find(database.version(), key)
        return None if found is None else found[:1]

    async def get(self, database: Database, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """The result of ``read``, or the cached one when nobody has written since.

        Single flight: of several callers with the same key one reads, and the others wait for it.

        Args:
            database: What is read, always the same one.
            key: Everything that the result depends on beside the file.
            read: Reads. Nobody may change its result.
        """
        version = database.version()
        found = self._find(version, key)
        if found is not None:
            return cast("T", found[0])
        if version is None:
            return await read()
        here = (current_token(), key)
        reading = self._under_way.get(here)
        if reading is None:
            return await self._read(version, here, read)
        await reading.wait()
        # Wait only once: if the other read was stale too, read ourselves instead of waiting for the next.
        version = database.version()
        found = self._find(version, key)
        if found is not None:
            return cast("T", found[0])
        fresh = await read()
        return fresh if version is None else self._put(version, key, fresh)

    def _find(self, version: int | None, key: Hashable) -> tuple[Any, int] | None:
        """The cached result, if it is of this version. Ask for the version first: the result is never older."""
        return self._results.get(key) if version is not None and version == self._version else None

    async def _read(self, version: int, here: tuple[object, Hashable], read: Callable[[], Awaitable[T]]) -> T:
        done = self._under_way[here] = anyio.Event()
        try:
            return self._put(version, here[1], await read())
        finally:
            del self._under_way[here]
            done.set()

    def _put(self, version: int, key: Hashable, found: T) -> T:
        size = weight(found)
        with self._lock:
            if version != self._version:
                self._previous, self._results = self._results, OrderedDict()
                self._size, self._version = 0, version
            was = self._results.get(key) or self._previous.get(key)
            if was is not None and was[0] == found:
                # Equal to the previous result: reuse that object, so that caches by identity still hit.
                found = was[0]
            if size <= _MOST_CHARACTERS and key not in self._results:
                self._results[key] = found, size
                self._size += size
            while len(self._results) > _MOST or self._size > _MOST_CHARACTERS:
                self._size -= self._results.popitem(last=False)[1][1]
        return found
