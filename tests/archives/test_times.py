"""Whatever an archive writes as a time is a moment that can be stored, or no time at all."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dragoman.archives.times import ClockReader, from_iso, from_milliseconds, from_seconds
from dragoman.core.mail.dates import parse_date

NUMBERS = st.integers() | st.floats() | st.floats().map(str) | st.integers().map(str)
DAYS = st.sampled_from(["2026-03-10", "0001-01-01", "9999-12-31", "0000-00-00", "20260310", "2026-13-45"])
CLOCKS = st.sampled_from(["T09:00", " 24:00:00", "T23:59:60", "t000000", "T99:99:99", "", "T12:00:00,123456789"])
OFFSETS = st.from_regex(r"[+-][0-9]{2}:?[0-9]{0,2}", fullmatch=True) | st.sampled_from(["", "Z", " UTC", "z"])
ISO = st.builds("".join, st.tuples(DAYS, CLOCKS, OFFSETS))
MAIL_DATES = st.builds(
    "{}, {} {} {} {}".format,
    st.sampled_from(["Mon", "Tue"]),
    st.integers(0, 40),
    st.sampled_from(["Jan 0001", "Dec 9999", "Mar 2026", "Foo 1999", "Jan 0000", "Mar 26"]),
    st.sampled_from(["09:00:00", "23:59:60", "99:00:00", "09:00"]),
    st.from_regex(r"[+-][0-9]{4}", fullmatch=True) | st.sampled_from(["GMT", "EST", "", "+99999999999999"]),
)


def can_be_stored(time):
    return time is None or isinstance(time.astimezone(UTC), datetime)


@given(ISO | st.text(max_size=40))
@example("2026-03-10T09:00:00+25:00")
@example("2026-03-10T09:00:00-2399")
def test_every_text_is_an_iso_time_or_none(text):
    assert can_be_stored(from_iso(text))


@given(NUMBERS | st.text(max_size=40) | st.booleans() | st.none() | st.lists(st.integers()))
def test_every_value_is_a_time_in_seconds_or_none(value):
    assert can_be_stored(from_seconds(value))
    assert can_be_stored(from_milliseconds(value))


@given(MAIL_DATES | ISO | st.text(max_size=40))
@example("Mon, 01 Jan 0001 00:00:00 +0500")
@example("0001-01-01T00:00:00+05:00")
def test_every_date_of_a_mail_is_a_time_or_none(value):
    assert can_be_stored(parse_date(value))


@pytest.mark.parametrize("offset", ["+14:00", "-12:00", "+0530", "+05", "-2359"])
def test_an_offset_of_less_than_a_day_counts(offset):
    read = from_iso(f"2026-03-10T24:00:00{offset}")
    assert read is not None
    assert read.utcoffset() is not None


@pytest.mark.parametrize(
    ("zone", "times", "offsets"),
    [
        ("Europe/Berlin", ["2026-10-25 02:50", "2026-10-25 02:10", "2026-10-25 03:00"], [2, 1, 1]),
        ("America/St_Johns", ["2010-11-06 23:50", "2010-11-06 23:10", "2010-11-07 00:10"], [-2.5, -3.5, -3.5]),
        ("America/Havana", ["2026-11-01 00:50", "2026-11-01 00:10", "2026-11-01 01:00"], [-4, -5, -5]),
        ("Australia/Lord_Howe", ["2026-04-05 01:50", "2026-04-05 01:35", "2026-04-05 02:00"], [11, 10.5, 10.5]),
        ("Asia/Kolkata", ["2026-04-05 01:50", "2026-04-05 01:35"], [5.5, 5.5]),
    ],
)
def test_an_hour_that_comes_twice_is_the_second_one_once_the_clock_runs_back(zone, times, offsets):
    clock = ClockReader(ZoneInfo(zone))
    found = [clock.read(datetime.fromisoformat(time)) for time in times]
    assert [time and time.utcoffset() for time in found] == [timedelta(hours=hours) for hours in offsets]
