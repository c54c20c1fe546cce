"""Months by their names in many languages, and dates that are written with them."""

from __future__ import annotations

import unicodedata
from datetime import date
from functools import cache
from typing import Final

from dragoman.archives.calendar_words import MONTHS
from dragoman.core.lazy_pattern import lazy_pattern

_BEGINNINGS: Final = (
    "jan ene gen xan ian sty led sij sau jaan tammi oca янв січ яну ιαν",
    "feb fev lut uno vel vas veeb helmi sub фев лют φεβ",
    "mar mrt maa bre ozu kov мар бер μαρ",
    "apr abr avr kwi dub tra bal huhti nis апр кві απρ",
    "may mai maj mag mei kve svi geg touko май мая тра маj μαι",
    "jun juin giu cze cen cerv xun bir kesa haz июн чер юни ιουν",
    "jul juil lug lip cec cervenec cervence xul lie heina tem июл лип юли ιουλ",
    "aug ago aou sie srp kol rugp elo agu авг сер αυγ",
    "sep set wrz zar ruj rugs syys eyl сен вер септ σεπ",
    "oct okt ott out paz rij spa loka eki окт жов οκτ",
    "nov lis stu lap marras kas ноя ноем лис νοε",
    "dec dez dic gru pro joulu ara дек гру δεκ des",
)
_NUMBERED: Final = lazy_pattern(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")
_ISO: Final = lazy_pattern(r"(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)")
_CLOCK: Final = lazy_pattern(r"\d{1,2}:\d\d(?::\d\d)?")
_YEAR: Final = lazy_pattern(r"(?<!\d)(\d{4})(?!\d)")
_LONGEST: Final = 200
"""Characters of a date in words; looking for one takes the square of the time."""

_DAY: Final = lazy_pattern(r"([^\W\d_]*)\.?[\s.,-]*(?<!\d)(\d{1,2})(?!\d)[\s.,-]*(?:de\s+)?([^\W\d_]*)")


@cache
def month_of(word: str) -> int | None:
    """The month from 1 whose name, or its beginning in one of many languages, a word is."""
    known = MONTHS.get(word.casefold())
    if known is not None:
        return known
    # Without accents, which the beginnings above have not.
    plain = "".join(char for char in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(char))
    best, length = None, 0
    for number, beginnings in enumerate(_BEGINNINGS, 1):
        for beginning in beginnings.split():
            # The longest one counts: `mar` also begins `marras`, which is November in Finnish.
            if len(beginning) > length and plain.startswith(beginning):
                best, length = number, len(beginning)
    return best


def parse_date_words(text: str, before: date | None = None) -> date | None:
    """A date in words, such as ``Tue Mar 10 09:00:00 2026``; ``None`` where there is none.

    Args:
        text: The words, in any language.
        before: The day before which the date does not lie, for months whose names are not known.
    """
    text = text[:_LONGEST]
    numbers = _NUMBERED.search(text) or _ISO.search(text)
    if numbers:
        return make_date(*map(int, numbers.groups()))
    plain = _CLOCK.sub(" ", text)
    year = _YEAR.search(plain)
    day = _DAY.search(_YEAR.sub(" ", plain))
    if year is None or day is None:
        return None
    month = month_of(day[1]) or month_of(day[3])
    if month is not None:
        return make_date(int(year[1]), month, int(day[2]))
    return None if before is None else _next_date(before, int(year[1]), int(day[2]))


def make_date(year: int, month: int, day: int) -> date | None:
    """The date; ``None`` when there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _next_date(before: date, year: int, day: int) -> date | None:
    """The first such day of a month after another one."""
    months = (make_date(year, month, day) for month in range(1, 13))
    return next((one for one in months if one is not None and one > before), None)
