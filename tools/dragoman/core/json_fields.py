"""Tolerant access to the members of JSON objects: a member of another type counts as absent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Final, TypeGuard

JsonObject = Mapping[str, object]
EMPTY: Final[JsonObject] = {}
# Bounded, because Python refuses to read thousands of digits.
_WHOLE: Final = re.compile(r"-?[0-9]{1,30}")


def is_object(value: object) -> TypeGuard[JsonObject]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[object]]:
    """Whether a JSON value is a list."""
    return isinstance(value, list)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a JSON value is a number, and neither ``NaN`` nor infinite."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def object_of(value: object) -> JsonObject:
    """The value if it is an object, else an empty one."""
    return value if is_object(value) else EMPTY


def record_of(record: JsonObject, name: str) -> JsonObject:
    """A member that is an object."""
    value = record.get(name)
    return value if is_object(value) else EMPTY


def list_of(record: JsonObject, name: str) -> list[object]:
    """A member that is a list."""
    value = record.get(name)
    return value if is_list(value) else []


def records_of(record: JsonObject, name: str) -> list[JsonObject]:
    """The objects of a member that is a list."""
    value = record.get(name)
    return [item for item in value if is_object(item)] if is_list(value) else []


def text_of(record: JsonObject, name: str = "", *others: str) -> str:
    """The first of the members that is a text or a number and not empty; empty where none is named."""
    value = record.get(name)
    if isinstance(value, str) and value:  # the usual case, and the first of all for speed
        return value
    if value is not None and not isinstance(value, str) and is_number(value):
        return str(value)
    return text_of(record, *others) if others else ""


def texts_of(record: JsonObject, name: str) -> list[str]:
    """The texts of a member that is a list."""
    return [item for item in list_of(record, name) if isinstance(item, str)]


def number_of(record: JsonObject, name: str) -> int | None:
    """A member that is a whole number, or the digits of one."""
    value = record.get(name)
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return None


def count_of(record: JsonObject, name: str) -> int | None:
    """A member that is a size or a count: not negative, and small enough to be stored."""
    value = record.get(name)
    number = value if type(value) is int else number_of(record, name)  # the usual case first
    return number if number is not None and 0 <= number < 2**63 else None


def flag_of(record: JsonObject, name: str) -> bool:
    """Whether a member is ``true``."""
    return record.get(name) is True
