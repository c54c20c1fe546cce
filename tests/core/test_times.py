"""Times are read as services write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.times import format_time, from_us, in_window, parse_time, to_us

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MICRO = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-10T12:00:00Z", NOON),
        ("2026-03-10t12:00:00z", NOON),
        (" 2026-03-10 14:00:00+02:00 ", NOON),
        ("2026-03-10T12:00:00", NOON),
        ("2026-03-10T12:00:00.000001234Z", NOON + MICRO),
        ("20260310T120000Z", NOON),
        ("2026-03-10T14:00:00+0200", NOON),
        ("2026-03-10T12:00", NOON),
        ("2026-03-10T12:00:00.5Z", NOON.replace(microsecond=500000)),
        ("2026-03-10T06:30:00-05:30", NOON),
        ("2026-03-10", NOON.replace(hour=0)),
        ("Tue, 10 Mar 2026 14:00:00 +0200", NOON),
        ("10 Mar 2026 12:00:00 GMT", NOON),
        ("1773144000", NOON),
        ("1773144000.000001", NOON + MICRO),
        ("1773144000000", NOON),
        ("1773144000000001", NOON + MICRO),
        ("1773144000000001234", NOON + MICRO),
        (1773144000, NOON),
        (1773144000.5, NOON + timedelta(seconds=0.5)),
        (1773144000123, NOON + timedelta(milliseconds=123)),
        (-86400, datetime(1969, 12, 31, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_every_form_is_read(text, expected):
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "x", "soon", "2026-13-01", "12", "1" * 40, "\u0661" * 10, "Mon, 99 Foo 2026 99:99:99"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
        *(True, float("nan"), float("inf"), 10**30, -(10**18) * 90),
    ],
)
def test_anything_else_is_no_time(value):
    assert parse_time(value) is None


TIMES = st.integers(631_152_000_000_000, 4_102_444_800_000_000).map(from_us)


@given(TIMES)
def test_a_time_comes_back_exactly_from_every_form(at):
    us = to_us(at)
    assert from_us(us) == at
    assert parse_time(format_time(at)) == at
    assert parse_time(f"{us // 1_000_000}.{us % 1_000_000:06}") == at
    assert parse_time(str(us)) == at
    assert parse_time(us) == at


@given(st.datetimes(timezones=st.integers(-1439, 1439).map(lambda it: timezone(timedelta(minutes=it)))))
def test_a_time_of_any_zone_survives_its_text(at):
    try:
        expected = at.astimezone(UTC)
    except OverflowError:
        expected = None
    assert parse_time(at.isoformat()) == expected


@given(st.text() | st.integers() | st.floats())
def test_nothing_breaks_it(value):
    found = parse_time(value)
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("at", "since", "until", "inside"),
    [
        ("09:00", "09:00", "10:00", True),
        ("10:00", "09:00", "10:00", False),
        ("08:59", "09:00", None, False),
        ("08:59", None, "09:00", True),
        ("08:59", None, None, True),
        (None, "09:00", "10:00", True),
    ],
)
def test_a_window_has_its_beginning_and_not_its_end(at, since, until, inside):
    times = [None if clock is None else parse_time(f"2026-03-10T{clock}:00Z") for clock in (at, since, until)]
    assert in_window(*times) is inside
