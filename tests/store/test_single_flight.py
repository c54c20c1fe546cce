import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.store.sql.cache import SingleFlight

pytestmark = pytest.mark.anyio


class Work:
    """Reads a number, and knows how often it was read."""

    def __init__(self, steps=3):
        self.flights = SingleFlight()
        self.number, self.reads, self.steps = 0, 0, steps

    async def read(self):
        self.reads += 1
        found = self.number
        for _ in range(self.steps):
            await anyio.lowlevel.checkpoint()
        return found

    async def get(self):
        return await self.flights.run("number", self.read)


async def test_who_asks_while_somebody_reads_gets_what_is_read_afterwards():
    work, found = Work(), []

    async def ask():
        found.append(await work.get())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        while not work.reads:
            await anyio.lowlevel.checkpoint()
        work.number = 1
        for _ in range(20):
            tasks.start_soon(ask)
    assert found == [0] + [1] * 20
    assert work.reads == 2


async def test_when_the_one_who_would_read_for_all_leaves_another_does():
    work, found = Work(), []

    async def ask(scope):
        with scope:
            found.append(await work.get())

    async with anyio.create_task_group() as tasks:
        scopes = [anyio.CancelScope() for _ in range(10)]
        for scope in scopes:
            tasks.start_soon(ask, scope)
        while not work.reads:
            await anyio.lowlevel.checkpoint()
        scopes[1].cancel()
    assert found == [0] * 9
    assert work.reads == 2


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["ask", "write", "wait", "leave"]), max_size=40), st.integers(1, 4))
def test_nobody_gets_what_was_written_over_before_it_asked(steps, length):
    async def ask(work, scope):
        before = work.number
        with scope:
            assert before <= await work.get() <= work.number

    async def run():
        work, scopes = Work(length), []
        async with anyio.create_task_group() as tasks:
            for step in steps:
                if step == "ask":
                    scopes.append(anyio.CancelScope())
                    tasks.start_soon(ask, work, scopes[-1])
                elif step == "write":
                    work.number += 1
                elif step == "wait":
                    await anyio.lowlevel.checkpoint()
                elif scopes:
                    scopes.pop(len(scopes) // 2).cancel()
        assert not work.flights._next
        assert not work.flights._current

    anyio.run(run)
