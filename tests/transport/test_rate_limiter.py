import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.context.clock import JumpingClock, current_clock, hurry
from dragoman.transport.rate_limiter import Rate, RateLimiter

pytestmark = pytest.mark.anyio


class StandingClock(JumpingClock):
    """Time passes only by waiting."""

    def monotonic(self):
        return self._ahead


@given(st.integers(4, 60), st.integers(1, 90), st.integers(1, 150))
def test_a_window_never_holds_more_calls_than_allowed(calls, seconds, wanted):
    clock = StandingClock()

    async def run():
        pace, times = RateLimiter({"": Rate.window(calls, seconds)}, clock), []
        for _ in range(wanted):
            await pace.acquire("")
            times.append(clock.monotonic())
        return times

    times = anyio.run(run)
    for start in times:
        assert sum(start <= at < start + seconds - 1e-6 for at in times) <= calls + 1


async def test_a_burst_passes_at_once_and_then_the_rate_holds():
    clock = StandingClock()
    pace = RateLimiter({"": Rate(2, burst=3)}, clock)
    for _ in range(5):
        await pace.acquire("")
    assert clock.waits == [pytest.approx(0.5), pytest.approx(0.5)]


async def test_a_cancelled_turn_is_given_back():
    clock = StandingClock()
    pace = RateLimiter({"": Rate(1)}, clock)
    await pace.acquire("")

    async def never(_seconds):
        raise KeyboardInterrupt

    waiting = clock.sleep
    clock.sleep = never
    with pytest.raises(KeyboardInterrupt):
        await pace.acquire("")
    clock.sleep = waiting
    await pace.acquire("")
    assert clock.waits == [pytest.approx(1)]


async def test_a_pause_belongs_to_its_family_and_ends():
    clock = StandingClock()
    pace = RateLimiter({}, clock)
    await pace.pause("a", 5)
    await pace.pause("a", 3)
    assert (pace.pause_left("a"), pace.pause_left("b")) == (5, 0)
    await clock.sleep(5)
    assert pace.pause_left("a") == 0


async def test_inside_hurry_clients_do_not_wait_and_outside_they_do():
    outside = current_clock()
    with hurry() as waits:
        await current_clock().sleep(3600)
    assert waits == [3600]
    assert current_clock() is outside
