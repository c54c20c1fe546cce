"""Whatever a service does wrong, a sync claims nothing that is not there, and goes on where it was."""

from random import Random

import anyio
import pytest
from fake_chat import DAY, Silent, stored, truth
from sync_steps import require_no_unfounded_claim, summary, sync

from dragoman.core.errors import BadResponse, PermissionDenied, RateLimited, Unauthenticated, Unavailable
from dragoman.core.model import Page
from dragoman.store import NotWritableError
from dragoman.store.sync_state import LEASE

pytestmark = pytest.mark.anyio
KINDS = ["telling", "silent"]


async def test_after_the_service_has_forgotten_the_position_what_happened_meanwhile_is_brought(world):
    chat = world.service()
    for room in ("deck", "hold", "idle"):
        chat.fill(room, 30)
    async with world.workspace() as workspace:
        await sync(workspace, world)
        world.clock.now += 3600
        for _ in range(20):
            chat.post("deck")
        chat.post("brand new")
        chat.epoch += 1
        chat.log.clear()
        world.clock.now += 60
        chat.order.clear()
        await sync(workspace, world)
        assert stored(world.path) == truth(chat)
        await require_no_unfounded_claim(workspace, world)
        assert (await summary(workspace)).held == 4
        assert ("list_messages", "deck") in chat.order
        assert ("list_messages", "idle") not in chat.order
        news = {one.message.id for one in (await (await workspace.store()).sync.arrivals("acc", 0, 99)).items}
        assert news == {id_ for id_, at in chat.arrived.items() if not id_.startswith("idle")} - {
            one.id for room in ("deck", "hold") for one in chat.rooms[room][:30]
        }


async def test_a_position_that_is_lost_again_and_again_claims_nothing_that_is_not_there(world):
    chat = world.service()
    random = Random(3)
    for room in ("deck", "hold"):
        chat.fill(room, 20)

    def happen():
        if random.random() < 0.2:
            chat.post(random.choice(["deck", "hold", "new"]))
        if random.random() < 0.1:
            chat.epoch += 1
            chat.log.clear()

    async with world.workspace() as workspace:
        for _ in range(15):
            chat.on_request = happen
            await sync(workspace, world)
            chat.on_request = None
            await require_no_unfounded_claim(workspace, world)
            world.clock.now += 1000
        await sync(workspace, world)
        assert stored(world.path) == truth(chat)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_service_that_wants_pauses_for_minutes_is_waited_for_and_then_read_wholly(world, kind):
    chat = world.service()
    for room in ("deck", "hold"):
        chat.fill(room, 40)
    chat.faults = {
        operation: [RateLimited("Too many requests.", retry_after=300.0) for _ in range(4)]
        for operation in ("list_conversations", "list_messages", "changes")
    }
    async with world.workspace(kind=kind) as workspace:
        result = (await sync(workspace, world))["acc"]
        assert result.error is None
        assert stored(world.path) == truth(chat)
        assert world.clock.waits.count(300.0) >= 2
        assert (await summary(workspace)).failures == []


@pytest.mark.parametrize("kind", KINDS)
async def test_of_a_service_whose_rounds_take_minutes_the_history_is_read_as_well(world, kind):
    chat = world.service(seconds=70)
    chat.fill("deck", 40)
    chat.on_request = lambda: chat.asked.total() < 200 or pytest.fail("only rounds, again and again")
    async with world.workspace(kind=kind) as workspace:
        assert (await sync(workspace, world))["acc"].error is None
    assert stored(world.path) == truth(chat)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_token_that_dies_in_the_middle_is_told_and_the_other_account_goes_on(world, kind):
    chats = {name: world.service(name) for name in ("acc", "other")}
    for chat in chats.values():
        for room in ("deck", "hold"):
            chat.fill(room, 40)
    chat = chats["acc"]

    def die():
        if chat.asked["list_messages"] == 5:
            chat.dead = Unauthenticated("The token has expired.", hint="Sign in again.")

    chat.on_request = die
    async with world.workspace("acc", "other", kind=kind) as workspace:
        results = await sync(workspace, world)
        assert isinstance(results["acc"].error, Unauthenticated)
        assert results["other"].error is None
        assert stored(world.path, "other") == truth(chats["other"])
        (failure,) = (await summary(workspace)).failures
        assert (failure.conversation, failure.attempts.error) == ("", "The token has expired. Sign in again.")
        assert failure.attempts.retry_at > world.clock.time() - DAY
        await require_no_unfounded_claim(workspace, world)
        chat.dead = chat.on_request = None
        await sync(workspace, world)
        assert stored(world.path) == truth(chat)
        assert (await summary(workspace)).failures == []


UNREADABLE = [
    (BadResponse("Nonsense."), "Nonsense."),
    (PermissionDenied("Not for you."), "Not for you."),
    (Unavailable("Down."), "Down."),
    (ValueError("a defect"), "What the service gave could not be read. The log has the details."),
]


