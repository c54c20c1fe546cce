"""Sending through the tools to a service of threads that fails at the worst moment."""

from datetime import UTC, datetime

import pytest
import threads_server
from safe_writing import SAID, never_twice
from threads_logic import ASSISTANT
from threads_server import FOLDER, TOKEN, Fault, ThreadsServer

from dragoman.core.context.clock import hurry
from dragoman.testing import ToolError, connect

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]
CODES = ["UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED"]


@pytest.fixture
async def server(monkeypatch):
    monkeypatch.setattr(threads_server, "BEGINNING", datetime.now(UTC))
    with hurry():
        async with ThreadsServer().serving() as server:
            server.thread("fvt0000threadmain001", name="Support", messages=["hello"])
            yield server


async def used(server, act, **more):
    account = {
        "provider": "yandex", "target": server.target, "tls": False, "folder_id": FOLDER, "iam_token": TOKEN,
        "write": "allow", **more,
    }  # fmt: skip
    async with connect({"timezone": "UTC", "accounts": {"cloud": account}}) as client:
        return await act(client)


def sent(server):
    async def act(client):
        return await never_twice(
            client,
            "cloud:fvt0000threadmain001",
            lambda: server.written.count(SAID),
            lambda: server.count("MessageService/List"),
            server.faults.clear,
        )

    return act


@pytest.mark.parametrize("acted", [False, True], ids=["before it was taken", "after it was taken"])
@pytest.mark.parametrize("code", CODES)
async def test_a_message_is_stored_once_whatever_happens_to_its_answer(server, code, acted):
    server.faults.extend([None, *[Fault(code, acted=acted)] * 9])
    await used(server, sent(server))


async def test_an_answer_that_is_none_leaves_one_message(server):
    server.faults.extend([None, Fault(acted=True, answer=b"\xff\xff")])
    await used(server, sent(server))


async def test_the_question_of_an_earlier_answer_is_not_taken_for_one_that_got_lost(server):
    async def act(client):
        arguments = {"conversation": "cloud:fvt0000threadmain001", "text": SAID}
        await client.call("send_message", **arguments, idempotency_key="first")
        server.faults.extend([None, *[Fault("INTERNAL")] * 9])
        with pytest.raises(ToolError, match="unknown"):
            await client.call("send_message", **arguments, idempotency_key="second")
        server.faults.clear()
        assert "confirm=" in await client.call("send_message", **arguments, idempotency_key="second")
        assert server.written == [SAID]

    await used(server, act, assistant_id=ASSISTANT)
