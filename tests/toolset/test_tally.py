import anyio
import pytest

from dragoman.store import Store
from dragoman.toolset import Tally, tally
from dragoman.watch import Work

pytestmark = pytest.mark.anyio


async def test_calls_that_end_while_others_are_written_down_are_all_counted_with_their_tokens(monkeypatch):
    monkeypatch.setattr(tally, "PAUSE", 0)
    async with Store.open(None) as store:

        async def the_store():
            return store

        counting = Tally(the_store)
        async with anyio.create_task_group() as group:
            group.start_soon(counting.keep_writing)
            for number in range(2000):
                with counting.during(Work("list_messages", accounts={"local"}, tokens=number)):
                    await anyio.lowlevel.checkpoint()
            with anyio.fail_after(10):
                while not await store.counted(1):
                    await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        await counting.write_down()
        counted = await store.counted(1)
    assert sum(count.calls for count in counted) == 2000
    assert sum(count.tokens for count in counted) == sum(range(2000))
