"""Times as both forms write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

NO_TIME: Final = "--:--"


def local(at: datetime, zone: tzinfo) -> datetime:
    """A moment in the zone; moments at the edge of the calendar stay as they are."""
    try:
        return at.astimezone(zone)
    except (OverflowError, ValueError):
        return at


def day(at: datetime) -> str:
    """``2026-03-10``."""
    return at.isoformat()[:10]


def clock(at: datetime) -> str:
    """``11:52``."""
    return at.isoformat()[11:16]


def iso(at: datetime, zone: tzinfo) -> str:
    """``2026-03-10T11:52:00+01:00``, to the second, with ``Z`` for UTC."""
    moment = local(at, zone)
    if moment.utcoffset() == timedelta(0):
        return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    return moment.isoformat(timespec="seconds")


def zone_name(zone: tzinfo) -> str:
    """``Europe/Berlin``, ``UTC`` or ``UTC+02:00``."""
    return str(zone) if zone is not UTC else "UTC"
