"""Times as both forms write them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Final

NO_TIME: Final = "--:--"
_HOURS: Final = tuple(f"{hour:02}:" for hour in range(24))
_TWO: Final = tuple(f"{number:02}" for number in range(60))


def local(at: datetime, zone: tzinfo) -> datetime:
    """A moment in the zone; moments at the edge of the calendar stay as they are."""
    try:
        return at.astimezone(zone)
    except (OverflowError, ValueError):
        return at


def day(at: datetime) -> str:
    """``2026-03-10``."""
    return at.date().isoformat()


def clock(at: datetime) -> str:
    """``11:52``."""
    return _HOURS[at.hour] + _TWO[at.minute]


def iso(at: datetime, zone: tzinfo) -> str:
    """``2026-03-10T11:52:00+01:00``, to the second, with ``Z`` for UTC."""
    time = local(at, zone)
    offset = time.utcoffset()
    if offset:
        return time.isoformat(timespec="seconds")
    return f"{day(time)}T{clock(time)}:{_TWO[time.second]}Z"


def zone_name(zone: tzinfo) -> str:
    """``Europe/Berlin``, ``UTC`` or ``UTC+02:00``."""
    return str(zone) if zone is not UTC else "UTC"


def as_of(at: datetime | None, zone: tzinfo) -> str:
    """``as of 12:03``: until when the store knows everything; empty where that is unknown."""
    return f"as of {clock(local(at, zone))}" if at is not None else ""
