"""The days of a log whose lines have only the hour."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from dragoman.archives.irc.stamps import Stamp, parse_day_line
from dragoman.archives.months import make_date
from dragoman.archives.times import ClockReader, from_iso, local

_HALF_A_YEAR: Final = timedelta(days=182)


class LogClock:
    """Follows the days of one log.

    Args:
        zone: Where the clock hung.
        day: The day that the file's name tells.
    """

    def __init__(self, zone: tzinfo, day: date | None) -> None:
        self._zone = zone
        self._reader = ClockReader(zone)
        self._day = day
        # Whether a clock that goes back begins a new day; a file that is named by a day holds that one alone.
        self._turns = day is None
        self._last: datetime | None = None

    def take_day_line(self, line: str) -> bool:
        """Whether a line only tells the day, which is then taken over."""
        found = parse_day_line(line, self._day)
        if found is None:
            return False
        is_closing, day = found
        if day is not None and not is_closing:
            self._day, self._last = day, None
        # irssi and HexChat tell every day, so that a clock that goes back there was put back.
        self._turns = line.startswith("Session")
        return True

    def read(self, stamp: Stamp) -> tuple[str, datetime] | None:
        """The time as written with its day, and the moment; ``None`` when the day is not known."""
        day = self._day_of(stamp)
        if day is None:
            return None
        written = f"{day.isoformat()} {stamp.written}{stamp.zone}"
        here = datetime.combine(day, time(*stamp.clock))
        self._day, self._last = day, here
        moment = from_iso(f"{here.isoformat()}{stamp.zone}") if stamp.zone else self._reader.read(here)
        return None if moment is None else (written, moment)

    def _day_of(self, stamp: Stamp) -> date | None:
        if stamp.day is not None:
            return stamp.day
        if stamp.month_day is not None:
            return self._in_year(*stamp.month_day)
        if self._day is None or not self._turns or self._last is None:
            return self._day
        here = datetime.combine(self._day, time(*stamp.clock))
        goes_back = here < self._last and not self._comes_twice(here)
        return self._day + timedelta(days=goes_back)

    def _in_year(self, month: int, day: int) -> date | None:
        """The day in the year of the line before, or in the next one."""
        if self._day is None:
            return None
        found = make_date(self._day.year, month, day)
        # Logs run in time, so a date that lies far back is one of the next year.
        if found is None or found < self._day - _HALF_A_YEAR:
            return make_date(self._day.year + 1, month, day)
        return found

    def _comes_twice(self, here: datetime) -> bool:
        """Whether the hour comes twice on this day, when summer time ends."""
        first, second = local(here, self._zone), local(here.replace(fold=1), self._zone)
        return first is not None and second is not None and first.utcoffset() != second.utcoffset()
