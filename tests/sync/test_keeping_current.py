"""A sync brings everything up to the horizon, news first, and tells what it holds."""

from datetime import timedelta
from random import Random

import anyio
import pytest
from fake_chat import DAY, stored, truth, unfounded_claims

from dragoman.core.context import instrumentation
from dragoman.core.model import Message
from dragoman.store.coverage import BEGINNING
from dragoman.sync.runner import accounts_to_sync, keep_current

pytestmark = pytest.mark.anyio
KINDS = ["telling", "silent"]


async def sync(workspace, world):
    results = await keep_current(workspace, accounts_to_sync(workspace), watch=False, clock=world.clock)
    return {result.account: result for result in results}


async def summary(workspace, since=BEGINNING, account="acc"):
    return await (await workspace.store()).sync.summary(account, since)


async def claims(workspace, world, account="acc"):
    return await unfounded_claims(await workspace.store(), world.service(account), world.path, account)


@pytest.mark.parametrize("kind", KINDS)
async def test_everything_is_held_after_a_sync(world, kind):
    chat = world.service()
    for number in range(12):
        chat.fill(f"room {number}", number * 5)
    async with world.workspace(kind=kind) as workspace:
        result = (await sync(workspace, world))["acc"]
        assert result.error is None
        assert stored(world.path) == truth(chat)
        assert result.counts.messages == len(truth(chat))
        told = await summary(workspace)
        assert (told.held, told.conversations, told.listed) == (11, 11, True)
        assert await claims(workspace, world) == []
        store = await workspace.store()
        assert (await store.sync.coverage("acc", "room 11")).covers()


@pytest.mark.parametrize("kind", KINDS)
async def test_the_last_week_of_everything_comes_before_the_depth_of_anything(world, kind):
    chat = world.service()
    for room in ("a", "b", "c"):
        chat.fill(room, 60, step=DAY * 0.45)  # no message is just seven days old
    async with world.workspace(kind=kind) as workspace:
        await sync(workspace, world)
    read = [about[0] for operation, *about in chat.order if operation == "list_messages"]
    week = [read[:at].count(room) for at, room in enumerate(read)]
    deep = next(at for at, pages in enumerate(week) if pages >= 3)
    assert {room: read[:deep].count(room) for room in "abc"} == {"a": 3, "b": 3, "c": 3}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_older_than_the_horizon_is_left_to_the_service(world, kind):
    chat = world.service()
    chat.fill("deck", 200)
    chat.post("idle", ago=100 * DAY)
    async with world.workspace(kind=kind, sync="30d") as workspace:
        await sync(workspace, world)
        assert 30 <= len(stored(world.path)) <= 30 + chat.page
        since = world.clock.time() - 29 * DAY
        told = await summary(workspace, since)
        assert (told.held, told.conversations) == (2, 2)
        store = await workspace.store()
        assert (await store.sync.coverage("acc", "deck")).covers(since)
        assert not (await store.sync.coverage("acc", "deck")).covers(since - 30 * DAY)


async def test_a_round_in_which_nothing_is_new_costs_one_request_where_changes_are_told(world):
    chat = world.service()
    for number in range(9):
        chat.fill(f"room {number}", 10)
    async with world.workspace() as workspace:
        await sync(workspace, world)
        chat.asked.clear()
        world.clock.now += 600
        await sync(workspace, world)
        assert chat.asked == {"changes": 1}
        assert (await summary(workspace)).fresh_at > world.clock.time() - timedelta(seconds=1)


async def test_a_round_in_which_nothing_is_new_lists_once_where_no_changes_are_told(world):
    chat = world.service()
    for number in range(9):
        chat.fill(f"room {number}", 10)
    async with world.workspace(kind="silent") as workspace:
        await sync(workspace, world)
        chat.asked.clear()
        world.clock.now += 600
        await sync(workspace, world)
        assert chat.asked == {"list_conversations": 1}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_new_or_edited_is_brought_and_is_news_and_history_is_not(world, kind):
    chat = world.service()
    chat.fill("deck", 30)
    chat.fill("hold", 3)
    async with world.workspace(kind=kind) as workspace:
        await sync(workspace, world)
        store = await workspace.store()
        assert (await store.sync.arrivals("acc", 0, 99)).items == []
        world.clock.now += 60
        first = chat.post("deck", "one")
        second = chat.post("hold", "two")
        for number in range(20):
            chat.post("new room", f"many {number}")
        await sync(workspace, world)
        news = (await store.sync.arrivals("acc", 0, 99)).items
        assert {one.message.id for one in news} == {
            id_ for id_, at in chat.arrived.items() if id_ in (first, second) or "new" in id_
        }
        assert all(one.first == one.serial for one in news)
        world.clock.now += 400
        chat.edit("hold", second, "two!")
        await sync(workspace, world)
        (edited,) = (await store.sync.arrivals("acc", news[-1].serial, 99)).items
        assert (edited.message.text, edited.first < edited.serial) == ("two!", True)
        assert stored(world.path) == truth(chat)
        assert await claims(workspace, world) == []
        assert (await store.messages.conversation("acc", "new room")).title == "New Room"


@pytest.mark.parametrize("kind", KINDS)
async def test_of_a_conversation_that_was_long_not_looked_at_all_is_brought(world, kind):
    chat = world.service()
    chat.fill("deck", 10)
    async with world.workspace(kind=kind) as workspace:
        await sync(workspace, world)
        for _ in range(50):
            world.clock.now += 3600
            chat.post("deck")
        await sync(workspace, world)
        assert stored(world.path) == truth(chat)
        assert (await (await workspace.store()).sync.coverage("acc", "deck")).covers()
        assert len((await (await workspace.store()).sync.arrivals("acc", 0, 99)).items) == 50


