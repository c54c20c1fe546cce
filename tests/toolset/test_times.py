from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.errors import InvalidArgument
from dragoman.toolset.times import parse_time

BERLIN = ZoneInfo("Europe/Berlin")
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
        ("2h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("90 min ago", NOW - timedelta(minutes=90)),
        ("1w", NOW - timedelta(days=7)),
        ("now", NOW),
        ("today", datetime(2026, 3, 9, 23, tzinfo=UTC)),
        ("Yesterday", datetime(2026, 3, 8, 23, tzinfo=UTC)),
    ],
)
def test_the_forms_that_people_write_are_read_in_the_zone(text: str, moment: datetime) -> None:
    assert read(text) == moment


def test_a_day_as_an_end_includes_the_day() -> None:
    assert read("2026-03-10", end=True) == datetime(2026, 3, 10, 23, tzinfo=UTC)
    assert read("yesterday", end=True) == read("today")


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2\u017f", "soon", "25:00", "999999w", "0000-01-01", "10000-01-01", "", "2h3d"]
)
def test_an_impossible_time_is_answered_with_forms_that_work(text: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        read(text)
    assert "since" in str(refused.value)
    assert "2026-03-10T14:00" in str(refused.value)


@given(st.text(max_size=30))
def test_any_text_is_a_moment_with_a_zone_or_a_refusal(text: str) -> None:
    with suppress(InvalidArgument):
        assert read(text).tzinfo is not None
