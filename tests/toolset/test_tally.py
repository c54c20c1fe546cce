from contextlib import contextmanager

import anyio
import pytest

from dragoman.core.context.instrumentation import Operation, observe
from dragoman.core.errors import Unavailable
from dragoman.store import open_store, usage_counter
from dragoman.store.usage_counter import UsageCounter

pytestmark = pytest.mark.anyio


async def test_calls_that_end_while_others_are_written_down_are_all_counted_with_their_tokens(monkeypatch):
    monkeypatch.setattr(usage_counter, "WRITE_INTERVAL", 0)
    async with open_store(None) as store:

        async def the_store():
            return store

        counting = UsageCounter(the_store)
        async with anyio.create_task_group() as group:
            group.start_soon(counting.keep_writing)
            for number in range(2000):
                with counting.on_operation(Operation("list_messages", accounts={"local"}, tokens=number)):
                    await anyio.lowlevel.checkpoint()
            with anyio.fail_after(60):
                while not await store.usage.read(1):
                    await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        await counting.write_down()
        counted = await store.usage.read(1)
    assert sum(count.calls for count in counted) == 2000
    assert sum(count.tokens for count in counted) == sum(range(2000))


async def test_what_could_not_be_written_down_is_written_the_next_time():
    async with open_store(None) as store:
        stores = [Unavailable("The file is locked."), store]

        async def the_store():
            first = stores.pop(0)
            if isinstance(first, Exception):
                raise first
            return first

        counting = UsageCounter(the_store)
        with counting.on_operation(Operation("list_messages", tokens=7)):
            pass
        await counting.write_down()
        await counting.write_down()
        (counted,) = await store.usage.read(1)
    assert (counted.calls, counted.tokens) == (1, 7)


@pytest.mark.parametrize("fails_at", ["the beginning", "the end"])
async def test_an_observer_that_fails_takes_no_call_from_the_others(fails_at):
    class Failing:
        sees_accounts = False

        @contextmanager
        def on_operation(self, _work):
            if fails_at == "the beginning":
                raise RuntimeError(fails_at)
            yield
            raise RuntimeError(fails_at)

    async with open_store(None) as store:

        async def the_store():
            return store

        counting = UsageCounter(the_store)
        with pytest.raises(RuntimeError), observe((counting, Failing()), Operation("list_messages")):
            pass
        await counting.write_down()
        (counted,) = await store.usage.read(1)
    assert counted.calls == 1