async def test_a_deleted_message_goes(world):
    chat = world.service()
    chat.fill("deck", 10)
    async with world.workspace() as workspace:
        await sync(workspace, world)
        chat.delete("deck", chat.rooms["deck"][3].id)
        await sync(workspace, world)
        assert stored(world.path) == truth(chat)
        assert len(truth(chat)) == 9


@pytest.mark.parametrize("kind", KINDS)
async def test_a_conversation_that_is_renamed_or_deleted_is_followed(world, kind):
    chat = world.service()
    for room in ("deck", "hold"):
        chat.fill(room, 10)
    async with world.workspace(kind=kind) as workspace:
        await sync(workspace, world)
        chat.titles["deck"] = "Upper deck"
        chat.drop("hold")
        world.clock.now += 24 * 3600
        await sync(workspace, world)
        store = await workspace.store()
        assert (await store.messages.conversation("acc", "deck")).title == "Upper deck"
        assert (await store.sync.coverage("acc", "hold")).coverage.spans == ()
        told = await summary(workspace)
        assert (told.held, told.conversations) == (1, 1)
        chat.post("hold", "I am back")
        world.clock.now += 24 * 3600
        await sync(workspace, world)
        assert stored(world.path).items() >= truth(chat).items()
        assert (await summary(workspace)).held == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_messages_of_one_instant_on_two_pages_are_all_brought(world, kind):
    chat = world.service()
    for _ in range(40):
        chat.post("deck", ago=DAY)
    for _ in range(3):
        chat.post("deck", ago=2 * DAY)
    chat.log.clear()
    async with world.workspace(kind=kind) as workspace:
        await sync(workspace, world)
        assert stored(world.path) == truth(chat)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_message_of_the_very_time_of_the_one_before_is_brought(world, kind):
    chat = world.service()
    chat.fill("deck", 3)
    async with world.workspace(kind=kind) as workspace:
        await sync(workspace, world)
        at = world.clock.time()
        for _ in range(3):
            chat.post("deck", ago=world.clock.time() - at)
            await sync(workspace, world)
            assert stored(world.path) == truth(chat)
            assert await claims(workspace, world) == []


async def watch(workspace, world, end):
    """Watch until something is so after a request."""
    chat = world.service()
    with anyio.CancelScope() as scope:

        def look():
            if end():
                scope.cancel()

        chat.on_request = look
        await keep_current(workspace, accounts_to_sync(workspace), watch=True, clock=world.clock)
    chat.on_request = None


async def test_a_watch_asks_again_in_intervals_and_brings_what_is_new(world):
    chat = world.service()
    chat.fill("deck", 3)
    async with world.workspace() as workspace:
        await watch(workspace, world, lambda: chat.asked["changes"] == 5)
        assert world.clock.waits.count(60.0) >= 3
        chat.post("deck", "new")
        await watch(workspace, world, lambda: chat.asked["changes"] == 8)
        assert stored(world.path) == truth(chat)
        assert (await summary(workspace)).holder == ""


async def test_a_service_that_can_be_waited_for_is_not_asked_in_intervals(world):
    chat = world.service()
    chat.fill("deck", 3)

    def end():
        if chat.asked["wait_for_changes"] == 2:
            chat.post("deck", "new")
        return chat.asked["wait_for_changes"] == 5

    async with world.workspace(kind="waiting") as workspace:
        await watch(workspace, world, end)
        assert stored(world.path) == truth(chat)
        assert 60.0 not in world.clock.waits


async def test_while_a_tool_is_called_sync_waits_for_its_end(world):
    chat = world.service()
    chat.fill("deck", 3)
    async with world.workspace() as workspace:
        with instrumentation.observe((), instrumentation.Operation("list_messages")):
            await sync(workspace, world)
        assert world.clock.waits.count(0.1) >= 100
        assert stored(world.path) == truth(chat)


async def test_an_account_without_sync_is_left_alone(world):
    world.service().fill("deck", 10)
    async with world.workspace(sync=None) as workspace:
        assert await sync(workspace, world) == {}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_service_that_shuffles_and_repeats_is_read_wholly(world, kind):
    chat = world.service()
    chat.random = Random(7)
    for room in ("deck", "hold"):
        chat.fill(room, 40)
    async with world.workspace(kind=kind) as workspace:
        await sync(workspace, world)
        for _ in range(12):
            world.clock.now += 60
            chat.post("deck")
        await sync(workspace, world)
        assert stored(world.path) == truth(chat)
        assert await claims(workspace, world) == []
        assert len((await (await workspace.store()).sync.arrivals("acc", 0, 99)).items) == 12


@pytest.mark.parametrize("kind", KINDS)
async def test_pages_that_follow_each_other_out_of_order_claim_nothing_before_the_end(world, kind):
    chat = world.service()
    chat.disordered = True
    chat.fill("deck", 40)
    async with world.workspace(kind=kind) as workspace:
        await sync(workspace, world)
        assert stored(world.path) == truth(chat)
        assert (await (await workspace.store()).sync.coverage("acc", "deck")).covers()


def test_times_at_the_edge_of_what_a_time_can_be_are_no_fault():
    from dragoman.core.model import Author
    from dragoman.store.coverage import INSTANT, OPEN
    from dragoman.sync.back_position import BackPosition

    last = Message(id="x", conversation="c", author=Author(name="Bo"), sent_at=OPEN, text="")
    assert BackPosition().after([last], "c").complete_since == OPEN - INSTANT
