"""While a user thinks, the call waits without holding up others."""

import math

import anyio
import pytest
from asked_user import REPLY, YES, texts

from dragoman.testing import ToolError, connect
from dragoman_server.mcp import adapter, elicitation
from dragoman_server.mcp.call_slot import CallSlot

pytestmark = pytest.mark.anyio


async def test_an_answer_that_never_comes_writes_nothing(settings, data, monkeypatch):
    monkeypatch.setattr(elicitation, "WAIT", 0.05)

    async def away(_context, _params):
        await anyio.sleep_forever()

    async with connect(settings, data=data, mode="legacy", elicitation_callback=away) as client:
        with pytest.raises(ToolError, match=r"[Nn]othing was (written|sent|imported|changed)"):
            await client.call("send_message", **REPLY)
        assert await texts(client) == ["Hello"]


async def test_a_client_is_told_that_its_user_is_still_thinking(settings, data, monkeypatch):
    monkeypatch.setattr(elicitation, "PULSE", 0.0)
    heard = anyio.Event()
    told = []

    async def progress(_done, _total, message):
        told.append(message)
        heard.set()

    async def think(_context, _params):
        await heard.wait()
        return YES

    async with connect(settings, data=data, mode="legacy", elicitation_callback=think) as client:
        with anyio.fail_after(60):
            result = await client.call_tool("send_message", REPLY, progress_callback=progress)
    assert not result.is_error
    assert told[0] == "Waiting for the user's answer"


async def test_thinking_takes_no_time_of_the_call_and_no_place_of_others(settings, data, monkeypatch):
    turns = []

    class Watched(CallSlot):
        async def __aenter__(self):
            turns.append(self)
            return await super().__aenter__()

    monkeypatch.setattr(adapter, "CallSlot", Watched)
    monkeypatch.setattr(adapter, "CONCURRENT_CALLS", 1)
    thinking, others_done = anyio.Event(), anyio.Event()
    deadlines = []

    async def think(_context, _params):
        deadlines.append(turns[0].scope.deadline)
        thinking.set()
        await others_done.wait()
        return YES

    results = []
    async with connect(settings, data=data, mode="legacy", elicitation_callback=think) as client:

        async def send():
            results.append(await client.call("send_message", **REPLY))

        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(send)
                await thinking.wait()
                assert await texts(client) == ["Hello"]
                others_done.set()
    assert deadlines == [math.inf]
    assert "See you at nine" in results[0]
    assert turns[0].scope.deadline < math.inf
