"""What every store promises of leases: of all processes one keeps an account current."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest
from store_contract_messages import found, message

from dragoman.store.coverage import BEGINNING, OPEN, Span
from dragoman.store.sync_state import CLOCK_TOLERANCE, LEASE, LeaseLostError, SyncStep

NOW = datetime.fromtimestamp(1_770_000_000, UTC)
"""What the clock of these tests shows at first."""


async def lease_of(store, holder="one"):
    lease = await store.sync.take_lease("acc", holder)
    assert lease is not None
    return lease


class LeasesContract:
    """Of all processes one has an account, and nothing of a process that has lost it is stored."""

    async def test_a_lease_is_had_by_one_until_it_ends_it(self, store, other):
        lease = await lease_of(store)
        assert await other.sync.take_lease("acc", "two") is None
        assert (await other.sync.take_lease("else", "two")).holder == "two"
        await store.sync.release_lease(lease)
        taken = await other.sync.take_lease("acc", "two")
        assert taken.fence > lease.fence
        assert await store.sync.take_lease("acc", "one") is None

    async def test_the_time_is_that_of_the_store(self, store, clock):
        assert await store.sync.time() == NOW
        clock.now += 1
        assert await store.sync.time() == NOW + timedelta(seconds=1)

    async def test_a_lease_that_nobody_renews_is_free_within_a_minute(self, store, other, clock):
        lease = await lease_of(store)
        clock.now += LEASE - 1
        await store.sync.renew_lease(lease)
        clock.now += LEASE - 1
        assert await other.sync.take_lease("acc", "two") is None
        clock.now += 2
        assert await other.sync.take_lease("acc", "two") is not None

    async def test_a_step_renews_the_lease(self, store, other, clock):
        lease = await lease_of(store)
        clock.now += LEASE - 1
        await store.sync.commit(lease, SyncStep())
        clock.now += LEASE - 1
        assert await other.sync.take_lease("acc", "two") is None

    async def test_nothing_of_a_holder_is_stored_whose_lease_was_taken(self, store, other, clock):
        lease = await lease_of(store)
        clock.now += LEASE + 1
        taken = await lease_of(other, "two")
        step = SyncStep(messages=[message("a", "late needle")], covered=[("room", Span(BEGINNING, OPEN))])
        with pytest.raises(LeaseLostError):
            await store.sync.commit(lease, step)
        with pytest.raises(LeaseLostError):
            await store.sync.renew_lease(lease)
        await store.sync.release_lease(lease)
        assert await store.sync.take_lease("acc", "one") is None
        assert await found(store, "needle") == []
        assert (await store.sync.coverage("acc", "room")).coverage.spans == ()
        assert await other.sync.commit(taken, step) == 1

    async def test_a_process_that_takes_its_own_lease_again_is_told_apart_from_before(self, store):
        lease = await lease_of(store)
        again = await lease_of(store)
        assert again.fence > lease.fence
        with pytest.raises(LeaseLostError):
            await store.sync.commit(lease, SyncStep())

    async def test_a_clock_that_jumps_leaves_no_account_without_a_process(self, store, other, clock):
        await lease_of(store)
        clock.now -= 365 * 24 * 3600
        taken = await lease_of(other, "two")
        clock.now += 365 * 24 * 3600
        assert (await lease_of(store)).fence > taken.fence
        clock.now -= CLOCK_TOLERANCE - 1
        assert await other.sync.take_lease("acc", "two") is None

    async def test_of_all_that_take_a_lease_one_has_it(self, store, other):
        taken = []

        async def take(one, holder):
            taken.append(await one.sync.take_lease("acc", holder))

        async with anyio.create_task_group() as tasks:
            for number in range(5):
                tasks.start_soon(take, store, f"here {number}")
                tasks.start_soon(take, other, f"there {number}")
        assert sum(lease is not None for lease in taken) == 1
