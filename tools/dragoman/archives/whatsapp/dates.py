"""Date and time at the beginning of a line, in the forms of every locale, and the order of day and month."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

from dragoman.archives.calendar_words import AFTERNOON, MORNING
from dragoman.archives.format import DateOrder
from dragoman.archives.whatsapp.words import BEHIND, ENGLISH, JOINING, OMITTED, YEAR_FIRST_MARKS
from dragoman.core.lazy_pattern import lazy_pattern

_INVISIBLE: Final = "\ufeff\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_LONGEST_HEAD: Final = 64
_SPACES: Final = str.maketrans(
    dict.fromkeys(f"\u00a0\u2009\u202f\u2007\u3000\t{_INVISIBLE}", " ") | {"\u060c": ",", "\u104a": ",", "\u3001": ","}
)

_DATE: Final = (
    r"(?P<a>\d{1,4})(?:(?P<sign>\s?[./\-]\s?)|\s?[\u5e74\ub144]\s?)"
    r"(?P<b>\d{1,2})(?:\s?[./\-]\s?|\s?[\u6708\uc6d4]\s?)"
    r"(?P<c>\d{1,4})\.?[\u65e5\uc77c]?(?:\s?[\u0433\u0440]\.)?"
)
_TIME: Final = r"(?P<hour>\d{1,2})(?:[:.]|\s?h\s?)(?P<minute>\d{2})(?:(?:[:.]|\s?min\s?)(?P<second>\d{2})(?:\s?s\b)?)?"
_BEFORE: Final = r"[,\s]+(?:(?P<before>[^\W\d_][^\W\d]{0,9}\.?)\s*)??"
_AFTER: Final = r"(?:\s?(?P<after>[^\W\d_](?:[^\d\[\]:\-\u2013\u2014]{0,14}[^\s\d\[\]:\-\u2013\u2014])?))?"
_HEAD: Final = lazy_pattern(
    rf"(?:(?P<ios>\[)\s?{_DATE}{_BEFORE}{_TIME}{_AFTER}\](?:\s|$)|{_DATE.replace('?P<', '?P<_')}"
    rf"{_BEFORE.replace('?P<', '?P<_')}{_TIME.replace('?P<', '?P<_')}{_AFTER.replace('?P<', '?P<_')}"
    r"\s[\-\u2013\u2014]\s)"
)
# In Vietnamese the time stands first.
_TIME_FIRST: Final = lazy_pattern(
    rf"(?P<ios>\[)?{_TIME}(?:\s?(?P<after>[^\W\d_]{{1,10}}))?,?\s{_DATE}(?(ios)\](?:\s|$)|\s[\-\u2013\u2014]\s)(?P<before>)"
)
_NOON: Final = 12
_MIDNIGHT: Final = 24
_LAST_MONTH: Final = 12
_LAST_DAY: Final = 31
# Thai dates count from 543 years before ours.
_BUDDHIST: Final = 543
_BUDDHIST_FROM: Final = 2400
_CENTURY: Final = 100
_BACKWARDS: Final = timedelta(hours=2)
_QUOTED: Final = timedelta(days=1)
_MONTH_FIRST_ZONES: Final = lazy_pattern(
    r"US/|America/(?:New_York|Chicago|Denver|Los_Angeles|Phoenix|Detroit|Boise|Anchorage|Juneau|Nome|Adak|Menominee"
    r"|Indiana/|Kentucky/|North_Dakota/|Puerto_Rico)|Pacific/(?:Honolulu|Guam)|Asia/Manila|EST5EDT|CST6CDT|MST7MDT|PST8PDT"
)


_USUAL: Final = lazy_pattern(
    r"(\[)?(\d{1,4}([./\-])\d{1,2}\3\d{1,4}),? (\d{1,2}):(\d\d)(?::(\d\d))?(?(1)\] | - )", re.ASCII
)
"""The form of most locales with a clock of 24 hours."""


class LineHead(NamedTuple):
    """Date and time of a line, not yet in order.

    Attributes:
        shape: What heads of one file have in common: the brackets, the separator, a clock of 12 hours.
        numbers: The three numbers of the date, as they stand.
        is_year_first: Whether the words say that the year stands first.
        clock: Hour from 0 to 23, minute, second.
        rest: What follows on the line.
        has_capitals: Whether ``AM`` or ``PM`` stands there in capitals, as in the United States and the Philippines.
    """

    shape: str
    numbers: tuple[int, int, int]
    is_year_first: bool
    clock: tuple[int, int, int]
    rest: str
    has_capitals: bool = False


def parse_head(line: str) -> LineHead | None:
    """Date and time at the beginning of a line; ``None`` where there are none."""
    start = len(line) - len(line.lstrip(_INVISIBLE))
    beginning = line[start : start + _LONGEST_HEAD]
    # Cheaper than the patterns, for the many lines that only go on with a message.
    if not beginning or not (beginning[0] == "[" or beginning[0].isdecimal()):
        return None
    usual = _USUAL.match(beginning)
    if usual is not None:
        return _usual_head(usual, line, start)
    plain = _plain(beginning)
    usual_order = _HEAD.match(plain)
    found = usual_order or _TIME_FIRST.match(plain)
    if found is None:
        return None
    is_ios = found["ios"] is not None
    prefix = "_" if usual_order and not is_ios else ""
    a, b, c, sign, before, hour, minute, second, after = (
        found[prefix + name] for name in ("a", "b", "c", "sign", "before", "hour", "minute", "second", "after")
    )
    mark = _mark_of(before, after)
    clock = None if mark is None else _clock(int(hour), int(minute), int(second or 0), mark)
    if clock is None:
        return None
    numbers = (int(a), int(b), int(c))
    year_first = len(a) == 4 or sign is None or mark in YEAR_FIRST_MARKS  # noqa: PLR2004  # digits of a year
    shape = f"{'[' if is_ios else '-'}{(sign or '').strip()}{second is not None}"
    return LineHead(shape, numbers, year_first, clock, line[start + found.end() :], after in ("AM", "PM"))


def _usual_head(found: re.Match[str], line: str, start: int) -> LineHead | None:
    bracket, day, sign, hour, minute, second = found.groups()
    clock = _clock(int(hour), int(minute), int(second or 0), "")
    if clock is None:
        return None
    shape = f"{bracket or '-'}{sign}{second is not None}"
    numbers, is_year_first = _numbers_of(day, sign)
    return LineHead(shape, numbers, is_year_first, clock, line[start + found.end() :])


@lru_cache(maxsize=64)
def _numbers_of(day: str, sign: str) -> tuple[tuple[int, int, int], bool]:
    """The numbers of a date, and whether the first one has the digits of a year."""
    a, b, c = day.split(sign)
    return (int(a), int(b), int(c)), len(a) == 4  # noqa: PLR2004 - digits of a year


def _plain(text: str) -> str:
    """The text with digits of ASCII and with plain spaces, as long as it was."""
    if not text.isascii():
        text = text.translate(_SPACES)
        text = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)
    return text


def _mark_of(before: str | None, after: str | None) -> str | None:
    """The word for morning or afternoon, empty where there is none; ``None`` when words stand there that are none."""
    mark = ""
    for word in (before, after):
        plain = re.sub(r"[.\s]", "", word or "").casefold()
        if plain in MORNING or plain in AFTERNOON:
            mark = plain
        elif plain and plain not in (BEHIND if word is after else JOINING):
            return None
    return mark


def _clock(hour: int, minute: int, second: int, mark: str) -> tuple[int, int, int] | None:
    if mark:
        if mark in AFTERNOON and hour < _NOON:
            hour += _NOON
        elif mark in MORNING and hour == _NOON:
            hour = 0
    return (hour, minute, second) if hour < _MIDNIGHT and minute < 60 and second < 60 else None  # noqa: PLR2004


@dataclass(slots=True)
class _Candidate:
    """One way to read the dates, and how often time then runs backwards."""

    order: DateOrder
    backwards: int = 0
    last: datetime | None = None
    is_possible: bool = True

    def add(self, time: datetime | None) -> None:
        """Look at the next time."""
        if time is None:
            self.is_possible = False
        elif self.last is not None and time < self.last - _BACKWARDS:
            self.backwards += 1
        self.last = time or self.last


@dataclass(slots=True)
class DateOrderFinder:
    """Finds out from all dates of a file whether day, month or year stands first.

    Attributes:
        chosen: The order that the user named.
        zone: Zone of the times; its country decides where the dates do not.
        is_assumed: Whether nothing in the file decided.
    """

    chosen: DateOrder | None
    zone: tzinfo
    is_assumed: bool = False
    _signs: set[str] = field(default_factory=set[str])
    _is_english: bool = False
    _is_other: bool = False
    _has_capitals: bool = False
    _year_first: int = 0
    _candidates: tuple[_Candidate, ...] = field(
        default_factory=lambda: (_Candidate("dmy"), _Candidate("mdy"), _Candidate("ymd"))
    )
    _before: LineHead | None = None

    def add(self, head: LineHead) -> None:
        """Look at the next head."""
        self._year_first += head.is_year_first
        self._signs.add(head.shape[1:2])
        self._has_capitals = self._has_capitals or head.has_capitals
        if self._is_undecided():
            self._look_at_words(head.rest)
        before, self._before = self._before, head
        if before is not None and head.numbers == before.numbers and head.clock >= before.clock:
            return  # in every order it is later on the same day, so it tells nothing about the order
        for candidate in self._candidates:
            if candidate.is_possible:
                if before is not None:
                    candidate.last = self.time_of(before, candidate.order)
                candidate.add(self.time_of(head, candidate.order))

    def _is_undecided(self) -> bool:
        """Whether the language may have to decide: neither the separator nor a number above twelve does."""
        day, month, _ = self._candidates
        is_told = self.chosen is not None or self._year_first or self._signs == {"."}
        return not is_told and day.is_possible == month.is_possible

    def order(self) -> DateOrder:
        """The order, by what the file shows, else by the zone's country."""
        self.is_assumed = False
        if self.chosen is not None:
            return self.chosen
        if self._year_first:
            return "ymd"
        found = self._order_of_numbers() or self._order_of_language()
        if found is None:
            self.is_assumed = not self._is_same_either_way()
            found = "mdy" if _MONTH_FIRST_ZONES.match(getattr(self.zone, "key", "")) else "dmy"
        return found

    def _order_of_numbers(self) -> DateOrder | None:
        """The order in which every day exists and time runs forwards; ``None`` when both do."""
        day, month, year = self._candidates
        if not day.is_possible and not month.is_possible and year.is_possible:
            return "ymd"
        if day.is_possible != month.is_possible:
            return "dmy" if day.is_possible else "mdy"
        if day.backwards != month.backwards:
            return "dmy" if day.backwards < month.backwards else "mdy"
        return "dmy" if self._signs == {"."} else None

    def _look_at_words(self, text: str) -> None:
        """Find out the language of the phone from what WhatsApp itself says."""
        if not self._is_english:
            self._is_english = ENGLISH.search(text) is not None
            self._is_other = self._is_other or (not self._is_english and OMITTED.search(text) is not None)

    def _order_of_language(self) -> DateOrder | None:
        """The order of the phone's language; ``None`` where the file does not tell it."""
        if self._is_english:
            # Capital AM and PM are those of the United States and the Philippines, where the month comes first.
            return "mdy" if self._has_capitals else "dmy"
        return "dmy" if self._is_other else None

    def _is_same_either_way(self) -> bool:
        day, month, _ = self._candidates
        return day.last == month.last and day.last is not None and day.last.day == day.last.month

    def time_of(self, head: LineHead, order: DateOrder) -> datetime | None:
        """The time without a zone, in an order; ``None`` when there is no such day."""
        day = _day_of(head.numbers, order)
        return None if day is None else datetime.combine(day, time(*head.clock))


def is_quoted(earlier: datetime | None, here: datetime | None, later: datetime | None) -> bool:
    """Whether a time runs back by more than a day between two that do not."""
    if earlier is None or here is None or later is None or here >= earlier:
        return False
    return here < earlier - _QUOTED and later >= earlier - _BACKWARDS


@lru_cache(maxsize=4096)
def _day_of(numbers: tuple[int, int, int], order: DateOrder) -> date | None:
    """The day that three numbers mean in an order; ``None`` when there is none."""
    first, second, third = numbers
    if order == "ymd":
        year, month, day = first, second, third
    elif order == "dmy":
        day, month, year = first, second, third
    else:
        month, day, year = first, second, third
    try:
        return date(_full_year(year), month, day)
    except ValueError:
        return None


def _full_year(year: int) -> int:
    """A year of two digits in this century, and of the Buddhist era as of the common one."""
    if year >= _BUDDHIST_FROM:
        return year - _BUDDHIST
    if year >= _CENTURY:
        return year
    # One year more, because a clock may be ahead.
    near = datetime.now(UTC).year + 1
    return 2000 + year if 2000 + year <= near else 2500 + year - _BUDDHIST
