"""Converts values that a database cannot hold, such as times and lone surrogates, and back without loss."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

Value = str | bytes | int | float | None
"""What a database holds."""

UNKNOWN: Final = -(2**62)
"""The time of a message that has none: before all others."""

UNREADABLE: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What decoding a damaged row may raise."""


class Digest(bytes):
    """A hash; other bytes are text, see :func:`bind`."""


class DamagedRowError(ValueError):
    """A row makes no sense."""


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
_STEP: Final = timedelta(microseconds=1)


def bind(text: str) -> str | bytes:
    """``text`` as a value for a database: itself, or bytes when it holds lone surrogates, which are no UTF-8."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def unbind(value: object) -> str:
    """The text that :func:`bind` was given.

    Raises:
        DamagedRowError: It is no text, as may be in a damaged file.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogatepass")
    raise DamagedRowError("a value is no text")


def to_us(time: datetime | None) -> int:
    """Microseconds since 1970 in UTC."""
    return UNKNOWN if time is None else (time - _EPOCH) // _STEP


def from_us(us: int | None) -> datetime | None:
    """The inverse of :func:`to_us`, in UTC."""
    if us is None or us == UNKNOWN:
        return None
    try:
        return _EPOCH + timedelta(microseconds=us)
    except OverflowError:
        # A time of the year 1 or 9999 in another zone may lie outside what a datetime in UTC can say.
        return _LAST if us > 0 else _FIRST
