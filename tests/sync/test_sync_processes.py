"""Processes that are killed, or work at once on one store, lose no message and claim none."""

import os
import select
import signal
from datetime import timedelta
from functools import partial
from random import Random

import anyio
import pytest
from fake_chat import stored, truth
from sync_steps import happen, require_no_unfounded_claim, summary, sync

from dragoman.store.sync_state import LEASE

pytestmark = pytest.mark.anyio


async def run_in_child(world, kind, chat, seconds, *, until_complete=False):
    """A sync in a process of its own, again and again."""
    async with world.workspace(kind=kind) as workspace:
        with anyio.move_on_after(seconds):
            while True:
                await sync(workspace, world)
                if until_complete and stored(world.path) == truth(chat):
                    return
                await anyio.sleep(0.001)


def fork(work, *args):
    child = os.fork()
    if child == 0:
        try:
            anyio.run(work, *args)
        finally:
            os._exit(0)
    return child


KILLS = int(os.environ.get("DRAGOMAN_KILLS", "12"))


def test_a_process_that_is_killed_at_any_moment_loses_nothing_and_claims_nothing_that_is_not_there(world):
    chat = world.service()
    random = Random(KILLS)
    for room in range(6):
        # So much that every one of these processes is in the middle of it when it is killed.
        chat.fill(f"room {room}", min(60 * KILLS, 2000), step=timedelta(hours=1))
    for _ in range(KILLS):
        happen(random, chat)
        chat.clock.now += LEASE + 1
        child = fork(run_in_child, world, "telling", chat, 20)
        # The moment is to be any: the time until then is what is tried.
        _after(random.random() * 0.6)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        anyio.run(_require_sound, world)

    async def finish():
        async with world.workspace() as workspace:
            chat.clock.now += LEASE + 7 * 3600
            assert (await sync(workspace, world))["acc"].error is None
            await require_no_unfounded_claim(workspace, world)
            assert (await summary(workspace)).held == len(chat.rooms)

    anyio.run(finish)
    assert stored(world.path).keys() >= truth(chat).keys()


def _after(seconds):
    select.select([], [], [], seconds)


async def _require_sound(world):
    async with world.workspace() as workspace:
        await workspace.store()
        await require_no_unfounded_claim(workspace, world)


@pytest.mark.parametrize("processes", [2, 4])
def test_processes_at_once_bring_every_message_once(world, processes):
    chat = world.service()
    for room in range(8):
        chat.fill(f"room {room}", 120)
    work = partial(run_in_child, until_complete=True)
    children = [fork(work, world, "telling", chat, 60) for _ in range(processes)]
    for child in children:
        _, status = os.waitpid(child, 0)
        assert status == 0
    assert stored(world.path) == truth(chat)
    anyio.run(_require_sound, world)
