"""Times as archives write them, to aware times. What is out of range or not a time is ``None``."""

from __future__ import annotations

import re
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_LONGEST: Final = 100
_FAR: Final = 10**11
_USUAL: Final = lazy_pattern(r"([0-9]{1,11})(?:\.([0-9]{1,6}))?")
"""Seconds in the form that nearly all have."""
_WHOLE: Final = lazy_pattern(r"[0-9]++")
_DIGITS: Final = 14
_MIDNIGHT: Final = 24
_LEAP: Final = 60
_ISO: Final = lazy_pattern(
    r"(\d{4})[-/]?(\d\d)[-/]?(\d\d)[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,12}))?)?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?",
    re.IGNORECASE,
)


def from_seconds(seconds: object) -> datetime | None:
    """Seconds since 1970 as a number or its digits, also with a fraction, to the microsecond."""
    usual = _USUAL.fullmatch(seconds) if isinstance(seconds, str) else None
    if usual is not None:
        whole, fraction = usual.groups()
        return EPOCH + timedelta(0, int(whole), int(fraction.ljust(6, "0")) if fraction else 0)
    if isinstance(seconds, int) and not isinstance(seconds, bool) and 0 <= seconds < _FAR:
        return EPOCH + timedelta(0, seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float | str):
        return None
    try:
        # A float would lose microseconds.
        number = Decimal(str(seconds)[:_LONGEST])
        return EPOCH + timedelta(microseconds=int(number * 1_000_000))
    except (InvalidOperation, OverflowError, ValueError):
        return None


def from_milliseconds(milliseconds: object) -> datetime | None:
    """Milliseconds since 1970 as a number or its digits."""
    if milliseconds is None:
        return None
    if isinstance(milliseconds, str) and len(milliseconds) <= _DIGITS and _WHOLE.fullmatch(milliseconds):
        milliseconds = int(milliseconds)
    if isinstance(milliseconds, int) and not isinstance(milliseconds, bool) and 0 <= milliseconds < _FAR * 1000:
        return EPOCH + timedelta(milliseconds=milliseconds)
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float | str):
        return None
    try:
        return EPOCH + timedelta(microseconds=int(Decimal(str(milliseconds)[:_LONGEST]) * 1000))
    except (InvalidOperation, OverflowError, ValueError):
        return None


def from_iso(text: object, zone: tzinfo = UTC) -> datetime | None:
    """An ISO time with any number of digits of a second; ``zone`` is that of a time that names none."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        bare = text.strip()
        return _from_unusual_iso(bare, zone) if bare == text else from_iso(bare, zone)
    return local(time, zone) if time.tzinfo is None else _in_range(time)


def _from_unusual_iso(text: str, zone: tzinfo) -> datetime | None:
    """A time with a leap second, with hour 24, or with a zone that is written in another way."""
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    *clock, fraction, offset = found.groups()
    year, month, day, hour, minute, second = (int(part or 0) for part in clock)
    # ISO 8601 allows 24:00 for the end of a day.
    late = timedelta(days=hour == _MIDNIGHT, seconds=second == _LEAP)
    try:
        time = datetime(year, month, day, hour % _MIDNIGHT, minute, min(second, _LEAP - 1))  # noqa: DTZ001 - zone below
        time += late + timedelta(microseconds=int((fraction or "0")[:6].ljust(6, "0")))
        return local(time, _zone_of(offset) or zone)
    except (ValueError, OverflowError):
        return None


def _in_range(time: datetime) -> datetime | None:
    # Only at either end can an offset lead out of what a datetime holds.
    if MINYEAR < time.year < MAXYEAR:
        return time
    try:
        time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time


def local(time: datetime, zone: tzinfo) -> datetime | None:
    """A time of a clock in ``zone``; ``None`` when it is out of range."""
    return _in_range(time.replace(tzinfo=zone))


def _zone_of(offset: str | None) -> tzinfo | None:
    """The zone of an offset such as ``+0530``; none of an empty one.

    Raises:
        ValueError: The offset is a day or more.
    """
    if not offset:
        return None
    if offset.upper() in ("Z", "UTC"):
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-shift if offset[0] == "-" else shift)


class ClockReader:
    """Times of one clock without a zone, in the order of a file.

    The hour that comes twice when summer time ends is the first one, until the clock runs backwards within it.

    Args:
        zone: Where the clock hangs.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._last: datetime | None = None
        self._second = False
        self._day: date | None = None
        self._is_even = False

    def read(self, time: datetime) -> datetime | None:
        """The moment that the clock shows; ``None`` when it is out of range."""
        day = time.date()
        if day != self._day:
            self._day, self._is_even = day, self._has_one_offset(day)
        if self._is_even:
            self._second, self._last = False, time
            return time.replace(tzinfo=self._zone)
        first, second = local(time, self._zone), time.replace(tzinfo=self._zone, fold=1)
        if first is None or first.utcoffset() == second.utcoffset():
            self._second = False
        elif self._last is not None and time < self._last:
            self._second = True
        self._last = time
        return second if self._second else first

    def _has_one_offset(self, day: date) -> bool:
        """Whether the clock was not changed on a day, which spares a closer look at each of its times."""
        if not MINYEAR < day.year < MAXYEAR:
            return False
        begin = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        # With the later reading of its end: a change after midnight may repeat the last hour.
        return begin.utcoffset() == (begin + timedelta(days=1)).replace(fold=1).utcoffset()
