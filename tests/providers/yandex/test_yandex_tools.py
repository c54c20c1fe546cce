"""The account through the whole server: what an assistant reads of it."""

import json
from datetime import UTC, datetime

import pytest
import threads_server
from threads_server import FOLDER, TOKEN, Fault, ThreadsServer

from dragoman.core.context.clock import hurry
from dragoman.testing import ToolError, connect

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]
WORD = "lighthouse"


@pytest.fixture
async def server():
    with hurry():
        async with ThreadsServer().serving() as server:
            yield server


@pytest.fixture
async def client(server):
    account = {
        "provider": "yandex",
        "target": server.target,
        "tls": False,
        "folder_id": FOLDER,
        "iam_token": TOKEN,
        "write": "allow",
    }
    async with connect({"timezone": "UTC", "accounts": {"cloud": account}}) as client:
        yield client


async def paged(client, tool, **arguments):
    texts, cursor = [], {}
    while True:
        answer = json.loads(await client.call(tool, format="json", **arguments, **cursor))
        texts += [message["text"] for message in answer["messages"]]
        if "cursor" not in answer:
            return texts
        cursor = {"cursor": answer["cursor"]}


async def test_a_thread_is_listed_read_written_and_searched(server, client):
    thread = server.thread(name="Support", messages=["hello", f"the {WORD} is dark"]).thread.id
    assert "Support" in await client.call("list_conversations")
    assert f"the {WORD} is dark" in await client.call("list_messages", conversation="Support")
    assert "On my way" in await client.call("send_message", conversation=f"cloud:{thread}", text="On my way")
    found = await client.call("search_messages", query=WORD)
    assert "user: the **lighthouse** is dark" in found
    assert "local index" in found


@pytest.mark.parametrize("order", ["latest", "oldest"])
async def test_pages_within_a_budget_have_every_message_once(server, client, order):
    texts = [f"message {n} " + "word " * (n % 40) for n in range(120)]
    thread = server.thread(messages=[text.strip() for text in texts]).thread.id
    found = await paged(client, "list_messages", conversation=f"cloud:{thread}", order=order, limit=50, max_tokens=400)
    assert sorted(found, key=lambda text: int(text.split()[1])) == [text.strip() for text in texts]


async def test_neighbours_of_a_message_are_found(server, client):
    stored = server.thread(messages=[f"message {n}" for n in range(20)])
    reference = f"cloud:{stored.thread.id}/{stored.messages[10].id}"
    answer = await client.call("get_message", message=reference, context=2)
    assert [f"message {n}" in answer for n in range(7, 14)] == [False, True, True, True, True, True, False]


async def test_a_send_whose_answer_never_came_is_found_in_the_thread_and_not_sent_again(server, client, monkeypatch):
    monkeypatch.setattr(threads_server, "BEGINNING", datetime.now(UTC))
    thread = server.thread(name="Support").thread.id
    server.faults.extend([None, Fault("INTERNAL", acted=True)])
    with pytest.raises(ToolError, match="unknown"):
        await client.call("send_message", conversation=f"cloud:{thread}", text="Once", idempotency_key="k")
    again = await client.call("send_message", conversation=f"cloud:{thread}", text="Once", idempotency_key="k")
    assert again.endswith(": Once")
    assert "An earlier call that was cut off had written it" in again
    assert server.written == ["Once"]


async def test_a_letter_is_imported_once(server, client):
    thread = server.thread(name="Support").thread.id
    letter = {"text": "Old", "author": "Ann Lee", "sent_at": "2019-05-04T03:02:01Z", "external_id": "x1"}
    for _ in range(2):
        answer = await client.call("import_message", conversation=f"cloud:{thread}", **letter)
        assert "Ann Lee" in answer
    assert server.written == ["Old"]
