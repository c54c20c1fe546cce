import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.context.clock import JumpingClock
from dragoman.core.errors import RateLimited
from dragoman.transport.retry import FailedAttempt, RetryPolicy, limit_reset, retry, retry_after

NOON = 1893499200.0  # 2030-01-01 12:00:00 UTC


class Noon(JumpingClock):
    def wall(self):
        return NOON


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": " 0.25 "}, 0.25),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Tue, 01 Jan 2030 12:00:30 GMT"}, 30),
        ({"retry-after": "Tuesday, 01-Jan-30 12:00:30 GMT"}, 30),
        ({"retry-after": "Tue, 01 Jan 2030 11:00:00 GMT"}, 0),
        ({"retry-after": "Tue, 01 Jan 2030 12:00:30 GMT", "date": "Tue, 01 Jan 2030 12:00:10 GMT"}, 20),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "0"}, 0),
        ({"retry-after-ms": "x", "retry-after": "4"}, 4),
    ],
)
def test_every_form_of_a_wish_for_a_pause_is_understood(headers, expected):
    assert retry_after(headers, Noon()) == expected


@given(st.text() | st.from_regex(r"\A[0-9eE+.\-, :A-Za-z]{0,40}\Z"))
def test_a_senseless_wish_for_a_pause_is_none(value):
    pause = retry_after({"retry-after": value, "date": value}, Noon())
    assert pause is None or 0 <= pause < float("inf")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": "60", "retry-after": "1"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "60"}, 60),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOON + 8)}, 8),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOON - 8)}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "60", "retry-after": "3"}, 3),
        ({"x-ratelimit-remaining": "0"}, None),
    ],
)
def test_a_used_up_limit_says_when_it_is_open_again(headers, expected):
    assert limit_reset(headers, Noon()) == expected


@pytest.mark.anyio
async def test_back_off_grows_and_stays_within_its_bounds():
    clock, failing = JumpingClock(), RateLimited("no")

    async def attempt(_number, left):
        assert left > 0
        raise FailedAttempt(failing, "yes")

    with pytest.raises(RateLimited) as caught:
        await retry(attempt, RetryPolicy(attempts=9, total=1000), clock)
    assert caught.value is failing
    assert len(clock.waits) == 8
    for index, wait in enumerate(clock.waits):
        assert min(0.25 * 2**index, 8) <= wait <= min(0.25 * 2**index, 8) + 0.25


@pytest.mark.anyio
async def test_what_rarely_gets_better_has_one_second_chance_among_other_failures():
    clock, kinds = JumpingClock(), iter(["yes", "once", "yes", "once", "yes"])
    numbers = []

    async def attempt(number, _left):
        numbers.append(number)
        raise FailedAttempt(RateLimited("no"), next(kinds))

    with pytest.raises(RateLimited):
        await retry(attempt, RetryPolicy(attempts=9, total=1000), clock)
    assert numbers == [1, 2, 3, 4]


@given(st.lists(st.floats(0, 40), max_size=12), st.integers(1, 6), st.floats(1, 60))
def test_attempts_and_time_are_never_exceeded(pauses, attempts, total):
    clock, script = JumpingClock(), iter(pauses)
    count = 0

    async def attempt(_number, _left):
        nonlocal count
        count += 1
        raise FailedAttempt(RateLimited("no"), "yes", next(script, None))

    async def run():
        with pytest.raises(RateLimited):
            await retry(attempt, RetryPolicy(attempts, total), clock)

    anyio.run(run)
    assert 1 <= count <= attempts
    assert sum(clock.waits) <= total
    assert all(wait <= 30 for wait in clock.waits)
