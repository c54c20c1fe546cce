import anyio
import pytest

from dragoman.store import Store
from dragoman.text import estimate
from dragoman.toolset import Tally
from dragoman.toolset.tally import PAUSE
from dragoman.watch import Work

pytestmark = pytest.mark.anyio


async def test_many_calls_are_written_down_before_the_pause_is_over_and_none_is_lost():
    async with Store.open(None) as store:

        async def the_store():
            return store

        tally = Tally(the_store)
        async with anyio.create_task_group() as group:
            group.start_soon(tally.keep_writing)
            for number in range(2000):
                with tally.during(Work("list_messages", accounts={"local"}, answer=f"page {number // 2}")):
                    await anyio.lowlevel.checkpoint()
            with anyio.fail_after(PAUSE * 0.8):
                while not await store.counted(1):
                    await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        await tally.write_down()
        counted = await store.counted(1)
    assert sum(count.calls for count in counted) == 2000
    assert sum(count.tokens for count in counted) == sum(2 * estimate(f"page {number}") for number in range(1000))
