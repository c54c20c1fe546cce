"""Answers that come again, byte for byte.

An assistant looks at the same lists again and again, and mostly nothing has changed. The service is asked each time;
what was made of the same answer before is not made anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import partial
from typing import Final, Generic, TypeVar
from weakref import ref

T = TypeVar("T")

_MOST: Final = 8
_LARGEST: Final = 256 << 10  # bytes of a body that is worth keeping
_MOST_MADE: Final = 16


class ResponseCache:
    """What was read from the last few bodies of moderate size, each kept with the body itself."""

    def __init__(self) -> None:
        self._values: OrderedDict[tuple[Hashable, bytes], tuple[object, str]] = OrderedDict()

    def value(self, form: Hashable, body: bytes, read: Callable[[], tuple[object, str]]) -> tuple[object, str]:
        """A body read in a form, and the request id in it; ``read`` does it when it did not come lately."""
        key = (form, body)
        found = self._values.get(key)
        if found is None:
            found = read()
        if len(body) <= _LARGEST:
            self._values[key] = found
            self._values.move_to_end(key)
        if len(self._values) > _MOST:
            self._values.popitem(last=False)
        return found


class DerivedCache(Generic[T]):
    """What was made of values, as long as somebody keeps these: of those that come again, :class:`Again` does.

    Values are told apart by identity and must not be changed; what is made of one must not hold it.
    """

    def __init__(self) -> None:
        self._made: dict[int, tuple[ref[object], OrderedDict[Hashable, T]]] = {}

    def __len__(self) -> int:
        """Of how many values something is kept."""
        return len(self._made)

    def get(self, value: object, about: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` makes of a value; ``about`` is whatever else that depends on."""
        place = id(value)
        found = self._made.get(place)
        if found is None:
            found = self._made[place] = ref(value, partial(self._forget, place)), OrderedDict()
        made = found[1]
        if about in made:
            return made[about]
        if len(made) == _MOST_MADE:
            made.popitem(last=False)
        made[about] = one = make()
        return one

    def _forget(self, place: int, _: ref[object]) -> None:
        self._made.pop(place, None)
