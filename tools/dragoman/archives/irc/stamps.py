"""Times at the beginning of lines, and lines that tell the day."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from dragoman.archives.months import make_date, month_of, parse_date_words
from dragoman.core.lazy_pattern import lazy_pattern

_OPENING: Final = lazy_pattern(r"--- Log opened |\*{4} BEGIN LOGGING AT |Session (?:Start|Ident): ")
_DAY_LINE: Final = lazy_pattern(
    r"--- (?:Log (?:opened|closed)|Day changed) (?P<irssi>.*)"
    r"|\*{4} (?:BEGIN|ENDING) LOGGING AT (?P<hexchat>.*)"
    r"|Session (?:Start|Time|Close): (?P<mirc>.*)|Session Ident: .*"
    r"|\[\d\d:\d\d(?::\d\d)?\] --- (?P<eggdrop>\w+ \w+ +\d{1,2} \d{4})"
)
_CLOSING: Final = lazy_pattern(r"--- Log closed|\*{4} ENDING LOGGING|Session Close")
_STAMP: Final = lazy_pattern(
    r"[\[(]?(?:(?P<iso>\d{4}-\d\d-\d\d)[T ]+|(?P<month>[^\W\d_]{2,12})\.? +(?P<day>\d{1,2}),? +)?"
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?:[.,]\d{1,9})?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?(?P<zone> ?(?:Z|UTC|[+-]\d\d:?\d\d))?[\])]?(?:[ \t]|$)"
)
_NOON: Final = 12
_MIDNIGHT: Final = 24


class Stamp(NamedTuple):
    """The time of a line.

    Attributes:
        day: Its day, where the line has it.
        month_day: Month and day, where the line has these alone.
        clock: Hour, minute, second.
        written: The clock as the line has it.
        zone: The offset as the line has it; empty where it has none.
        rest: What follows.
    """

    day: date | None
    month_day: tuple[int, int] | None
    clock: tuple[int, int, int]
    written: str
    zone: str
    rest: str


def is_opening(line: str) -> bool:
    """Whether a client begins a log with such a line."""
    return _OPENING.match(line) is not None


def parse_day_line(line: str, before: date | None) -> tuple[bool, date | None] | None:
    """Whether a line that tells the day also ends a log, and the day; ``None`` for another line."""
    found = _DAY_LINE.match(line)
    if found is None:
        return None
    words = next((group for group in found.groups() if group), "")
    return _CLOSING.match(line) is not None, parse_date_words(words, before)


def parse_stamp(line: str) -> Stamp | None:
    """The time at the beginning of a line; ``None`` where there is none."""
    found = _STAMP.match(line)
    if found is None:
        return None
    iso, word, month_day, hour_digits, minute_digits, second_digits, half, zone = found.groups()
    hour, minute, second = int(hour_digits), int(minute_digits), int(second_digits or 0)
    if half:
        hour = hour % _NOON + _NOON * (half in "Pp")
    # A clock may show 60 in a leap second.
    if hour >= _MIDNIGHT or minute > 59 or second > 60:  # noqa: PLR2004 - a clock
        return None
    day = _day_of(iso) if iso else None
    month = month_of(word) if word else None
    if (word and month is None) or (iso and day is None):
        return None
    return Stamp(
        day=day,
        month_day=None if month is None else (month, int(month_day)),
        clock=(hour, minute, min(second, 59)),
        written=line[found.start("hour") : found.end("second") if second_digits else found.end("minute")],
        zone=(zone or "").strip(),
        rest=line[found.end() :],
    )


@lru_cache(maxsize=64)
def _day_of(iso: str) -> date | None:
    return make_date(*map(int, iso.split("-")))
