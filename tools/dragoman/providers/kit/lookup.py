"""Names by id, for messages that carry ids only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import Final, Generic, TypeVar

import anyio

from dragoman.core.context.clock import Clock
from dragoman.core.errors import DragomanError, NotFound, PermissionDenied, Unauthenticated
from dragoman.providers.kit.cache import TtlCache

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_MOST_AT_ONCE: Final = 50


class Lookup(Generic[K, V]):
    """Finds values by id. What cannot be found out is absent from the answer; no page fails for a name.

    Ids are asked for in batches, each once however many pages want it at the same time. What the service has is
    good for ``ttl`` seconds, and so is that it has nothing; after a failure it is asked again sooner.

    Args:
        fetch_many: Asks the service for a batch of ids; those that it does not know are absent from the result.
        batch: Most ids of one call.
        at_once: Most calls of one :meth:`get_all`; ids beyond them are left for the next one.
        size: Most values that are held.
        ttl: Seconds for which an answer is good.
        retry_after: Seconds after which a failed call is tried again.
        clock: The clock; by default the current one.
    """

    def __init__(
        self,
        fetch_many: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
        *,
        batch: int = 100,
        at_once: int = _MOST_AT_ONCE,
        size: int = 2000,
        ttl: float = 3600.0,
        retry_after: float = 60.0,
        clock: Clock | None = None,
    ) -> None:
        self._fetch_many = fetch_many
        self._batch = batch
        self._at_once = at_once
        self._ttl = ttl
        self._retry_after = retry_after
        self._known = TtlCache[K, V | None](size, ttl, clock)
        self._lock = anyio.Lock()

    @classmethod
    def one_by_one(cls, fetch: Callable[[K], Awaitable[V | None]], *, at_once: int = _MOST_AT_ONCE) -> Lookup[K, V]:
        """A lookup that asks for each id alone; ``None`` stands for an id that the service does not know."""

        async def fetch_many(ids: Sequence[K]) -> Mapping[K, V]:
            return {one: value for one in ids if (value := await fetch(one)) is not None}

        return cls(fetch_many, batch=1, at_once=at_once)

    def __contains__(self, identifier: K) -> bool:
        """Whether it was found out lately what an id stands for, or that it stands for nothing."""
        return self._known.entry(identifier) is not None

    async def get_all(self, ids: Iterable[K | None]) -> dict[K, V]:
        """The values of some ids, as far as they can be found out; ``None`` and empty ids are skipped."""
        wanted = list(dict.fromkeys(one for one in ids if one))
        found = self._cached(wanted)
        if len(found) < len(wanted):
            # One caller asks at a time, so that pages that are read at once do not all ask for the same ids.
            async with self._lock:
                found |= await self._fetch_missing([one for one in wanted if self._known.entry(one) is None])
                found |= self._cached(wanted)
        return {one: value for one in wanted if (value := found.get(one)) is not None}

    def get(self, identifier: K) -> V | None:
        """The value of an id that was looked up lately."""
        return self._known.get(identifier)

    def put(self, identifier: K, value: V) -> None:
        """Note a value that came by another way."""
        self._known.put(identifier, value)

    def _cached(self, wanted: Iterable[K]) -> dict[K, V | None]:
        entries = ((one, self._known.entry(one)) for one in wanted)
        return {one: entry[0] for one, entry in entries if entry is not None}

    async def _fetch_missing(self, missing: Sequence[K]) -> dict[K, V | None]:
        batches = [missing[at : at + self._batch] for at in range(0, len(missing), self._batch)]
        found: dict[K, V | None] = {}

        async def learn(batch: Sequence[K]) -> None:
            values, ttl = await self._fetch(batch)
            for one in batch:
                found[one] = values.get(one)
                self._known.put(one, values.get(one), ttl)

        async with anyio.create_task_group() as group:
            # A page with thousands of names must not keep its reader waiting; the rest is found next time.
            for batch in batches[: self._at_once]:
                group.start_soon(learn, batch)
        return found

    async def _fetch(self, batch: Sequence[K]) -> tuple[Mapping[K, V], float]:
        try:
            return await self._fetch_many(batch), self._ttl
        # It will not get better soon, so it is remembered as if it were an answer.
        except (NotFound, PermissionDenied, Unauthenticated):
            return {}, self._ttl
        except DragomanError:
            return {}, self._retry_after


class AskedOnce(Generic[V]):
    """A value that is asked for once, by the first who needs it, and then known.

    Attributes:
        value: What was found; ``None`` before.
    """

    def __init__(self, fetch: Callable[[], Awaitable[V]]) -> None:
        self._fetch = fetch
        self._lock = anyio.Lock()
        self.value: V | None = None

    async def get(self) -> V:
        """The value; a failure is raised, and the next caller asks again."""
        async with self._lock:
            if self.value is None:
                self.value = await self._fetch()
            return self.value

    async def get_or_none(self) -> V | None:
        """The same; nothing fails because it is not known."""
        try:
            return await self.get()
        except DragomanError:
            return None
