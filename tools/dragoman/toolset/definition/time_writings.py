"""Dates in the writings of people and programs -> ISO 8601."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime
from typing import Final

from dragoman.core.folding import fold

_SECONDS: Final = re.compile(r"([0-9]{10})(\.[0-9]{1,9})?")
_MILLISECONDS: Final = re.compile(r"[0-9]{13}")
_PERIOD: Final = re.compile(r"([0-9]{4})(?:[-/.]([0-9]{1,2}))?")
_MONTHS: Final = {name.lower(): number for number, name in enumerate(calendar.month_name) if name} | {
    name.lower(): number for number, name in enumerate(calendar.month_abbr) if name
}
_NAME: Final = "(?P<name>[a-z]{3,9})"
_YEAR: Final = "(?P<year>[0-9]{4})"
_DAY: Final = "(?P<day>[0-9]{1,2})"
_MONTH: Final = "(?P<month>[0-9]{1,2})"
_DATES: Final = [
    re.compile(rf"(?:[a-z]{{3,9}},?\s+)?{date}(?![0-9])(?P<clock>.*)")
    for date in (
        rf"{_YEAR}(?P<sign>[-/.]){_MONTH}(?P=sign){_DAY}",
        rf"{_DAY}\.\s?{_MONTH}\.\s?{_YEAR}",
        rf"{_DAY}(?:st|[nr]d|th|\.)?[\s-](?:of\s)?{_NAME}\.?,?[\s-]{_YEAR}",
        rf"{_NAME}\.?\s{_DAY}(?:st|[nr]d|th)?,?\s{_YEAR}",
    )
]
"""Not ``03/10/2026``, which is a day of March in one country and of October in another."""

_CLOCK: Final = re.compile(
    r"(?:t|,?\s+(?:at\s+)?)(?P<hour>[0-9]{1,2})(?::?(?P<minute>[0-9]{2})(?::?(?P<second>[0-9]{2})(?P<part>[.,][0-9]+)?)?)?"
    r"\s*(?P<half>[ap]m)?\s*(?P<zone>z|utc|gmt|[+-][0-9]{2}:?[0-9]{2})?"
)
_HALF: Final = 12


def to_iso(said: str, *, end: bool, exact: bool) -> str | None:
    """The ISO date or time that was written in another way; ``None`` when it was not.

    Args:
        said: What was written: ``2026-3-9``, ``10 March 2026``, ``10.03.2026 9:00``, ``2026-03``, seconds since 1970.
        end: A month or a year means its last day instead of its first.
        exact: Take no month and no year for a day.
    """
    text = " ".join(fold(said).split())
    if _SECONDS.fullmatch(text) or _MILLISECONDS.fullmatch(text):
        seconds = float(text) if _SECONDS.fullmatch(text) else int(text) / 1000
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    period = None if exact else _PERIOD.fullmatch(text)
    if period is not None:
        return _day_of_period(int(period[1]), period[2], end=end)
    found = next(filter(None, (date.fullmatch(text) for date in _DATES)), None)
    if found is None:
        return None
    parts = found.groupdict()
    month = int(parts["month"]) if parts.get("month") else _MONTHS.get(parts.get("name") or "")
    clock = _clock(parts["clock"])
    if month is None or clock is None:
        return None
    return f"{parts['year']}-{month:02}-{int(parts['day']):02}{clock}"


def _day_of_period(year: int, month: str | None, *, end: bool) -> str | None:
    first, last = (int(month), int(month)) if month else (1, _HALF)
    if not (1 <= first <= _HALF and year):
        return None
    return f"{year:04}-{last:02}-{calendar.monthrange(year, last)[1]:02}" if end else f"{year:04}-{first:02}-01"


def _clock(text: str) -> str | None:
    """The time of the day as ISO writes it, empty where there is none; ``None`` when it is something else."""
    if not text.strip():
        return ""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hour, half, zone = int(found["hour"]), found["half"], found["zone"] or ""
    if half and not 1 <= hour <= _HALF:
        return None
    if half:
        hour = hour % _HALF + _HALF * (half == "pm")
    zone = "Z" if zone in ("z", "utc", "gmt") else zone
    return f"T{hour:02}:{found['minute'] or '00'}:{found['second'] or '00'}{found['part'] or ''}{zone}"
