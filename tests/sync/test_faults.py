"""Whatever services, clocks, disks and processes do: nothing is lost, nothing is claimed that is not there."""

import os
import select
import signal
from datetime import timedelta
from random import Random

import anyio
import pytest
from fake_chat import DAY, Silent, stored, truth, unfounded_claims

from dragoman.core.errors import (
    BadResponse,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from dragoman.core.model import Page
from dragoman.store import NotWritableError
from dragoman.store.coverage import BEGINNING
from dragoman.store.sync_state import LEASE
from dragoman.sync.runner import accounts_to_sync, keep_current

pytestmark = pytest.mark.anyio
KINDS = ["telling", "silent"]


async def sync(workspace, world):
    results = await keep_current(workspace, accounts_to_sync(workspace), watch=False, clock=world.clock)
    return {result.account: result for result in results}


async def summary(workspace, account="acc"):
    return await (await workspace.store()).sync.summary(account, BEGINNING)


async def require_no_unfounded_claim(workspace, world, account="acc"):
    chat = world.service(account)
    assert await unfounded_claims(await workspace.store(), chat, world.path, account) == []


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


async def run_in_child(world, kind, chat, seconds):
    """A sync in a process of its own."""
    async with world.workspace(kind=kind) as workspace:
        with anyio.move_on_after(seconds):
            while True:
                await sync(workspace, world)
                await anyio.sleep(0.001)


def fork(work, *args):
    child = os.fork()
    if child == 0:
        try:
            anyio.run(work, *args)
        finally:
            os._exit(0)
    return child


def happen(random, chat):
    """Something in the service."""
    for _ in range(random.randrange(8)):
        chat.clock.now += random.random() * 3000
        room = random.choice([*chat.rooms, f"room {len(chat.rooms)}"])
        what = random.random()
        if what < 0.7 or room not in chat.rooms:
            chat.post(room, f"text {len(chat.arrived)}")
        elif what < 0.85:
            one = random.choice(chat.alive(room) or [None])
            if one is not None:
                chat.edit(room, one.id, f"{one.text}!")
        elif what < 0.95:
            one = random.choice(chat.alive(room) or [None])
            if one is not None and chat.clock is not None:
                chat.delete(room, one.id)
        else:
            chat.epoch += 1


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
        chat.fill(f"room {room}", 40)
    children = [fork(run_in_child, world, "telling", chat, 4) for _ in range(processes)]
    for child in children:
        _, status = os.waitpid(child, 0)
        assert status == 0
    assert stored(world.path) == truth(chat)
    anyio.run(_require_sound, world)
