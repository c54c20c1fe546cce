"""Times as both forms write them."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Final

_NO_TIME: Final = "--:--"
_HOURS: Final = tuple(f"{hour:02}:" for hour in range(24))
_TWO: Final = tuple(f"{number:02}" for number in range(60))


def local(at: datetime, zone: tzinfo) -> datetime:
    """A time in the zone; times at the edge of the calendar stay as they are."""
    try:
        return at.astimezone(zone)
    except (OverflowError, ValueError):
        return at


def format_time(at: datetime, zone: tzinfo) -> str:
    """``2026-03-10 11:52``."""
    return " ".join(date_and_clock(at, zone))


def date_and_clock(at: datetime | None, zone: tzinfo) -> tuple[str, str]:
    """``2026-03-10`` and ``11:52``; of an unknown time nothing and ``--:--``."""
    if at is None:
        return "", _NO_TIME
    time = local(at, zone)
    return time.date().isoformat(), _HOURS[time.hour] + _TWO[time.minute]


def iso(at: datetime, zone: tzinfo) -> str:
    """``2026-03-10T11:52:00+01:00``, to the second, with ``Z`` for UTC."""
    time = local(at, zone)
    if time.utcoffset():
        return time.isoformat(timespec="seconds")
    return f"{time.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def as_of(at: datetime, zone: tzinfo) -> str:
    """``as of 12:03``: until when the store knows everything."""
    return f"as of {date_and_clock(at, zone)[1]}"
