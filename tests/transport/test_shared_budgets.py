import anyio
import pytest
from raw_service import http, serving

from dragoman.accounts.rate_budgets import StoreBudgets
from dragoman.core.context.clock import JumpingClock
from dragoman.core.errors import RateLimited, Unavailable
from dragoman.core.rate_budget import Budget, Rate, background_calls, sharing_budgets
from dragoman.store import open_store
from dragoman.transport.http import HttpClient, ServiceProfile
from dragoman.transport.rate_limiter import RateLimiter

pytestmark = pytest.mark.anyio

PROFILE = ServiceProfile(service="Pigeon Post")


class StandingClock(JumpingClock):
    """Time passes only by waiting."""

    def monotonic(self):
        return self._ahead


class Budgets:
    """Budgets in memory, which two clients share; counts what would be written to a store."""

    def __init__(self, clock):
        self._clock, self._budgets, self.writes, self.broken = clock, {}, 0, False

    async def take(self, bucket, calls, rate, *, background=False):
        self.writes += 1
        if self.broken:
            raise Unavailable("The disk is full.")
        budget = self._budgets.setdefault(bucket, Budget.full(rate, self._clock.monotonic()))
        return budget.take(calls, rate, self._clock.monotonic(), background=background)

    async def give_back(self, bucket, calls, *, background=False):
        self._budgets[bucket].give_back(calls, background=background)

    async def pause(self, bucket, seconds):
        if self.broken:
            raise Unavailable("The disk is full.")
        budget = self._budgets.setdefault(bucket, Budget(0.0, 0.0, self._clock.monotonic()))
        budget.pause(seconds, self._clock.monotonic())


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def budgets(clock):
    return Budgets(clock)


async def test_clients_that_share_a_budget_make_no_more_calls_than_one_alone(clock, budgets):
    limiters = [RateLimiter({"": Rate(1, burst=4)}, clock, shared=budgets) for _ in range(3)]
    for turn in range(12):
        await limiters[turn % 3].acquire("")
    assert clock.monotonic() == pytest.approx(8)


async def test_far_from_the_limit_few_calls_write_to_the_store(clock, budgets):
    limiter = RateLimiter({"": Rate(10, burst=80)}, clock, shared=budgets)
    for _ in range(30):
        await limiter.acquire("")
    assert clock.waits == []
    assert budgets.writes == 2


async def test_calls_that_were_taken_ahead_are_not_good_for_ever(clock, budgets):
    limiters = [RateLimiter({"": Rate(1, burst=40)}, clock, shared=budgets) for _ in range(2)]
    for limiter in limiters:
        await limiter.acquire("")
    await clock.sleep(3600)
    spent = clock.monotonic()
    for turn in range(100):
        await limiters[turn % 2].acquire("")
    assert clock.monotonic() - spent == pytest.approx(60)


async def test_a_pause_that_one_client_was_told_holds_for_the_other(clock, budgets):
    one, other = (RateLimiter({"": Rate(1, burst=40)}, clock, shared=budgets) for _ in range(2))
    await one.acquire("")
    await one.pause("", 20)
    await one.acquire("")
    await other.acquire("")
    assert (one.pause_left(""), other.pause_left("")) == (20, 20)


async def test_without_a_store_each_client_keeps_the_limit_alone(clock, budgets):
    budgets.broken = True
    limiter = RateLimiter({"": Rate(1, burst=2)}, clock, shared=budgets)
    await limiter.pause("", 5)
    for _ in range(4):
        await limiter.acquire("")
    assert clock.monotonic() == pytest.approx(2)
    assert limiter.pause_left("") == pytest.approx(3)


async def test_a_store_that_is_busy_for_long_does_not_hold_calls_up(clock, budgets, monkeypatch):
    monkeypatch.setattr("dragoman.transport.rate_limiter._PATIENCE", 0.01)
    budgets.take = budgets.pause = lambda *_, **__: anyio.sleep_forever()
    limiter = RateLimiter({"": Rate(1, burst=2)}, clock, shared=budgets)
    for _ in range(3):
        await limiter.acquire("")
    await limiter.pause("", 9)
    assert clock.waits == [pytest.approx(1)]
    assert limiter.pause_left("") == pytest.approx(9)


async def test_a_turn_that_was_cancelled_is_given_back_to_all(clock, budgets):
    one, other = (RateLimiter({"": Rate(1)}, clock, shared=budgets) for _ in range(2))
    await one.acquire("")

    async def never(_seconds):
        raise KeyboardInterrupt

    waiting, clock.sleep = clock.sleep, never
    with pytest.raises(KeyboardInterrupt):
        await one.acquire("")
    clock.sleep = waiting
    await other.acquire("")
    assert clock.waits == [pytest.approx(1)]


async def test_background_work_waits_behind_a_tool_and_takes_half_of_the_places(clock):
    limiter, under_way, order = RateLimiter({}, clock, concurrency=4), 0, []
    gate = anyio.Event()

    async def work():
        nonlocal under_way
        with background_calls():
            async with limiter.turn(""):
                under_way += 1
                await gate.wait()

    async with anyio.create_task_group() as tasks:
        for _ in range(9):
            tasks.start_soon(work)
        await anyio.wait_all_tasks_blocked()
        assert under_way == 2
        async with limiter.turn(""), limiter.turn(""):
            order.append("tool")
        gate.set()
    assert (under_way, order) == (9, ["tool"])


async def test_what_429_asks_one_process_all_processes_of_the_store_wait_for(tmp_path):
    def client(store):
        with sharing_budgets(StoreBudgets(lambda: _value(store), "acc")):
            return HttpClient(service.url, profile=PROFILE, rates={"*": Rate(50, burst=50)}, total=5)

    async with (
        open_store(tmp_path / "dragoman.db") as store,
        serving(http(429, headers={"retry-after": "100"})) as service,
        client(store) as one,
        client(store) as other,
    ):
        for asking in (one, other, one):
            with pytest.raises(RateLimited, match="Try again in") as caught:
                await asking.get("/x", family="history")
            assert caught.value.retry_after == pytest.approx(100, abs=30)
        assert len(service.requests) == 1
        with pytest.raises(RateLimited):
            await other.get("/x", family="replies")
        assert len(service.requests) == 2


async def _value(value):
    return value


async def test_accounts_of_one_workspace_share_its_budgets_once_they_know_it(tmp_path, clock):
    async with open_store(tmp_path / "store.db", clock=clock.monotonic) as store:
        limiters = [
            RateLimiter({"": Rate(1, burst=4)}, clock, shared=StoreBudgets(lambda: _value(store), account))
            for account in ("bot", "person", "elsewhere")
        ]
        for limiter, workspace in zip(limiters, ("chat T1", "chat T1", "chat T2"), strict=True):
            limiter.share(workspace)
        for turn in range(12):
            await limiters[turn % 2].acquire("")
        assert clock.monotonic() == pytest.approx(8)
        await limiters[2].acquire("")
        assert clock.monotonic() == pytest.approx(8)
        await limiters[0].pause("", 30)
        other = limiters[1]
        await other.acquire("")
        assert other.pause_left("") > 0
