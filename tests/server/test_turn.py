"""How long a call may take: its limit, prolonged by progress where that helps, resting while somebody thinks."""

import math

import anyio
import pytest
from mcp import Client

from dragoman.core.context import progress
from dragoman.providers.local import LocalProvider
from dragoman_server.config.load import from_mapping
from dragoman_server.mcp import server
from dragoman_server.mcp.call_slot import CallSlot
from dragoman_server.runtime import tool_context
from steady_clock import SteadyClock

pytestmark = pytest.mark.anyio

LIMIT = 55.0


@pytest.fixture
def clock():
    return SteadyClock(100.0)


@pytest.fixture
async def turn(clock):
    return CallSlot(anyio.Semaphore(1), limit=55, longest=600, clock=clock)


async def test_a_turn_ends_at_its_limit(turn):
    assert turn.scope.deadline == 155
    assert not turn.prolonged


async def test_progress_gives_the_whole_limit_again_up_to_the_longest(turn, clock):
    clock.now = 150
    turn.extend()
    assert turn.scope.deadline == 205
    clock.now = 690
    turn.extend()
    assert turn.scope.deadline == 700
    assert turn.prolonged


async def test_thinking_takes_no_time(turn, clock):
    async with turn:
        clock.now = 110
        async with turn.paused():
            assert turn.scope.deadline == math.inf
            turn.extend()
            assert turn.scope.deadline == math.inf
            clock.now = 1110
        assert turn.scope.deadline == 1155
        clock.now = 1699
        turn.extend()
        assert turn.scope.deadline == 1700


async def test_a_place_is_free_while_its_turn_rests_and_after_it(clock):
    places = anyio.Semaphore(1)
    async with CallSlot(places, clock=clock) as turn:
        assert places.value == 0
        async with turn.paused():
            assert places.value == 1
        assert places.value == 0
    assert places.value == 1


async def test_a_turn_that_is_cancelled_while_it_waits_for_its_place_again_leaves_none_behind(clock):
    places = anyio.Semaphore(1)
    with anyio.CancelScope() as scope:
        async with CallSlot(places, clock=clock) as turn, turn.paused():
            await places.acquire()
            scope.cancel()
    places.release()
    assert places.value == 1


@pytest.fixture
async def shared(tmp_path):
    config = from_mapping({"accounts": {"local": {"provider": "local", "path": str(tmp_path / "n.db")}}}, data=tmp_path)
    async with tool_context.open_services(config) as opened:
        yield opened


@pytest.fixture
def slow(monkeypatch, skip_time):
    """Sending and listing take twice the limit, and say all the while that they go on."""

    async def work():
        for number in range(10):
            await progress.report(number, "The agent is thinking")
            await skip_time(LIMIT / 5)

    send, listing = LocalProvider.send_message, LocalProvider.list_messages

    async def slow_send(self, conversation, draft):
        await work()
        return await send(self, conversation, draft)

    async def slow_listing(self, conversation, query):
        await work()
        return await listing(self, conversation, query)

    monkeypatch.setattr(LocalProvider, "send_message", slow_send)
    monkeypatch.setattr(LocalProvider, "list_messages", slow_listing)


async def heard(_done, _total, _message):
    """Somebody listens."""


async def room(client):
    message = {"conversation": "local:room", "text": "Hi", "author": "Ann", "sent_at": "2026-03-10"}
    assert not (await client.call_tool("import_message", message)).is_error


async def test_a_send_goes_on_as_long_as_the_client_hears_of_its_progress(shared, slow):
    async with Client(server.build(shared, time_limit=LIMIT), mode="legacy") as client:
        await room(client)
        sending = {"conversation": "local:room", "text": "Hello"}
        result = await client.call_tool("send_message", sending, progress_callback=heard)
    assert not result.is_error
    assert "me (you): Hello" in result.content[0].text


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_client_that_hears_nothing_is_answered_before_it_gives_up(shared, slow, mode):
    async with Client(server.build(shared, time_limit=LIMIT), mode=mode) as client:
        await room(client)
        sent = await client.call_tool("send_message", {"conversation": "local:room", "text": "Hello"})
        store = await shared.workspace.store()
        (entry,) = await store.writes.pending()
    assert sent.is_error
    assert "The outcome is unknown" in sent.content[0].text
    assert entry.intent.operation == "send_message"


async def test_reading_ends_at_the_limit_whatever_it_reports(shared, slow):
    async with Client(server.build(shared, time_limit=LIMIT), mode="legacy") as client:
        await room(client)
        reading = {"conversation": "local:room"}
        result = await client.call_tool("list_messages", reading, progress_callback=heard)
    assert result.is_error
    assert f"within {LIMIT:g} seconds" in result.content[0].text


async def test_a_send_that_goes_on_and_on_ends_at_last(shared, slow):
    async with Client(server.build(shared, time_limit=LIMIT, longest=LIMIT * 1.5), mode="legacy") as client:
        await room(client)
        sending = {"conversation": "local:room", "text": "Hello"}
        result = await client.call_tool("send_message", sending, progress_callback=heard)
    assert result.is_error
    assert "The answer took too long. The outcome is unknown" in result.content[0].text
