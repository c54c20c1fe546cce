"""Caches over a database: results of reads, and messages that were numbered a moment ago.

Until the next write of any process the results of reads stay true, and no worker thread is needed. Where a result has
to be read, single flight has one of several callers read it for all.
"""

from __future__ import annotations

from _thread import allocate_lock  # the threading module takes time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from operator import is_
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast

from dragoman.core.model import Message
from dragoman.core.text_size import memory_size
from dragoman.store.sql.database import Database, Versioned

if TYPE_CHECKING:
    import anyio

T = TypeVar("T")

_MOST: Final = 256
_MOST_CHARACTERS: Final = 4_000_000


class _Flight:
    """Work for whoever asked before it began."""

    def __init__(self, done: anyio.Event) -> None:
        self.done = done
        self.result: tuple[Any] | None = None
        self.has_failed = False


class SingleFlight:
    """Calls that share their results.

    A caller gets only what was begun after it asked, so that it finds whatever was written before. While one works,
    others wait for the next one, which works for all of them.
    """

    def __init__(self) -> None:
        """Begin with no calls."""
        self._next: dict[Hashable, _Flight] = {}
        self._current: dict[Hashable, _Flight] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """The result of ``work``, mine or that of another caller.

        Args:
            key: Callers with the same key share their work. An event loop shares nothing with another one.
            work: Gives the same for all of these callers. Whoever waited for one that failed works alone.
        """
        from anyio.lowlevel import current_token  # noqa: PLC0415  # a short command never waits for another caller

        here = (current_token(), key)
        # Once more where the caller that worked for all was cancelled: another one works then.
        while True:
            flight = self._next.get(here)
            if flight is None:
                return await self._lead(here, work)
            await flight.done.wait()
            if flight.result is not None:
                result: T = flight.result[0]
                return result
            if flight.has_failed:
                # To wait on would put one failing call after the other.
                return await work()

    async def _lead(self, here: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        import anyio  # noqa: PLC0415  # as above

        flight = self._next[here] = _Flight(anyio.Event())
        try:
            if (current := self._current.get(here)) is not None:
                await current.done.wait()
                flight.has_failed = current.has_failed
            # From here on it reads: whoever asks later waits for the next one, which sees what they wrote before.
            del self._next[here]
            if flight.has_failed:
                flight.done.set()
            else:
                self._current[here] = flight
            result = await work()
            flight.result = (result,)
        except Exception:
            flight.has_failed = True
            raise
        finally:
            for flights in (self._next, self._current):
                if flights.get(here) is flight:
                    del flights[here]
            flight.done.set()
        return result


class ReadCache:
    """Results of reads of one database, within bounds of number and size."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = allocate_lock()
        self._version: Hashable | None = None
        self._results: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._previous: Mapping[Hashable, tuple[Any, int]] = {}
        self._size = 0
        self._flights = SingleFlight()

    def __len__(self) -> int:
        """The number of results."""
        return len(self._results)

    def peek(self, database: Database, key: Hashable) -> tuple[Any] | None:
        """The cached result in a tuple, without waiting; ``None`` when it has to be read."""
        found = self._find(database.version(), key)
        return None if found is None else found[:1]

    async def get(
        self,
        database: Database,
        key: Hashable,
        read: Callable[[], Awaitable[T | Versioned[T]]],
        *,
        single: bool = False,
    ) -> T:
        """The result of ``read``, or the cached one when nobody has written since. Of several callers one reads.

        Args:
            database: What is read, always the same one.
            key: Everything that the result depends on beside the file.
            read: Reads. Nobody may change its result.
            single: It takes one round trip, as long as asking whether a cached result is still true.
        """
        version = await self._current_version(database, key, single=single)
        if version is None and not database.is_remote:
            return self._put_versioned(key, await read(), None)
        found = self._find(version, key)
        if found is not None:
            return cast("T", found[0])
        # Whoever asks for the same version may share what is cached of it meanwhile.
        return await self._flights.run(
            (key, version), lambda: self._read(database, key, read, version=version, single=single)
        )

    async def _read(
        self,
        database: Database,
        key: Hashable,
        read: Callable[[], Awaitable[T | Versioned[T]]],
        *,
        version: Hashable | None,
        single: bool,
    ) -> T:
        """What another caller has read meanwhile, if it is still true; otherwise read."""
        if version is None:
            version = await self._current_version(database, key, single=single)
        found = self._find(version, key)
        return cast("T", found[0]) if found is not None else self._put_versioned(key, await read(), version)

    async def _current_version(self, database: Database, key: Hashable, *, single: bool) -> Hashable | None:
        """The version, where knowing it helps: something is cached, and it is likely to be true still."""
        version: Hashable | None = database.version()
        if version is None and key in self._results:
            version = await database.current_version(unless_changing=single)
        return version

    def _find(self, version: Hashable | None, key: Hashable) -> tuple[Any, int] | None:
        """The cached result, if it is of this version. Ask for the version first: the result is never older."""
        return self._results.get(key) if version is not None and version == self._version else None

    def _put_versioned(self, key: Hashable, found: T | Versioned[T], version: Hashable | None) -> T:
        """Cache what was read under its version, if it has one, else under the one that was asked for before."""
        if isinstance(found, Versioned):
            read = cast("Versioned[T]", found)
            found, version = read.found, read.version
        return found if version is None else self.put(version, key, found)

    def put(self, version: Hashable, key: Hashable, found: T) -> T:
        """Cache what was read at a version, and return it, or an equal result that was cached before."""
        size = memory_size(found)
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


Key: TypeAlias = tuple[str, str, str, str]

_FRESH: Final = 120.0  # seconds; another program may have seen something newer since
_MOST_MESSAGES: Final = 5000
_MOST_PAGES: Final = 64


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
        self._lock = allocate_lock()
        self._messages: OrderedDict[Key, tuple[float, Message, Message]] = OrderedDict()
        self._size = 0
        self._pages: dict[tuple[str, str, int], _Page] = {}

    def find(self, account: str, remember: str, messages: Sequence[Message]) -> list[Message] | None:
        """These messages with their numbers; ``None`` unless all of them are cached and unchanged."""
        if not messages:
            return []
        oldest, pages = self._clock() - _FRESH, self._pages
        # An id may come again with another object; ``holds`` compares the objects themselves.
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
                    self._size += memory_size(message)
            while len(self._messages) > _MOST_MESSAGES or self._size > _MOST_CHARACTERS:
                self._drop(next(iter(self._messages)))
            # Replace the dict; do not clear it: a concurrent lookup may still write to the old one.
            self._pages = {}

    def _drop(self, key: Key) -> None:
        entries = self._messages.pop(key, None)
        if entries is not None:
            self._size -= memory_size(entries[1])
