"""Answers that come again, byte for byte.

An assistant looks at the same lists again and again, and mostly nothing has changed. The service is asked each time;
what was made of the same answer before is not made anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_MOST: Final = 8
_LARGEST: Final = 256 << 10  # bytes of a body that is worth keeping


class Again:
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


class Derived(Generic[T]):
    """What was made of the last few values, found by the value's identity. The values must not be changed.

    Args:
        most: How many are kept.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._made: OrderedDict[tuple[int, object], tuple[object, T]] = OrderedDict()

    def of(self, value: object, about: object, make: Callable[[], T]) -> T:
        """What ``make`` makes of a value; ``about`` is whatever else that depends on."""
        key = (id(value), about)
        found = self._made.get(key)
        if found is not None and found[0] is value:  # an id is given again when its object is gone
            return found[1]
        made = make()
        self._made[key] = (value, made)
        if len(self._made) > self._most:
            self._made.popitem(last=False)
        return made
