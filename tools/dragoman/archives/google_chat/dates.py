"""Dates as Google Chat's export writes them: in full, in the language of the account, in UTC."""

from __future__ import annotations

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
_YEAR: Final = lazy_pattern(r"(?<!\d)\d{4}(?!\d)")
_NUMERIC_MONTH: Final = lazy_pattern(r"(?<!\d)(\d{1,2})\s?[月월]|tháng\s(\d{1,2})(?!\d)|(?<!\d)(\d{1,2})-р\s")
_DAY: Final = lazy_pattern(r"(?<!\d)\d{1,2}(?!\d)")
_BETWEEN_WORDS: Final = lazy_pattern(r"[\s\d.,،၊、/()’'\-]+")
_CROATIAN_OCTOBER: Final = lazy_pattern(r"\d\. listopada?\b")
_POINTS: Final = lazy_pattern(r"[.,()\[\]]")
_IN: Final = "ב"  # Hebrew writes "in" onto the month
_TEN: Final = "арван"
_NOON: Final = 12
_BUDDHIST: Final = 543
_BUDDHIST_FROM: Final = 2400
_JOINED: Final = tuple(mark for mark in MORNING | AFTERNOON if not mark.isascii() and len(mark) > 1)


def parse_date(text: str) -> datetime | None:
    """The moment of a date such as ``Dienstag, 10. März 2026 um 22:00:01 UTC``; ``None`` when it is none."""
    if len(text) > _LONGEST:
        return None
    lower = text.casefold()
    time = None
    for time in _TIME.finditer(lower):  # noqa: B007 - the last one counts
        pass
    if time is None:
        return None
    before, after = lower[: time.start()], lower[time.end() :]
    day = _day_of(f"{before} {after}")
    if day is None:
        return None
    hour, minute, second = (int(part) for part in time.groups())
    try:
        return datetime(*day, _hour(hour, before, after), minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None


@lru_cache(maxsize=_DAYS)
def _day_of(text: str) -> tuple[int, int, int] | None:
    """Year, month and day, not yet checked, in a date without its time; ``None`` where there is no year."""
    year = _YEAR.search(text)
    if year is None:
        return None
    month, rest = _month(text.replace(year[0], " ", 1))
    day = _DAY.search(rest)
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


def _hour(hour: int, before: str, after: str) -> int:
    """The hour of a day of 24 hours, by the mark that stands beside a clock of 12."""
    mark = _mark(before, after) if hour <= _NOON else ""
    if mark in AFTERNOON:
        return hour % _NOON + _NOON
    return hour % _NOON if mark in MORNING else hour


@lru_cache(maxsize=_DAYS)
def _mark(before: str, after: str) -> str:
    """The mark behind the time, which may be two words such as ``p. m.``, or the one before it."""
    words = [_POINTS.sub("", word) for word in after.split()[:2]]
    for mark in ("".join(words), *words[:1]):
        if len(mark) > 1 and mark in MORNING | AFTERNOON:
            return mark
    alone = words[0] if words else ""
    if alone and not alone.isascii() and alone in MORNING | AFTERNOON:
        return alone
    compact = _POINTS.sub("", before).rstrip()
    return max((mark for mark in _JOINED if compact.endswith(mark)), key=len, default="")
