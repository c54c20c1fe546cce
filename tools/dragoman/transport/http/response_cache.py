"""Answers that come again, byte for byte.

An assistant looks at the same lists again and again, and mostly nothing has changed. The service is asked each time;
what was made of the same answer before is not made anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import partial
from threading import Lock
from typing import Final, Generic, TypeVar
from weakref import ref

from dragoman.core.text_size import run_sized

T = TypeVar("T")

_MOST: Final = 8
_LARGEST: Final = 256 << 10  # bytes of a body that is worth keeping
_MOST_MADE: Final = 16


class ResponseCache:
    """Parsed values of the last few bodies of moderate size, by body.

    Several threads may use it at the same time.
    """

    def __init__(self) -> None:
        self._values: OrderedDict[tuple[Hashable, bytes], tuple[object, str]] = OrderedDict()
        self._lock = Lock()

    def value(self, form: Hashable, body: bytes, read: Callable[[], tuple[object, str]]) -> tuple[object, str]:
        """A body read in a form, and the request id in it; ``read`` does it when it did not come lately."""
        key = (form, body)
        # Read without the lock: two threads that read the same body only do it twice.
        found = self._values.get(key)
        if found is None:
            found = read()
        with self._lock:
            if len(body) <= _LARGEST:
                self._values[key] = found
                self._values.move_to_end(key)
            if len(self._values) > _MOST:
                self._values.popitem(last=False)
        return found


class DerivedCache(Generic[T]):
    """Values derived from other values, as long as these live; :class:`ResponseCache` keeps repeated ones.

    Values are told apart by identity and must not be changed; what is made of one must not hold it.
    """

    def __init__(self) -> None:
        self._made: dict[int, tuple[ref[object], OrderedDict[Hashable, T]]] = {}

    def __len__(self) -> int:
        """Of how many values something is kept."""
        return len(self._made)

    def get(self, value: object, about: Hashable, make: Callable[[], T]) -> T:
        """The result of ``make`` for a value; ``about`` names everything else that the result depends on."""
        made = self._made_of(value)
        return made[about] if about in made else self._put(made, about, make())

    async def get_sized(self, value: object, about: Hashable, make: Callable[[], T], size: Callable[[], int]) -> T:
        """As :meth:`get`; of a value of much text it is made in a worker thread.

        Args:
            value: See :meth:`get`, as for ``about`` and ``make``.
            about: See there.
            make: See there.
            size: Counts the characters of the value.
        """
        made = self._made_of(value)
        return made[about] if about in made else self._put(made, about, await run_sized(make, size()))

    def _made_of(self, value: object) -> OrderedDict[Hashable, T]:
        place = id(value)
        found = self._made.get(place)
        if found is None:
            # The weak reference removes the entry before the id can belong to another value.
            found = self._made[place] = ref(value, partial(self._forget, place)), OrderedDict()
        return found[1]

    def _put(self, made: OrderedDict[Hashable, T], about: Hashable, one: T) -> T:
        made[about] = one
        if len(made) > _MOST_MADE:
            made.popitem(last=False)
        return one

    def _forget(self, place: int, _: ref[object]) -> None:
        self._made.pop(place, None)
