"""What sync holds and knows to be fresh is answered from the store, without asking the service, and says as of when."""

import json
import re
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from fake_chat import DAY

from dragoman.sync.runner import accounts_to_sync, keep_current
from dragoman.toolset import ToolServices, call_tool

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def synced(world, **options):
    async with world.workspace(**options) as workspace:
        await keep_current(workspace, accounts_to_sync(workspace), watch=False, clock=world.clock)
        world.service().asked.clear()
        yield ToolServices(workspace, clock=world.clock.time, max_tokens=100_000)


async def listed(services, **arguments):
    return (await call_tool(services, "list_messages", {"conversation": "acc:deck", **arguments})).text


async def pages(services, **arguments):
    """The texts of all pages, as each page shows them."""
    found, cursor = [], {}
    while True:
        text = await listed(services, **arguments, **cursor)
        found.append(re.findall(r"(?:old|new) \d+", text.partition("\n")[2]))
        more = re.search(r"cursor (\w+)", text.partition("\n")[0])
        if more is None:
            return found
        cursor = {"cursor": more[1]}


async def test_a_covered_page_asks_nobody_and_says_as_of_when(world):
    world.service().fill("deck", 30)
    async with synced(world) as services:
        header = (await listed(services)).partition("\n")[0]
        assert "30 messages, times in UTC · as of " in header
        assert header.partition("as of ")[2][:5] == world.clock.time().strftime("%H:%M")
        assert not world.service().asked
        data = json.loads(
            (await call_tool(services, "list_messages", {"conversation": "acc:deck", "format": "json"})).text
        )
        assert data["as_of"].startswith(world.clock.time().strftime("%Y-%m-%dT%H:%M"))


async def test_what_is_not_fresh_is_asked_of_the_service(world):
    world.service().fill("deck", 30)
    async with synced(world) as services:
        world.clock.now += 600
        world.service().post("deck", "new 1")
        text = await listed(services)
        assert "new 1" in text
        assert "as of" not in text.partition("\n")[0]
        assert world.service().asked["list_messages"]


async def test_live_always_asks_the_service(world):
    world.service().fill("deck", 30)
    async with synced(world) as services:
        account = services.workspace.account("acc")
        account.settings = account.settings.model_copy(update={"live": True})
        assert "as of" not in (await listed(services)).partition("\n")[0]
        assert world.service().asked["list_messages"]


@pytest.mark.parametrize("limit", [1, 3, 7, 50])
@pytest.mark.parametrize("order", ["latest", "oldest"])
async def test_a_list_goes_on_at_the_service_where_the_store_ends_and_holds_each_message_once(world, order, limit):
    world.service().fill("deck", 60)
    async with synced(world, sync="30d") as services:
        found = await pages(services, order=order, limit=limit)
        wanted = [f"old {number}" for number in (range(1, 61) if order == "latest" else range(60, 0, -1))]
        assert [text for page in found for text in (page[::-1] if order == "latest" else page)] == wanted
        assert {len(page) for page in found[:-1]} <= {limit}


async def test_the_newest_pages_are_held_and_only_older_ones_are_asked_for(world):
    world.service().fill("deck", 60)
    async with synced(world, sync="30d") as services:
        text = await listed(services, limit=10)
        assert "as of" in text
        assert not world.service().asked
        cursor = re.search(r"cursor (\w+)", text)[1]
        await listed(services, limit=10, cursor=cursor)
        assert not world.service().asked


async def test_a_window_of_the_past_needs_no_fresh_round(world):
    world.service().fill("deck", 60)
    async with synced(world) as services:
        world.clock.now += 86_400
        day = (world.clock.time() - 20 * DAY).date().isoformat()
        text = await listed(services, until=day, since=(world.clock.time() - 25 * DAY).date().isoformat())
        assert len(re.findall(r"old \d+", text)) in (5, 6)
        assert not world.service().asked


async def test_an_author_and_times_are_filtered_as_the_service_would(world):
    world.service().fill("deck", 20)
    async with synced(world) as services:
        since = (world.clock.time() - timedelta(days=5, hours=1)).isoformat()
        assert len(re.findall(r"old \d+", await listed(services, since=since, author="bo"))) == 5
        assert "Nobody called Zoe" in await listed(services, author="Zoe")
        assert not world.service().asked


async def test_a_reply_is_shown_below_its_parent_with_both_numbers(world):
    chat = world.service()
    parent = chat.post("deck", "new 1", ago=DAY)
    chat.post("deck", "new 2", ago=DAY / 2, reply_to=parent)
    chat.log.clear()
    async with synced(world) as services:
        lines = (await listed(services)).splitlines()[1:]
        assert [line.partition(" ")[0][0] for line in lines if "new" in line] != [">", ">"]
        assert any(line.startswith(">") and "new 2" in line for line in lines)


async def test_a_list_that_lost_its_coverage_between_two_pages_is_told(world):
    world.service().fill("deck", 30)
    async with synced(world) as services:
        cursor = re.search(r"cursor (\w+)", await listed(services, limit=10))[1]
        await (await services.workspace.store()).retention.forget("acc", "deck")
        with pytest.raises(Exception, match="Repeat the call without cursor"):
            await listed(services, limit=10, cursor=cursor)


async def test_a_search_says_how_much_the_local_index_holds(world):
    chat = world.service()
    chat.fill("deck", 10)
    chat.fill("side", 10)
    chat.broken["side"] = RuntimeError("no")
    async with synced(world, sync="90d") as services:
        text = (await call_tool(services, "search_messages", {"query": "old"})).text
        header = text.partition("\n")[0]
        assert re.search(r"acc: local index: 1 of 2 conversations, back to \d{4}-\d\d-\d\d", header)
        assert "as of" not in header


async def test_a_search_in_what_is_all_held_says_as_of_when(world):
    world.service().fill("deck", 10)
    async with synced(world) as services:
        header = (await call_tool(services, "search_messages", {"query": "old"})).text.partition("\n")[0]
        assert "acc: local index: 1 of 1 conversation, back to " in header
        assert "times in UTC · as of " in header
        nothing = (await call_tool(services, "search_messages", {"query": "zzyzx"})).text
        assert nothing.startswith("0 hits · acc: local index: 1 of 1 conversation")
        assert not world.service().asked
