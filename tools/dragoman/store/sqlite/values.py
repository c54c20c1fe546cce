"""What SQLite cannot hold as it is, written so that it comes back the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import apsw

Value = str | bytes | int | float | None
"""What SQLite holds."""

UNKNOWN: Final = -(2**62)
"""The moment of what has no time: before all others."""

UNREADABLE: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What decoding a row of a damaged file may raise."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
_STEP: Final = timedelta(microseconds=1)


def bind(text: str) -> str | bytes:
    """``text`` as a value for SQLite: itself, or bytes when it holds lone surrogates, which are no UTF-8."""
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
        apsw.CorruptError: It is no text, as may be in a damaged file.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogatepass")
    raise apsw.CorruptError("a value is no text")


def to_moment(time: datetime | None) -> int:
    """Microseconds since 1970 in UTC."""
    return UNKNOWN if time is None else (time - _EPOCH) // _STEP


def from_moment(moment: int | None) -> datetime | None:
    """The time of :func:`to_moment`, in UTC."""
    if moment is None or moment == UNKNOWN:
        return None
    try:
        return _EPOCH + timedelta(microseconds=moment)
    except OverflowError:
        # A time of the year 1 or 9999 in another zone may lie outside what a datetime in UTC can say.
        return _LAST if moment > 0 else _FIRST
