"""Bounded caches for providers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

from dragoman.core.context.clock import Clock, current_clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LruCache(Generic[K, V]):
    """The values that were used last.

    Args:
        size: Most values, or most of what ``size_of`` counts. The last value stays whatever its size.
        size_of: How much a value counts; 1 without it.
    """

    def __init__(self, size: int, size_of: Callable[[V], int] | None = None) -> None:
        self._size = size
        self._size_of = size_of
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._total = 0

    def __contains__(self, key: K) -> bool:
        """Whether there is a value. Asking does not count as a use."""
        return key in self._values

    def __len__(self) -> int:
        """The number of values."""
        return len(self._values)

    def __iter__(self) -> Iterator[K]:
        """The keys, least recently used first."""
        # A copy: whoever iterates may take values out.
        return iter(list(self._values))

    def get(self, key: K) -> V | None:
        """The value, which counts as a use."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V) -> None:
        """Store a value, and drop those that were not used for longest."""
        replaced = self._values.pop(key, None)
        if replaced is not None:
            self._total -= replaced[1]
        size = 1 if self._size_of is None else self._size_of(value)
        self._values[key] = value, size
        self._total += size
        # The last value stays even when it alone is too large: its reader is about to use it.
        while self._total > self._size and len(self._values) > 1:
            _, (_, dropped) = self._values.popitem(last=False)
            self._total -= dropped

    def get_or_put(self, key: K, make: Callable[[], V]) -> V:
        """The value, which is made when there is none."""
        found = self.get(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found

    def pop(self, key: K) -> V | None:
        """Take a value out."""
        found = self._values.pop(key, None)
        if found is None:
            return None
        self._total -= found[1]
        return found[0]


class TtlCache(Generic[K, V]):
    """The values that were used last, each for a while.

    Args:
        size: Most values.
        ttl: Seconds that a value is good for, unless :meth:`put` says otherwise.
        clock: The clock; by default the current one.
    """

    def __init__(self, size: int, ttl: float, clock: Clock | None = None) -> None:
        self._ttl = ttl
        self._clock = clock or current_clock()
        self._values = LruCache[K, tuple[V, float]](size)

    def __contains__(self, key: K) -> bool:
        """Whether there is a value that has not expired."""
        return self.get(key) is not None

    def get(self, key: K) -> V | None:
        """The value while it is good."""
        found = self.entry(key)
        return None if found is None else found[0]

    def entry(self, key: K) -> tuple[V] | None:
        """The value in a tuple, which tells a value that is ``None`` from none."""
        found = self._values.get(key)
        if found is None:
            return None
        if found[1] <= self._clock.monotonic():
            self._values.pop(key)
            return None
        return (found[0],)

    def put(self, key: K, value: V, ttl: float | None = None) -> None:
        """Store a value for ``ttl`` seconds."""
        self._values.put(key, (value, self._clock.monotonic() + (self._ttl if ttl is None else ttl)))

    def pop(self, key: K) -> V | None:
        """Take a value out, if it is still good."""
        found = self.entry(key)
        self._values.pop(key)
        return None if found is None else found[0]
