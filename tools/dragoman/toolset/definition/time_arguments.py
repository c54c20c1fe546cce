"""Moments as people and models write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Final

from dragoman.core.errors import InvalidArgument
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.safe_text import sentence

if TYPE_CHECKING:
    from dragoman.toolset.definition.context import CallContext

_AGO: Final = lazy_pattern(
    r"(?:(?:the )?(?:last|past)\s+|-)?(\d{1,6}|an?)\s*"
    r"(s|m|h|d|w|mo|y|sec|min|hr|yr|second|minute|hour|day|week|month|year)s?(?:\s+ago)?",
    re.IGNORECASE | re.ASCII,
)
_DAY: Final = lazy_pattern(r"(?:[0-9]{4}-[0-9W]|[0-9]{4}W|[0-9]{8}(?![0-9]))[0-9-]*(?:[T ]|$)", re.IGNORECASE)
_BEYOND: Final = lazy_pattern(
    r"(?P<day>[0-9W-]+)[T ](?:(?P<midnight>24(?::?00){0,2}(?:[.,]0+)?)"
    r"|(?P<minute>[0-9]{2}:?[0-9]{2})(?P<colon>:?)60(?:[.,][0-9]+)?)(?P<zone>Z|[+-][0-9:]+)?",
    re.IGNORECASE,
)
"""Times that ISO 8601 knows and Python does not: the end of a day, and a leap second."""
_UNITS: Final = {
    "s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1),
    "w": timedelta(weeks=1), "mo": timedelta(days=30), "y": timedelta(days=365),
}  # fmt: skip
_DAYS: Final = {"today": 0, "yesterday": -1, "tomorrow": 1}
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_EDGE: Final = timedelta(days=2)


def parse_time(
    text: str, *, zone: tzinfo, now: datetime, name: str, end: bool = False, exact: bool = False
) -> datetime:
    """Read a time: ISO time or date, ``now``, ``today``, ``yesterday``, or a time ago such as ``2h``.

    Other writings of a date are read where they have one meaning, also a month or a year.

    The first and the last days of the calendar, which people write for an open end, are times in every zone.
    A time that a zone has twice, when clocks go back, is the first of the two; as an end the second, so that a
    window holds all of it. A time that a zone leaves out, when clocks go forward, is moved on by what is left out.

    Args:
        text: What was written.
        zone: Where a time without an offset, and a day, belong.
        now: The present time.
        name: The argument's name, for the error.
        end: A day means its end instead of its beginning, so that ``until`` includes the day.
        exact: Refuse a time that the zone leaves out: it is to be kept, not only compared.

    Raises:
        InvalidArgument: It is no time, or an impossible one.
    """
    said = text.strip()
    try:
        at = _relative(said.lower(), zone, now, end=end)
        if at is None:
            try:
                at = _absolute(said, zone, end=end)
            except ValueError:
                at = _rewritten(said, zone, end=end, exact=exact)
        missing = exact and _left_out(at)
        # Two times of one zone are otherwise compared by the clock, which jumps.
        at = _in_utc(at)
    except (ValueError, OverflowError, OSError):
        raise InvalidArgument(
            sentence("{} is not a time that exists.", name),
            hint="Write 2026-03-10, 2026-03-10T14:00, 2026-03-10T14:00Z, 2h, 3d, today or yesterday.",
        ) from None
    if missing:
        raise InvalidArgument(
            sentence("{} is a time that {} leaves out, because clocks go forward then.", name, zone),
            hint=sentence("It would be {}; write that, or a time with its offset.", at.astimezone(zone).isoformat()),
        )
    return at


def _in_utc(at: datetime) -> datetime:
    """The time; at the edge of the calendar the nearest one that there is."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return _FIRST if at.year == _FIRST.year else _LAST


def _left_out(at: datetime) -> bool:
    """Whether the zone leaves this time out: converted to UTC and back it is another."""
    # Converting would leave the calendar.
    if not _FIRST + _EDGE < at.replace(tzinfo=UTC) < _LAST - _EDGE:
        return False
    there = at.astimezone(UTC).astimezone(at.tzinfo)
    return there.replace(tzinfo=None, fold=0) != at.replace(tzinfo=None, fold=0)


def _relative(said: str, zone: tzinfo, now: datetime, *, end: bool) -> datetime | None:
    if said == "now":
        return now
    if said in _DAYS:
        return _day(now.astimezone(zone).date() + timedelta(days=_DAYS[said]), zone, end=end)
    ago = _AGO.fullmatch(said)
    if ago is None:
        return None
    # Minutes and months begin alike.
    unit = "mo" if ago[2].startswith("mo") else ago[2][0]
    return now - _UNITS[unit] * (1 if ago[1].startswith("a") else int(ago[1]))


def _rewritten(said: str, zone: tzinfo, *, end: bool, exact: bool) -> datetime:
    """A date that people write in another way than ISO does."""
    from dragoman.toolset.definition.time_writings import to_iso  # noqa: PLC0415  # takes time, and is seldom needed

    iso = to_iso(said, end=end, exact=exact)
    if iso is None:
        raise ValueError
    return _absolute(iso, zone, end=end)


def _absolute(said: str, zone: tzinfo, *, end: bool) -> datetime:
    if not _DAY.match(said):
        raise ValueError  # a count of seconds would be taken for a day of long ago and a time
    try:
        return _day(date.fromisoformat(said), zone, end=end)
    except ValueError:
        at = _of_day(said)
    if at.tzinfo is not None:
        return at
    at = at.replace(tzinfo=zone)
    # Of an hour that comes twice a window holds both.
    return at.replace(fold=1) if end and not _left_out(at) else at


def _of_day(said: str) -> datetime:
    """An ISO time; 24:00 is the beginning of the next day, and a leap second the second after the one before it."""
    found = _BEYOND.fullmatch(said)
    if found is None:
        return datetime.fromisoformat(said)
    if found["midnight"]:
        return datetime.fromisoformat(f"{found['day']}T00:00{found['zone'] or ''}") + timedelta(days=1)
    before = f"{found['day']}T{found['minute']}{found['colon']}59{found['zone'] or ''}"
    return datetime.fromisoformat(before) + timedelta(seconds=1)


def _day(day: date, zone: tzinfo, *, end: bool) -> datetime:
    if end and day == date.max:
        return _LAST
    return datetime.combine(day + timedelta(days=1) if end else day, time(), zone)


def time_window(call: CallContext, since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """Read the two ends of a time window; a day in ``until`` is included."""
    zone, now = call.services.zone, call.now
    begin = parse_time(since, zone=zone, now=now, name="since") if since else None
    end = parse_time(until, zone=zone, now=now, name="until", end=True) if until else None
    if begin is not None and end is not None and begin >= end:
        raise InvalidArgument("since is not before until.", hint="Swap them or leave one out.")
    return begin, end
