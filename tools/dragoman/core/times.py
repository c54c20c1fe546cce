"""Times: read from what services write, and written as the forms of an answer show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# From nine digits on, because eight are a date such as 20260310.
_DIGITS: Final = lazy_pattern(r"-?([0-9]{9,19})(?:\.([0-9]{1,9}))?")
_RFC_2822: Final = lazy_pattern(r"(?:[A-Za-z]{3},\s*)?\d{1,2}\s+[A-Za-z]{3}\s")
_DATE_DIGITS: Final = 8  # 20260310
_MICROSECOND: Final = timedelta(microseconds=1)
_MILLISECONDS_FROM: Final = 100_000_000_000  # below stand seconds, of years up to 5138
_MICROSECONDS_FROM: Final = _MILLISECONDS_FROM * 1000
_NANOSECONDS_FROM: Final = _MICROSECONDS_FROM * 1000

_NO_TIME: Final = "--:--"
_HOURS: Final = tuple(f"{hour:02}:" for hour in range(24))
_TWO: Final = tuple(f"{number:02}" for number in range(60))


def parse_time(value: str | float | None) -> datetime | None:
    """Read a time, in UTC; ``None`` for anything that is none.

    Args:
        value: ISO 8601 or RFC 3339 (without a zone it is taken for UTC), RFC 2822 as in mail, or the time since 1970
            as a number or its digits: in seconds, milli-, micro- or nanoseconds, told apart by its size. Slack's
            ``1717430812.004200`` is exact to the microsecond.
    """
    # In Python a bool is a number, and True would be a second after 1970.
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _of_number(value)
    text = value.strip()
    digits = _DIGITS.fullmatch(text)
    if digits:
        return _of_digits(text, digits[2] or "")
    if text.isdigit() and len(text) > _DATE_DIGITS:
        return None
    return _of_iso(text) or (_of_mail(text) if _RFC_2822.match(text) else None)


def format_time(at: datetime) -> str:
    """Write a time as RFC 3339 in UTC, like ``2026-03-10T08:58:00Z``."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def in_window(at: datetime | None, since: datetime | None, until: datetime | None) -> bool:
    """Whether a time is in a window, whose end does not belong to it; one that is not known may be."""
    return at is None or ((since is None or at >= since) and (until is None or at < until))


def to_ms(at: datetime) -> int:
    """Unix milliseconds, rounded down."""
    return to_us(at) // 1000


def to_us(at: datetime) -> int:
    """Microseconds since 1970, rounded down."""
    return (at - EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime | None:
    """A time from microseconds since 1970; ``None`` outside of the years 1 to 9999."""
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return None


def local(at: datetime, zone: tzinfo) -> datetime:
    """A time in the zone; times at the edge of the calendar stay as they are."""
    try:
        return at.astimezone(zone)
    except (OverflowError, ValueError):
        return at


def format_minute(at: datetime, zone: tzinfo) -> str:
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


def _of_number(value: float) -> datetime | None:
    if isinstance(value, int):
        return from_us(value * _scale(value) // 1000)
    try:
        return from_us(round(value * _scale(value) / 1000))
    except (OverflowError, ValueError):  # infinite, or no number
        return None


def _of_digits(text: str, fraction: str) -> datetime | None:
    whole = int(text.partition(".")[0])
    scale = _scale(whole)
    # In whole numbers, because a float has not enough digits for them.
    part = int(fraction.ljust(9, "0")) * scale // 10**12 if fraction else 0
    return from_us(whole * scale // 1000 + (-part if text.startswith("-") else part))


def _scale(number: float) -> int:
    """Nanoseconds, thousandths of what we count in, of one unit of a number."""
    size = abs(number)
    if size < _MILLISECONDS_FROM:
        return 1_000_000_000
    if size < _MICROSECONDS_FROM:
        return 1_000_000
    return 1000 if size < _NANOSECONDS_FROM else 1


def _of_iso(text: str) -> datetime | None:
    try:
        # RFC 3339 allows a small z, which Python does not read.
        found = datetime.fromisoformat(text.upper())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _of_mail(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - few services write times so

    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
