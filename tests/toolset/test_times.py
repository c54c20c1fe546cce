from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import InvalidArgument
from dragoman.toolset.definition.time_arguments import parse_time

BERLIN = ZoneInfo("Europe/Berlin")
LAST_TIMES = ["9999-12-31", "9999-12-30", "9999-12-31T23:59:59"]
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def read(text: str, *, end: bool = False) -> datetime:
    return parse_time(text, zone=BERLIN, now=NOW, name="since", end=end)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-10T14:00Z", datetime(2026, 3, 10, 14, tzinfo=UTC)),
        ("2026-03-10T14:00:30.5+02:00", datetime(2026, 3, 10, 12, 0, 30, 500000, tzinfo=UTC)),
        ("2026-03-10 14:00", datetime(2026, 3, 10, 13, tzinfo=UTC)),
        ("2026-03-10", datetime(2026, 3, 9, 23, tzinfo=UTC)),
        ("20260310T090000Z", datetime(2026, 3, 10, 9, tzinfo=UTC)),
        ("20260310T0900+0200", datetime(2026, 3, 10, 7, tzinfo=UTC)),
        ("2026-03-10T24:00", datetime(2026, 3, 10, 23, tzinfo=UTC)),
        ("2026-03-10T24:00:00Z", datetime(2026, 3, 11, tzinfo=UTC)),
        ("20260310T240000Z", datetime(2026, 3, 11, tzinfo=UTC)),
        ("2026-12-31 24:00:00.000+02:00", datetime(2026, 12, 31, 22, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("20161231T235960Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31T23:59:60.5+00:00", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("90 min ago", NOW - timedelta(minutes=90)),
        ("1w", NOW - timedelta(days=7)),
        ("now", NOW),
        ("today", datetime(2026, 3, 9, 23, tzinfo=UTC)),
        ("Yesterday", datetime(2026, 3, 8, 23, tzinfo=UTC)),
        ("3 days", NOW - timedelta(days=3)),
        ("3 days ago", NOW - timedelta(days=3)),
        ("-2 hours", NOW - timedelta(hours=2)),
        ("an hour ago", NOW - timedelta(hours=1)),
        ("last 2 weeks", NOW - timedelta(days=14)),
        ("1 month", NOW - timedelta(days=30)),
        ("2mo", NOW - timedelta(days=60)),
        ("1y", NOW - timedelta(days=365)),
        ("2026/03/10", datetime(2026, 3, 9, 23, tzinfo=UTC)),
        ("2026-3-9", datetime(2026, 3, 8, 23, tzinfo=UTC)),
        ("2026.03.10 9:00", datetime(2026, 3, 10, 8, tzinfo=UTC)),
        ("10.03.2026", datetime(2026, 3, 9, 23, tzinfo=UTC)),
        ("10. 3. 2026, 9:05", datetime(2026, 3, 10, 8, 5, tzinfo=UTC)),
        ("10 March 2026", datetime(2026, 3, 9, 23, tzinfo=UTC)),
        ("March 10th, 2026 at 2pm", datetime(2026, 3, 10, 13, tzinfo=UTC)),
        ("Mar 10 2026 12:30 AM", datetime(2026, 3, 9, 23, 30, tzinfo=UTC)),
        ("10-Mar-2026", datetime(2026, 3, 9, 23, tzinfo=UTC)),
        ("Tue, 10 Mar 2026 09:00:00 +0200", datetime(2026, 3, 10, 7, tzinfo=UTC)),
        ("2026-03-10T9:00Z", datetime(2026, 3, 10, 9, tzinfo=UTC)),
        ("2026-03-10t09:00:00z", datetime(2026, 3, 10, 9, tzinfo=UTC)),
        ("2026-03-10 09:00 UTC", datetime(2026, 3, 10, 9, tzinfo=UTC)),
        ("2026-03-10T09:00\u221202:00", datetime(2026, 3, 10, 11, tzinfo=UTC)),
        ("\uff12\uff10\uff12\uff16-03-10", datetime(2026, 3, 9, 23, tzinfo=UTC)),
        ("1773133200", datetime(2026, 3, 10, 9, tzinfo=UTC)),
        ("1773133200.5", datetime(2026, 3, 10, 9, 0, 0, 500000, tzinfo=UTC)),
        ("1773133200000", datetime(2026, 3, 10, 9, tzinfo=UTC)),
        ("2026-03", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("2026", datetime(2025, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_the_forms_that_people_write_are_read_in_the_zone(text: str, moment: datetime) -> None:
    assert read(text) == moment


def test_a_day_as_an_end_includes_the_day() -> None:
    assert read("2026-03-10", end=True) == datetime(2026, 3, 10, 23, tzinfo=UTC)
    assert read("yesterday", end=True) == read("today")
    assert read("10 March 2026", end=True) == read("2026-03-10", end=True)


def test_a_month_and_a_year_as_an_end_include_all_their_days() -> None:
    assert read("2026-02", end=True) == read("2026-02-28", end=True)
    assert read("2026/12", end=True) == read("2026", end=True) == read("2026-12-31", end=True)


@pytest.mark.parametrize("text", ["2026", "2026-03"])
def test_a_month_is_no_time_of_a_message(text: str) -> None:
    with pytest.raises(InvalidArgument, match="not a time"):
        parse_time(text, zone=BERLIN, now=NOW, name="sent_at", exact=True)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30",
        "2\u017f",
        "soon",
        "25:00",
        "999999w",
        "0000-01-01",
        "10000-01-01",
        "",
        "2h3d",
        "03/10/2026",
        "10 Foo 2026",
        "2026-13",
        "32.1.2026",
        "10 March 2026 13pm",
        "10 March 2026 soon",
        "177313320012",
    ],
)
def test_an_impossible_time_is_answered_with_forms_that_work(text: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        read(text)
    assert "since" in str(refused.value)
    assert "2026-03-10T14:00" in str(refused.value)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_ends_of_the_calendar_are_open_ends_in_every_zone(zone: str) -> None:
    first = parse_time("0001-01-01", zone=ZoneInfo(zone), now=NOW, name="since")
    last = [parse_time(said, zone=ZoneInfo(zone), now=NOW, name="until", end=True) for said in LAST_TIMES]
    assert first < datetime(1, 1, 3, tzinfo=UTC)
    assert all(moment > datetime(9999, 12, 30, tzinfo=UTC) for moment in last)


def test_a_time_that_clocks_leave_out_is_moved_on_where_it_is_only_compared() -> None:
    assert read("2026-03-29T02:30") == read("2026-03-29T03:30")
    assert read("2026-03-29T02:30", end=True) == read("2026-03-29T01:30Z", end=True)


def test_a_time_that_clocks_leave_out_is_refused_where_it_is_kept() -> None:
    with pytest.raises(InvalidArgument, match="clocks go forward") as refused:
        parse_time("2026-03-29T02:30", zone=BERLIN, now=NOW, name="sent_at", exact=True)
    assert "2026-03-29T03:30:00+02:00" in refused.value.hint
    for said in ("2026-03-29T03:00", "2026-03-29T01:59:59", "2026-10-25T02:30", "0001-01-01", "9999-12-31T23:59"):
        assert parse_time(said, zone=BERLIN, now=NOW, name="sent_at", exact=True)


def test_a_window_holds_both_times_that_the_clock_shows_twice() -> None:
    assert read("2026-10-25T02:30") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert read("2026-10-25T02:30", end=True) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@given(st.text(max_size=30))
def test_any_text_is_a_moment_with_a_zone_or_a_refusal(text: str) -> None:
    with suppress(InvalidArgument):
        assert read(text).tzinfo is not None
