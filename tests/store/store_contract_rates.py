"""What every store promises of rate budgets; see ``dragoman.store.rate_budgets``."""

import anyio
import pytest

from dragoman.core.rate_budget import LONGEST_PAUSE, Grant, Rate
from dragoman.store.rate_budgets import KEPT

RATE = Rate(2, burst=8)


class RateBudgetsContract:
    """Budgets are spent by all together, ahead of time when they are used up, and pauses hold for all."""

    async def test_all_processes_spend_one_budget(self, store, other, clock):
        grants = []

        async def spend(one):
            grants.extend([await one.rate_budgets.take("history", 1, RATE) for _ in range(10)])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(spend, store)
            tasks.start_soon(spend, other)
        waits = sorted(grant.wait for grant in grants)
        assert waits == [0] * 8 + [pytest.approx(turn / 2) for turn in range(1, 13)]
        clock.now += 60
        assert (await other.rate_budgets.take("history", 1, RATE)).wait == 0

    async def test_nobody_gets_all_that_is_left_at_once(self, store, other):
        assert await store.rate_budgets.take("history", 100, RATE) == Grant(4)
        assert await other.rate_budgets.take("history", 100, RATE) == Grant(2)
        assert await other.rate_budgets.take("history", 1, RATE) == Grant(1)
        assert await other.rate_budgets.take("history", 100, RATE) == Grant(1)
        assert await other.rate_budgets.take("history", 100, RATE) == Grant(1, pytest.approx(0.5))

    async def test_each_name_has_a_budget_of_its_own(self, store):
        await store.rate_budgets.take("history", 1, Rate(1))
        assert await store.rate_budgets.take("replies", 1, Rate(1)) == Grant(1)

    async def test_what_was_not_used_is_given_back(self, store, other):
        await store.rate_budgets.take("history", 1, Rate(1))
        waiting = await store.rate_budgets.take("history", 1, Rate(1))
        await other.rate_budgets.give_back("history", waiting.calls)
        assert await store.rate_budgets.take("history", 1, Rate(1)) == waiting == Grant(1, 1)
        await store.rate_budgets.give_back("never taken", 1)

    async def test_a_pause_holds_for_all_and_the_longer_one_counts(self, store, other, clock):
        await store.rate_budgets.pause("history", 30)
        await other.rate_budgets.pause("history", 10)
        assert await other.rate_budgets.take("history", 5, RATE) == Grant(0, pytest.approx(30))
        assert await other.rate_budgets.take("replies", 1, RATE) == Grant(1)
        clock.now += 31
        assert (await other.rate_budgets.take("history", 1, RATE)).calls == 1

    async def test_background_work_has_at_most_half_and_leaves_half_to_others(self, store, other, clock):
        waits = [(await store.rate_budgets.take("history", 1, RATE, background=True)).wait for _ in range(6)]
        assert waits == [0, 0, 0, 0, pytest.approx(1), pytest.approx(2)]
        assert await other.rate_budgets.take("history", 1, RATE) == Grant(1)
        clock.now += 100
        spent = 0
        for _ in range(100):
            grant = await store.rate_budgets.take("history", 1, RATE, background=True)
            spent += grant.wait <= 50
        assert spent == 4 + 50

    async def test_background_work_waits_while_others_use_the_budget_up(self, store, other):
        for _ in range(8):
            await store.rate_budgets.take("history", 1, RATE)
        grant = await other.rate_budgets.take("history", 1, RATE, background=True)
        assert grant.wait == pytest.approx((4 + 1) / 2)

    async def test_a_clock_that_was_set_back_stops_nothing(self, store, clock):
        await store.rate_budgets.pause("paused", 10)
        await store.rate_budgets.take("taken", 1, Rate(1))
        clock.now -= 10 * LONGEST_PAUSE
        assert (await store.rate_budgets.take("paused", 1, RATE)).calls == 1
        assert await store.rate_budgets.take("taken", 1, Rate(1)) == Grant(1, 1)

    async def test_a_budget_that_nobody_asks_for_is_full_again(self, store, clock):
        await store.rate_budgets.take("old", 1, Rate(1e-9))
        clock.now += KEPT + 1
        await store.rate_budgets.take("new", 1, RATE)
        assert await store.rate_budgets.take("old", 1, Rate(1e-9)) == Grant(1)
