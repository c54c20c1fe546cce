"""A clock that is set back an hour: nothing is closed for an hour, and nothing is good for an hour longer."""

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from dragoman.core.errors import RateLimited
from dragoman.store import Intent, State
from dragoman.store.sql.connection import SteadyTime
from dragoman.store.sqlite.store import SqliteStore

pytestmark = pytest.mark.anyio

HOUR = 3600.0
NOW = 1_800_000_000.0
FIRST = Intent(account="acc", operation="send_message", conversation="c", digest="d1", key="k1", who="me")
OTHER = replace(FIRST, digest="d2", key="k2")


class Hands:
    """A clock that is set by hand; what runs on beside it cannot be set."""

    def __init__(self):
        self.wall = NOW
        self.since_start = 10.0

    def set_back(self):
        self.wall -= HOUR

    def go_on(self, seconds):
        self.wall += seconds
        self.since_start += seconds

    def time(self):
        """The clock of a process that begins now."""
        return SteadyTime(lambda: self.wall, lambda: self.since_start)


@pytest.fixture
def hands():
    return Hands()


@pytest.fixture
async def opened(hands, tmp_path):
    """Open the store as another process would."""
    async with AsyncExitStack() as stack:

        async def open_store():
            return await stack.enter_async_context(SqliteStore.open(tmp_path / "s.db", clock=hands.time()))

        yield open_store


def test_time_never_goes_back_and_follows_a_clock_that_goes_forward(hands):
    time = hands.time()
    hands.go_on(5)
    assert time() == NOW + 5
    hands.set_back()
    assert time() == NOW + 5
    hands.go_on(5)
    assert time() == NOW + 10
    hands.wall = NOW + 2 * HOUR
    assert time() == NOW + 2 * HOUR


async def test_no_account_is_closed_for_an_hour_neither_here_nor_in_a_process_that_begins_later(opened, hands):
    here = await opened()
    await here.writes.begin(FIRST, per_minute=1)
    hands.set_back()
    later = await opened()
    assert (await later.writes.begin(OTHER, per_minute=1)).fresh
    with pytest.raises(RateLimited) as refused:
        await here.writes.begin(replace(OTHER, key="k3"), per_minute=1)
    assert refused.value.retry_after <= 60
    hands.go_on(61)
    assert (await here.writes.begin(replace(OTHER, key="k4"), per_minute=1)).fresh


async def test_a_write_that_was_cut_off_is_not_at_work_for_an_hour(opened, hands):
    entry = await (await opened()).writes.begin(FIRST)
    assert entry.state is State.PENDING
    hands.set_back()
    found = await (await opened()).writes.begin(FIRST)
    assert (found.fresh, found.state) == (False, State.UNKNOWN)


async def test_a_write_at_work_stays_so_in_processes_whose_clocks_differ_a_little(opened, hands):
    here = await opened()
    entry = await here.writes.begin(FIRST)
    hands.wall -= 30
    assert (await (await opened()).writes.begin(FIRST)).state is State.PENDING
    assert await here.writes.finish(entry.id, "done", "m")


async def test_what_was_just_sent_is_not_sent_again_after_the_clock_was_set_back(opened, hands):
    keyless = replace(FIRST, key=None, once=True)
    first = await opened()
    entry = await first.writes.begin(keyless)
    await first.writes.finish(entry.id, "done", "m")
    hands.set_back()
    assert not (await (await opened()).writes.begin(keyless)).fresh


async def test_a_confirmation_is_good_for_no_longer(opened, hands):
    here = await opened()
    tokens = [await here.confirmations.offer("digest") for _ in range(2)]
    hands.set_back()
    assert await here.confirmations.redeem(tokens[0], "digest") > 0
    assert await (await opened()).confirmations.redeem(tokens[1], "digest") == 0
