"""get_updates of an account that is kept current: out of the store, each version of a message once."""

import json
import re
import time
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from fake_chat import DAY, FakeClock

from dragoman.core.errors import PermissionDenied, Unauthenticated
from dragoman.store.sync_state import SyncStep
from dragoman.sync.runner import accounts_to_sync, keep_current
from dragoman.testing import connect

pytestmark = pytest.mark.anyio
KINDS = ["telling", "silent"]


class MachineTime(FakeClock):
    """The server of these tests goes by the machine's clock, so the service and its sync do too."""

    def wall(self):
        return time.time() + self.shift

    async def sleep(self, seconds):
        self.shift += max(0.0, seconds)
        await super().sleep(seconds)


@pytest.fixture
def clock():
    return MachineTime()


async def sync(world, kind):
    async with world.workspace(kind=kind) as workspace:
        (result,) = await keep_current(workspace, accounts_to_sync(workspace), watch=False, clock=world.clock)
        assert result.error is None


def served(world, kind):
    account = {"provider": kind, "sync": "all", "chat": "acc"}
    return connect({"timezone": "UTC", "accounts": {"acc": account}}, data=world.path.parent)


async def ask(client, **arguments):
    return json.loads(await client.call("get_updates", format="json", **arguments))


def texts(answer):
    return [one["text"] for group in answer["conversations"] for one in group["messages"]]


async def test_the_header_says_up_to_when_the_store_knows_the_news(world):
    chat = world.service()
    await sync(world, "silent")
    async with served(world, "silent") as client:
        assert "as of" not in await client.call("get_updates")
        chat.post("deck", "now")
        await sync(world, "silent")
        head = (await client.call("get_updates")).split("\n")[0]
        assert re.search(r" · looked at acc · times in UTC · as of \d\d:\d\d · ", head), head
        (looked_at,) = (await ask(client))["looked_at"]
        assert looked_at["account"] == "acc"
        assert looked_at["as_of"].startswith("20")


@pytest.mark.parametrize("kind", KINDS)
async def test_what_sync_has_brought_is_told_without_asking_the_service(world, kind):
    chat = world.service()
    chat.fill("deck", 30, step=DAY / 10)
    await sync(world, kind)
    async with served(world, kind) as client:
        await ask(client, since="1m")
        chat.post("deck", "one")
        edited = chat.post("hold", "two")
        await sync(world, kind)
        chat.asked.clear()
        assert sorted(texts(await ask(client))) == ["one", "two"]
        assert texts(await ask(client)) == []
        assert chat.asked == {}
        world.clock.shift = 400.0
        chat.edit("hold", edited, "two!")
        await sync(world, kind)
        chat.asked.clear()
        world.clock.shift = 0.0
        answer = await ask(client)
        assert (texts(answer), answer["conversations"][0]["edited"]) == (["two!"], 1)


@pytest.mark.parametrize("kind", KINDS)
async def test_history_that_sync_reads_is_no_news(world, kind):
    chat = world.service()
    chat.fill("deck", 60, step=timedelta(minutes=1))
    async with served(world, kind) as client:
        assert len(texts(await ask(client, limit=200))) == 60
        await sync(world, kind)
        assert texts(await ask(client)) == []
        chat.post("deck", "new")
        await sync(world, kind)
        assert texts(await ask(client)) == ["new"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
async def test_whether_sync_runs_or_not_each_version_is_told_once(world, kind, seed):
    chat, random = world.service(), Random(seed)
    chat.fill("deck", 5, step=timedelta(hours=1))
    told = []
    async with served(world, kind) as client:
        for number in range(30):
            what = random.random()
            if what < 0.4:
                chat.post(random.choice(["deck", "hold"]), f"text {number}")
            elif what < 0.6:
                await sync(world, kind)
            elif what < 0.7:
                # As after a server that kept the store current has ended long ago.
                await _age(world)
            else:
                told += texts(await ask(client, limit=random.choice([1, 3, 50])))
        await sync(world, kind)
        for _ in range(60):
            answer = await ask(client)
            told += texts(answer)
            if not answer.get("more"):
                break
    assert sorted(told) == sorted(one.text for room in chat.rooms for one in chat.alive(room))


async def _age(world):
    async with world.workspace() as workspace:
        store = await workspace.store()
        state = await store.sync.account("acc")
        if state.fresh_at is not None:
            lease = await store.sync.take_lease("acc", "old")
            long_ago = replace(state, fresh_at=state.fresh_at - timedelta(hours=1))
            await store.sync.commit(lease, SyncStep(account=long_ago))
            await store.sync.release_lease(lease)


async def test_conversations_that_sync_cannot_read_are_told(world):
    chat = world.service()
    for room in ("deck", "hold"):
        chat.fill(room, 3)
    chat.broken["hold"] = PermissionDenied("Not for you.")
    await sync(world, "telling")
    async with served(world, "telling") as client:
        answer = await ask(client, since="0s")
        assert answer["notes"] == ["acc: 1 conversation could not be read: Not for you."]


async def test_a_token_that_has_ended_is_told(world):
    chat = world.service()
    chat.fill("deck", 3)
    await sync(world, "telling")
    chat.dead = Unauthenticated("The token has expired.", hint="Sign in again.")
    await _age(world)
    async with served(world, "telling") as client:
        with pytest.raises(Exception, match="The token has expired"):
            await ask(client)
