"""A search of a service that is held in part finds what the service finds and what the local index finds, each once."""

import json
import re
from contextlib import asynccontextmanager

import pytest
from fake_chat import DAY

from dragoman.core.errors import RateLimited, UnsupportedOperation
from dragoman.sync.runner import accounts_to_sync, keep_current
from dragoman.toolset import ToolServices, call_tool

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def held_in_part(world, kind="searching"):
    """The messages of 30 days are held, and those of one conversation are not."""
    chat = world.service()
    chat.fill("deck", 60)
    chat.fill("side", 10)
    chat.broken["side"] = RuntimeError("no")
    async with world.workspace(kind=kind, sync="30d") as workspace:
        await keep_current(workspace, accounts_to_sync(workspace), watch=False, clock=world.clock)
        chat.broken.clear()
        chat.asked.clear()
        yield ToolServices(workspace, clock=world.clock.time, max_tokens=100_000)


async def found(services, query, **arguments):
    return (await call_tool(services, "search_messages", {"query": query, **arguments})).text


def texts(answer):
    return re.findall(r"\d\d:\d\d Bo: (.*)", answer.replace("*", ""))


async def all_pages(services, query, **arguments):
    every, cursor = [], {}
    while True:
        answer = await found(services, query, **arguments, **cursor)
        every += texts(answer)
        more = re.search(r"more: cursor (\w+)", answer.partition("\n")[0])
        if more is None:
            return every
        cursor = {"cursor": more[1]}


@pytest.mark.parametrize("limit", [1, 2, 5, 7, 100])
async def test_each_message_that_either_finds_is_shown_once(world, limit):
    async with held_in_part(world) as services:
        every = await all_pages(services, "old", limit=limit)
        assert len(every) == 70
        assert sorted(set(every)) == sorted({f"old {n}" for n in range(1, 61)})


async def test_the_local_index_adds_what_the_service_does_not_find(world):
    async with held_in_part(world) as services:
        world.service().post("deck", "Straße zur Messe", ago=DAY)
        await keep_current(services.workspace, accounts_to_sync(services.workspace), watch=False, clock=world.clock)
        answer = await found(services, "strasse")
        assert texts(answer) == ["Straße zur Messe"]
        assert world.service().asked["search_messages"] == 1


async def test_the_answer_says_that_both_were_searched(world):
    async with held_in_part(world) as services:
        header = (await found(services, "old")).partition("\n")[0]
        assert "acc: everything in the service · acc: local index: 1 of 2 conversations, back to 20" in header
        data = json.loads(await found(services, "old", format="json"))
        assert [one["where"] for one in data["searched"]] == ["service", "local index"]


async def test_a_service_that_fails_leaves_the_hits_of_the_local_index_and_is_told(world):
    async with held_in_part(world) as services:
        world.service().faults["search_messages"] = [RateLimited("The service asks to wait.", hint="Try again.")]
        answer = await found(services, "old")
        header, note = answer.split("\n")[:2]
        assert len(texts(answer)) == 20
        assert "service" not in header
        assert note == "-- note: acc: The service asks to wait. Try again."


async def test_a_service_that_cannot_search_after_all_leaves_the_local_index(world):
    async with held_in_part(world) as services:
        world.service().faults["search_messages"] = [UnsupportedOperation("Search needs a user token.")]
        every = texts(await found(services, "old", limit=100))
        assert 30 <= len(every) == len(set(every)) < 60


async def test_live_asks_the_service_alone(world):
    async with held_in_part(world) as services:
        account = services.workspace.account("acc")
        account.settings = account.settings.model_copy(update={"live": True})
        assert "local index" not in (await found(services, "old")).partition("\n")[0]