@pytest.mark.parametrize(("error", "said"), UNREADABLE)
async def test_a_conversation_that_cannot_be_read_is_told_and_tried_again_and_the_others_are_read(world, error, said):
    chat = world.service()
    for room in ("deck", "hold", "brig"):
        chat.fill(room, 20)
    chat.broken["brig"] = error
    async with world.workspace() as workspace:
        await sync(workspace, world)
        told = await summary(workspace)
        assert (told.held, told.conversations, told.failed) == (2, 3, 1)
        (failure,) = told.failures
        assert (failure.conversation, failure.attempts.error) == ("brig", said)
        tries = chat.order.count(("list_messages", "brig"))
        await sync(workspace, world)
        assert chat.order.count(("list_messages", "brig")) == tries
        chat.broken.clear()
        world.clock.now += 24 * 3600
        await sync(workspace, world)
        assert stored(world.path) == truth(chat)
        assert (await summary(workspace)).failures == []


async def test_a_service_that_is_down_for_good_ends_a_sync_with_its_reason(world):
    chat = world.service()
    chat.fill("deck", 10)
    chat.dead = Unavailable("The service is down.")
    async with world.workspace() as workspace:
        result = (await sync(workspace, world))["acc"]
        assert str(result.error) == "The service is down."
        assert (await summary(workspace)).failures[0].attempts.failures >= 3
        assert sum(world.clock.waits) < 600


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("jump", [-400 * 24 * 3600.0, 400 * 24 * 3600.0])
async def test_a_clock_that_jumps_loses_nothing_and_claims_nothing(world, kind, jump):
    chat = world.service()
    for room in ("deck", "hold"):
        chat.fill(room, 40)

    def shift():
        if chat.asked["list_messages"] == 4:
            world.clock.shift = jump

    chat.on_request = shift
    async with world.workspace(kind=kind) as workspace:
        await sync(workspace, world)
        chat.on_request = None
        assert stored(world.path) == truth(chat)
        world.clock.shift = 0.0
        for _ in range(12):
            chat.post("deck")
        store = await workspace.store()
        await require_no_unfounded_claim(workspace, world)
        world.clock.now += 120
        await sync(workspace, world)
        await require_no_unfounded_claim(workspace, world)
        assert stored(world.path) == truth(chat)
        assert (await store.sync.coverage("acc", "deck")).covers()


async def test_a_service_whose_list_leads_nowhere_is_told_and_ends(world, monkeypatch):
    chat = world.service()
    chat.fill("deck", 30)

    async def lead_nowhere(self, conversation, query):
        self.chat.request("list_messages", conversation)
        return Page(items=[], cursor="on and on")

    monkeypatch.setattr(Silent, "list_messages", lead_nowhere)
    async with world.workspace() as workspace:
        await sync(workspace, world)
        assert chat.asked["list_messages"] < 200
        (failure,) = (await summary(workspace)).failures
        assert "leads nowhere" in failure.attempts.error


async def test_stale_cursors_of_the_service_are_left_for_times(world):
    chat = world.service()
    chat.fill("deck", 60)
    async with world.workspace() as workspace:
        store = await workspace.store()
        with anyio.CancelScope() as scope:

            def stop():
                if chat.asked["list_messages"] == 4:
                    scope.cancel()

            chat.on_request = stop
            await sync(workspace, world)
        assert 0 < len(stored(world.path)) < 60
        chat.on_request = None
        renamed = [*chat.rooms["deck"]]
        at = renamed.index(next(one for one in renamed if ("deck", one.id) in stored(world.path)))
        chat.delete("deck", renamed[at].id)
        world.clock.now += LEASE + 1
        await sync(workspace, world)
        assert stored(world.path) == truth(chat)
        assert (await store.sync.coverage("acc", "deck")).covers()


async def test_while_the_store_is_full_nothing_is_claimed_and_it_goes_on_when_there_is_room(world, monkeypatch):
    chat = world.service()
    for room in ("deck", "hold"):
        chat.fill(room, 40)
    async with world.workspace() as workspace:
        store = await workspace.store()
        commit, steps = store.sync.commit, []

        async def full(lease, step):
            steps.append(step)
            if 5 < len(steps) < 12:
                raise NotWritableError("The disk is full.")
            return await commit(lease, step)

        monkeypatch.setattr(store.sync, "commit", full)
        result = (await sync(workspace, world))["acc"]
        await require_no_unfounded_claim(workspace, world)
        assert result.error is None
        assert stored(world.path) == truth(chat)


async def test_of_two_processes_one_keeps_an_account_current_and_the_other_says_so(world):
    chat = world.service()
    chat.fill("deck", 40)
    async with world.workspace() as workspace:
        store = await workspace.store()
        assert await store.sync.take_lease("acc", "elsewhere") is not None
        result = (await sync(workspace, world))["acc"]
        assert result.is_elsewhere
        assert chat.asked == {}
        world.clock.now += LEASE + 1
        assert not (await sync(workspace, world))["acc"].is_elsewhere
        assert stored(world.path) == truth(chat)
        assert (await summary(workspace)).holder == ""


async def test_a_lease_that_was_taken_ends_the_work_of_its_holder(world):
    chat = world.service()
    chat.fill("deck", 40)
    async with world.workspace() as workspace:
        store = await workspace.store()

        def steal():
            world.clock.now += LEASE + 1

        thief = []

        async def take(*args):
            thief.append(await store.sync.take_lease("acc", "thief"))

        provider = await workspace.account("acc").provider()
        list_messages = provider.list_messages

        async def stolen(*args):
            steal()
            await take()
            provider.list_messages = list_messages
            return await list_messages(*args)

        provider.list_messages = stolen
        result = (await sync(workspace, world))["acc"]
        assert thief[0] is not None
        assert result.is_elsewhere
        assert stored(world.path) == {}
