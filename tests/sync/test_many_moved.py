"""What is told as current when more conversations have moved than one look at the list shows."""

from datetime import timedelta

import pytest
from fake_chat import stored, truth
from sync_steps import require_no_unfounded_claim, summary, sync

from dragoman.core.errors import Unavailable

pytestmark = pytest.mark.anyio
ROOMS = 256  # six more than fifty pages hold


@pytest.mark.parametrize("listed", [1000, 51], ids=["in one round", "with a failure behind the fiftieth page"])
async def test_what_moved_in_very_many_conversations_is_brought_and_not_claimed_before(world, listed):
    chat = world.service()
    for number in range(ROOMS):
        chat.post(f"room {number}", "first")

    def fail():
        chat.dead = Unavailable("Later.") if chat.asked["list_conversations"] >= listed else None

    async with world.workspace(kind="silent") as workspace:
        await sync(workspace, world)
        before = (await summary(workspace)).fresh_at
        world.clock.now += 7200
        for number in range(ROOMS):
            chat.post(f"room {number}", "second")
        chat.asked.clear()
        chat.on_request = fail
        result = (await sync(workspace, world))["acc"]
        await require_no_unfounded_claim(workspace, world)
        if result.error is not None:
            assert (await summary(workspace)).fresh_at == before
            chat.on_request = chat.dead = None
            world.clock.now += 7200
            await sync(workspace, world)
        assert stored(world.path) == truth(chat)
        await require_no_unfounded_claim(workspace, world)
        assert (await summary(workspace)).fresh_at > before + timedelta(hours=1)
