"""Times as mails write them: RFC 5322 with its obsolete forms, and ISO."""

from __future__ import annotations

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from functools import lru_cache
from typing import Final

_BLANKS: Final = re.compile(r"\s+")
_COMMENT: Final = re.compile(r"\([^()]*\)")
# Names that email.utils does not know.
_ZONES: Final = {
    "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MET": 1, "MEZ": 1, "CEST": 2, "MEST": 2, "MESZ": 2, "SAST": 2, "EET": 2,
    "EEST": 3, "MSK": 3, "MSD": 4, "HKT": 8, "SGT": 8, "AWST": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11,
    "NZST": 12, "NZDT": 13, "BRT": -3, "ART": -3, "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_USUAL: Final = re.compile(
    r"\s*(?:[A-Za-z]{3},\s*)?(\d{1,2}) (jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec) ([12]\d{3}) "
    r"(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)(?:\s*\(\w*\))?\s*$",
    re.IGNORECASE,
)
_ZONE: Final = re.compile(r"\s([A-Za-z]{3,4})\s*$")


def parse_date(value: str) -> datetime | None:
    """A time as mails write it, also in obsolete forms and as ISO; ``None`` when it is none."""
    usual = _USUAL.match(value)
    time = _other_date(value) if usual is None else _usual_date(usual)
    # The first and the last year are not whole in every zone.
    return time if time is not None and MINYEAR < time.year < MAXYEAR else None


def _other_date(value: str) -> datetime | None:
    text = _BLANKS.sub(" ", _COMMENT.sub(" ", value[:200])).strip()
    if not text:
        return None
    try:
        iso = datetime.fromisoformat(text)
        return iso if iso.tzinfo else iso.replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        parts = parsedate_tz(text)
        if parts is None:
            return None
        hours = _ZONES.get(zone[1].upper()) if (zone := _ZONE.search(text)) else None
        offset = timedelta(seconds=parts[9] or 0) if hours is None else timedelta(hours=hours)
        year, month, day, hour, minute, second = parts[:6]
        # Python has no leap seconds.
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=timezone(offset))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _usual_date(found: re.Match[str]) -> datetime | None:
    """A time in the form that nearly all mails have."""
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    try:
        zone = _zone(sign, hours, minutes)
        place = _MONTHS.index(month.lower()) + 1
        return datetime(int(year), place, int(day), int(hour), int(minute), min(int(second), 59), tzinfo=zone)
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _zone(sign: str, hours: str, minutes: str) -> timezone:
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)
