"""Dates as Google Chat's export writes them: in full, in the language of the account, in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from dragoman.archives.calendar_words import AFTERNOON, MONTHS, MORNING
from dragoman.core.lazy_pattern import lazy_pattern

_LONGEST: Final = 200
_DAYS: Final = 1000
"""Most times of a day differ in nothing but the clock."""
_TIME: Final = lazy_pattern(
    r"(?<!\d)(\d{1,2})(?:[:.]|\s?(?:h|[時时點点시]|นาฬิกา|ໂມງ)\s?)"
    r"(\d{1,2})(?:[:.]|\s?(?:min|[分분]|นาที|ນາທີ)\s?)(\d{1,2})(?!\d)"
)
_CLOCK: Final = lazy_pattern(r"([^:]*\s)(\d{1,2}):(\d\d):(\d\d)(\D*)")
"""The usual form of a time, the only one with colons in a date."""
_SAMPLE: Final = "11:11:11"
_YEAR: Final = lazy_pattern(r"(?<!\d)\d{4}(?!\d)")
_NUMERIC_MONTH: Final = lazy_pattern(r"(?<!\d)(\d{1,2})\s?[月월]|tháng\s(\d{1,2})(?!\d)|(?<!\d)(\d{1,2})-р\s")
_DAY: Final = lazy_pattern(r"(?<!\d)\d{1,2}(?!\d)")
_BETWEEN_WORDS: Final = lazy_pattern(r"[\s\d.,،၊、/()’'\-]+")
# Croatian `listopad` is October and Polish `listopad` November; only Croatian puts a point behind the day.
_CROATIAN_OCTOBER: Final = lazy_pattern(r"\d\. listopada?\b")
_POINTS: Final = lazy_pattern(r"[.,()\[\]]")
_IN: Final = "ב"  # Hebrew writes "in" onto the month
_TEN: Final = "арван"
_NOON: Final = 12
_AFTER: Final = "pm"
_BEFORE: Final = "am"
_BUDDHIST: Final = 543
_BUDDHIST_FROM: Final = 2400
Day = tuple[int, int, int]
"""Year, month and day, not yet checked."""

_JOINED: Final = tuple(mark for mark in MORNING | AFTERNOON if not mark.isascii() and len(mark) > 1)


def parse_date(text: str) -> datetime | None:
    """The moment of a date such as ``Dienstag, 10. März 2026 um 22:00:01 UTC``; ``None`` when it is none."""
    # No date is longer, and the patterns below try every place of a text.
    if len(text) > _LONGEST:
        return None
    usual = _CLOCK.fullmatch(text)
    if usual is not None and (frame := _frame_of(usual[1], usual[5])) is not None:
        return _time_at(frame, *usual.group(2, 3, 4))
    lower = text.casefold()
    found = _last_time(lower)
    if found is None:
        return None
    before, after = lower[: found.start()], lower[found.end() :]
    day = _day_of(f"{before} {after}")
    return None if day is None else _time_at((day, _half_of(before, after)), *found.groups())


def _last_time(text: str) -> re.Match[str] | None:
    """The last clock of a date, which is the one that counts."""
    found = None
    for found in _TIME.finditer(text):  # noqa: B007 - the last one
        pass
    return found


@lru_cache(maxsize=_DAYS)
def _frame_of(before: str, after: str) -> tuple[Day, str] | None:
    """Day and half of it around a clock of the usual form; ``None`` where the clock is not surely that one."""
    before, after = before.casefold(), after.casefold()
    found = _last_time(f"{before}{_SAMPLE}{after}")
    # Digits and marks before the clock could form another time with its hour.
    if found is None or found.span() != (len(before), len(before) + len(_SAMPLE)):
        return None
    day = _day_of(f"{before} {after}")
    return None if day is None else (day, _half_of(before, after))


def _time_at(frame: tuple[Day, str], *clock: str) -> datetime | None:
    """The time of that clock in the frame of a day; ``None`` when there is none."""
    (year, month, day), half = frame
    hour, minute, second = map(int, clock)
    # A clock that shows 13 or more needs no mark.
    if half and hour <= _NOON:
        hour = hour % _NOON + (_NOON if half == _AFTER else 0)
    try:
        # Python's times have no leap second.
        return datetime(year, month, day, hour, minute, min(second, 59), 0, UTC)
    except ValueError:
        return None


@lru_cache(maxsize=_DAYS)
def _day_of(text: str) -> Day | None:
    """The day in a date without its time; ``None`` where there is no year."""
    year = _YEAR.search(text)
    if year is None:
        return None
    month, rest = _month(text.replace(year[0], " ", 1))
    day = _DAY.search(rest)
    # Thai writes years of the Buddhist era, which began 543 years before ours.
    whole = int(year[0]) - (_BUDDHIST if int(year[0]) > _BUDDHIST_FROM else 0)
    return whole, month, int(day[0]) if day else 0


def _month(text: str) -> tuple[int, str]:
    """The month, 0 for none, and the text without it if it is a number."""
    found = _NUMERIC_MONTH.search(text)
    if found is not None:
        return int(found[1] or found[2] or found[3]), f"{text[: found.start()]} {text[found.end() :]}"
    if _CROATIAN_OCTOBER.search(text):
        return 10, text
    # The last one counts: a day of the week may be called like a month, as Tuesday in Welsh.
    words = _BETWEEN_WORDS.split(text)[::-1]
    numbers = (MONTHS.get(word) or MONTHS.get(word.removeprefix(_IN)) for word in words)
    return next(filter(None, numbers), 0) + (10 if _TEN in words else 0), text


def _half_of(before: str, after: str) -> str:
    """The half of the day that stands beside a clock of 12 hours; empty for none."""
    mark = _mark(before, after)
    return _AFTER if mark in AFTERNOON else _BEFORE if mark in MORNING else ""


@lru_cache(maxsize=_DAYS)
def _mark(before: str, after: str) -> str:
    """The mark behind the time, which may be two words such as ``p. m.``, or the one before it."""
    words = [_POINTS.sub("", word) for word in after.split()[:2]]
    for mark in ("".join(words), *words[:1]):
        # A single Latin letter may be a word of its own.
        if len(mark) > 1 and mark in MORNING | AFTERNOON:
            return mark
    alone = words[0] if words else ""
    if alone and not alone.isascii() and alone in MORNING | AFTERNOON:
        return alone
    # Chinese, Japanese and Korean write the mark before the clock.
    compact = _POINTS.sub("", before).rstrip()
    return max((mark for mark in _JOINED if compact.endswith(mark)), key=len, default="")
