"""Moments as people and models write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from dragoman.errors import InvalidArgument

_AGO: Final = re.compile(r"(\d{1,6})\s*(s|m|min|h|d|w)(?:\s+ago)?", re.IGNORECASE | re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAYS: Final = {"today": 0, "yesterday": -1, "tomorrow": 1}


def parse_time(text: str, *, zone: tzinfo, now: datetime, name: str, end: bool = False) -> datetime:
    """Read a moment: ISO time or date, ``now``, ``today``, ``yesterday``, or a time ago such as ``2h``.

    Args:
        text: What was written.
        zone: Where a time without an offset, and a day, belong.
        now: The present moment.
        name: The argument's name, for the error.
        end: A day means its end instead of its beginning, so that ``until`` includes the day.

    Raises:
        InvalidArgument: It is no moment, or an impossible one.
    """
    said = text.strip()
    try:
        moment = _relative(said.lower(), zone, now, end=end) or _absolute(said, zone, end=end)
        # Two times of one zone are otherwise compared by the clock, which jumps.
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidArgument(
            f"{name} is not a time that exists.",
            hint="Write 2026-03-10, 2026-03-10T14:00, 2026-03-10T14:00Z, 2h, 3d, today or yesterday.",
        ) from None
    return moment


def _relative(said: str, zone: tzinfo, now: datetime, *, end: bool) -> datetime | None:
    if said == "now":
        return now
    if said in _DAYS:
        return _day(now.astimezone(zone).date() + timedelta(days=_DAYS[said]), zone, end=end)
    ago = _AGO.fullmatch(said)
    return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}) if ago else None


def _absolute(said: str, zone: tzinfo, *, end: bool) -> datetime:
    try:
        return _day(date.fromisoformat(said), zone, end=end)
    except ValueError:
        moment = datetime.fromisoformat(said)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _day(day: date, zone: tzinfo, *, end: bool) -> datetime:
    return datetime.combine(day + timedelta(days=1) if end else day, time(), zone)
