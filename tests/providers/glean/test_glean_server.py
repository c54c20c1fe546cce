import json

import pytest
from glean_service import TOKEN, Fault, GleanServer
from glean_tenants import START, threaded
from http_loopback import serving

from dragoman.testing import ToolError, connect

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server():
    it = threaded()
    it.add("eng-platform", "e1", START, "Deploy is done")
    it.chats["c1"] = {"id": "c1", "name": "Plans", "updateTime": 1717581666, "messages": []}
    server = GleanServer(it)
    yield server
    assert server.wrong == []


@pytest.fixture
async def client(server):
    async with serving(server.handle) as base:
        account = {"provider": "glean", "base_url": base, "token": TOKEN, "write": "allow"}
        async with connect({"timezone": "UTC", "accounts": {"glean": account}}) as client:
            yield client


async def test_a_channel_is_found_by_its_title_and_read(client):
    assert "1 16:00 Ann: Deploy is done" in await client.call("list_messages", conversation="#eng-platform")


async def test_all_pages_of_a_channel_come_through_the_tool_once_and_in_order(client, server):
    for number in range(30):
        server.tenant.add("C9", f"x{number}", START.replace(hour=18, minute=number), f"number {number:02d}")
    for order in ("latest", "oldest"):
        seen, cursor = [], {}
        while True:
            page = await client.call(
                "list_messages", conversation="glean:slack.channel.C9", order=order, limit=7, **cursor
            )
            numbers = [line[-2:] for line in page.splitlines() if "Ann: number" in line]
            seen = [*numbers, *seen] if order == "latest" else [*seen, *numbers]
            if "cursor" not in page:
                break
            cursor = {"cursor": page.splitlines()[0].rpartition("cursor ")[2]}
        assert seen == [f"{number:02d}" for number in range(30)]


async def test_a_thread_stands_under_its_first_message(client):
    page = await client.call("list_messages", conversation="glean:slack.channel.C1")
    lines = [line.partition("Ann: ")[2] for line in page.splitlines() if "Ann: " in line]
    assert lines == ["hello 0", "reply", "reply to it", "another", "hello 1"]


async def test_a_search_says_what_it_searched_and_its_hits_can_be_opened(client):
    found = await client.call("search_messages", query="another")
    assert "the service" in found.splitlines()[0]
    number = next(line for line in found.splitlines() if "another" in line).split()[0].lstrip(">")
    assert "another" in await client.call("get_message", message=number)


async def test_a_message_is_opened_by_its_permalink(client, server):
    link = server.tenant.document(server.tenant.messages[0])["url"]
    assert "hello 0" in await client.call("get_message", message=link)


async def test_a_question_shows_its_answer_and_both_are_in_the_chat(client):
    sent = await client.call("send_message", conversation="Plans", text="Are we there?")
    assert "Glean: You said: Are we there?" in sent
    page = await client.call("list_messages", conversation="glean:chat.c1")
    assert page.index("user: Are we there?") < page.index("Glean: You said: Are we there?")


async def test_nothing_is_sent_to_a_chat_system(client, server):
    with pytest.raises(ToolError, match="only reads"):
        await client.call("send_message", conversation="glean:slack.channel.C1", text="Hello")
    assert server.sent("chat") == []


@pytest.mark.parametrize(("info", "said"), [
    ({"errorMessages": [{"source": "slack", "errorMessage": "index is rebuilt"}]}, "slack: index is rebuilt"),
    ({"federatedSearchRateLimitError": True}, "could not search everything"),
    ({"invalidOperators": [{"key": "from", "value": "?"}]}, "does not understand 'from:?'"),
])  # fmt: skip
async def test_a_search_that_could_not_look_everywhere_shows_what_it_found_and_says_so(client, server, info, said):
    result = server.tenant.result(server.tenant.messages[0])
    answer = Fault(200, {"results": [result], "errorInfo": info})
    server.always = lambda endpoint, _: answer if endpoint == "search" else None
    found = await client.call("search_messages", query="hello")
    assert "hello 0" in found
    assert said in found.splitlines()[1]
    told = json.loads(await client.call("search_messages", query="hello", format="json"))
    assert said in told["notes"][0]
