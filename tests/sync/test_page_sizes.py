"""How many messages a service is asked for at once."""

import pytest
from fake_chat import DAY, stored, truth
from sync_steps import sync

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("seconds", "text", "limits"),
    [
        (0.05, "short", [200, 400, 800, 1000, 1000, 1000]),
        (2.0, "short", [200] * 6),
        (0.05, "x" * 50_000, [200] * 6),
    ],
    ids=["quick", "slow", "heavy"],
)
async def test_only_quick_services_are_asked_for_large_pages_and_only_of_short_messages(world, seconds, text, limits):
    chat = world.service(seconds=seconds)
    for number in range(40):
        chat.post("deck", text, ago=(number + 1) * DAY)
    async with world.workspace() as workspace:
        await sync(workspace, world)
        assert chat.limits == limits
        assert stored(world.path) == truth(chat)
