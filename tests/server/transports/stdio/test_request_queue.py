"""A client that sends thousands of requests at once: few are at work, and all are answered."""

import json
from collections import deque

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import mcp_types as types
import pytest
from mcp.server.lowlevel import Server

from dragoman_server.transports.stdio import transport
from dragoman_server.transports.stdio.request_queue import MOST_AT_WORK, RequestQueue

pytestmark = pytest.mark.anyio

MANY = 1_500
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}


def line(**message):
    return json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"


class Pipes:
    """What a client writes and reads; it goes on writing when it is told to."""

    replayed = None

    def __init__(self, lines):
        self.lines = deque(lines)
        self.more = anyio.Event()
        self.answers = []

    def hand_over(self):
        pass

    def read(self):
        if not self.lines:
            anyio.from_thread.run(self.more.wait)
        return self.lines.popleft() if self.lines else b""

    def write(self, data):
        self.answers.append(json.loads(data))


async def until(true):
    with anyio.fail_after(60):
        while not true():
            await anyio.lowlevel.checkpoint()


async def test_of_many_requests_few_are_at_work_and_those_that_are_cancelled_never_begin():
    gate, begun = anyio.Event(), set()

    async def call(ctx, params):
        begun.add(ctx.request_id)
        await gate.wait()
        return types.CallToolResult(content=[])

    calls = [line(id=number, method="tools/call", params={"name": "x"}) for number in range(1, MANY + 1)]
    cancelled = line(method="notifications/cancelled", params={"requestId": MANY})
    hello = [line(id=0, method="initialize", params=HELLO), line(method="notifications/initialized")]
    pipes = Pipes([*hello, *calls, cancelled])
    async with anyio.create_task_group() as group:
        group.start_soon(transport.serve, Server("test", on_call_tool=call), pipes)
        await until(lambda: len(begun) == MOST_AT_WORK and not pipes.lines)
        gate.set()
        await until(lambda: len(pipes.answers) == MANY)
        pipes.more.set()
    assert [answer for answer in pipes.answers if "error" in answer] == []
    assert {answer["id"] for answer in pipes.answers} == set(range(MANY))
    assert len(begun) == MANY - 1


async def test_the_reader_waits_while_too_many_bytes_do():
    queue = RequestQueue(most_at_work=0, most_bytes=100)
    await queue.put(1, b"x" * 90)
    with anyio.move_on_after(0.01) as waiting:
        await queue.put(2, b"x" * 90)
    assert waiting.cancelled_caught
    assert queue.cancel(1)
    await queue.put(2, b"x" * 90)


async def test_one_request_may_be_larger_than_what_may_wait():
    queue = RequestQueue(most_at_work=1, most_bytes=100)
    await queue.put(1, b"x" * 1000)
    assert len(await queue.get()) == 1000


async def test_requests_are_handed_on_in_the_order_in_which_they_came():
    queue = RequestQueue(most_at_work=3)
    for number in range(5):
        await queue.put(number, b"%d" % number)
    found = [await queue.get() for _ in range(3)]
    assert not queue.has_room
    queue.end(0)
    found.append(await queue.get())
    assert found == [b"0", b"1", b"2", b"3"]
    assert not queue.cancel(3)
