"""get_updates of accounts that are not kept current: what a call asks a service for, and what it leaves out."""

import json

import pytest
from bell_service import Crowd

from dragoman.sync.polling import MOST_CONVERSATIONS
from dragoman.testing import connect

pytestmark = pytest.mark.anyio

SETTINGS = {"timezone": "UTC", "accounts": {"crowd": {"provider": "crowd"}}}


async def ask(client):
    return json.loads(await client.call("get_updates", format="json", limit=200, max_tokens=20_000))


def texts(answer):
    return {one["text"] for group in answer["conversations"] for one in group["messages"]}


async def test_of_very_many_conversations_the_most_recent_are_asked_and_the_answer_says_so():
    for number in range(90):
        Crowd.post(f"room{number}", f"text {number}")
    async with connect(SETTINGS) as client:
        answer = await ask(client)
        assert answer["notes"] == ["crowd: only the 60 most recent conversations were looked into."]
        assert texts(answer) == {f"text {number}" for number in range(30, 90)}
        requests = [one for one in Crowd.asked if one.startswith("list_messages")]
        assert MOST_CONVERSATIONS <= len(requests) <= MOST_CONVERSATIONS + 20


async def test_conversations_that_cannot_be_read_are_told_and_the_others_are_shown():
    for number in range(6):
        Crowd.post(f"room{number}", f"text {number}")
    Crowd.locked |= {"room1", "room4"}
    async with connect(SETTINGS) as client:
        answer = await ask(client)
        assert answer["notes"] == ["crowd: 2 of 6 conversations could not be read: It is locked."]
        assert texts(answer) == {"text 0", "text 2", "text 3", "text 5"}


async def test_what_could_not_be_read_comes_once_it_can_be():
    Crowd.post("room0", "text 0")
    Crowd.post("room1", "text 1")
    Crowd.locked.add("room1")
    async with connect(SETTINGS) as client:
        assert texts(await ask(client)) == {"text 0"}
        Crowd.locked.clear()
        assert texts(await ask(client)) == {"text 1"}


async def test_a_service_without_conversations_is_not_taken_for_an_empty_store(monkeypatch):
    monkeypatch.setattr("bell_service.ROOMS", ())
    async with connect({"timezone": "UTC", "accounts": {"wire": {"provider": "wire"}}}) as client:
        assert await client.call("list_conversations") == "0 conversations, times in UTC"
