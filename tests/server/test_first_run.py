"""Somebody who has neither settings nor messages is told in one line how to get messages in."""

import json

import pytest

from dragoman.testing import connect
from dragoman.testing.tool_error import ToolError

pytestmark = pytest.mark.anyio

WAYS = ("`dragoman import FILE`", "`dragoman init`")
SERVICE = {"accounts": {"support": {"provider": "convore", "base_url": "http://127.0.0.1:9", "token": "t"}}}


def lines_with_the_ways(text):
    return [line for line in text.splitlines() if all(way in line for way in WAYS)]


CALLS = [
    ("list_conversations", {}),
    ("search_messages", {"query": "launch"}),
    ("search_messages", {"query": "from:ann launch OR plan", "since": "3d"}),
    ("get_updates", {}),
    ("get_updates", {"since": "3d", "only": "unread"}),
]


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
async def test_every_list_of_an_empty_store_says_in_one_line_how_to_get_messages_in(tool, arguments):
    async with connect() as client:
        assert len(lines_with_the_ways(await client.call(tool, **arguments))) == 1
        data = json.loads(await client.call(tool, format="json", **arguments))
        assert sum(all(way in note for way in WAYS) for note in data["notes"]) == 1


async def test_a_title_that_nothing_has_is_answered_so_too():
    async with connect() as client:
        for tool in ("list_messages", "get_updates"):
            with pytest.raises(ToolError) as raised:
                await client.call(tool, conversation="Launch room")
            assert len(lines_with_the_ways(str(raised.value))) == 1


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
async def test_a_store_with_messages_says_nothing_of_it(tool, arguments):
    async with connect() as client:
        await client.call("import_message", conversation="local:a", text="x", author="A", sent_at="2020-03-10T09:00Z")
        assert lines_with_the_ways(await client.call(tool, **arguments)) == []


async def test_the_instructions_say_it_where_there_is_no_service():
    async with connect() as client:
        assert len(lines_with_the_ways(client.instructions or "")) == 1
    async with connect(SERVICE) as client:
        assert lines_with_the_ways(client.instructions or "") == []


@pytest.mark.parametrize(("tool", "arguments"), CALLS[1:])
async def test_an_account_that_cannot_be_read_fails_no_call_of_another(tmp_path, tool, arguments):
    (tmp_path / "broken.db").write_bytes(b"no database" * 1000)
    broken = {"provider": "local", "path": str(tmp_path / "broken.db")}
    async with connect({"accounts": {"one": {"provider": "local"}, "two": broken}}) as client:
        answer = await client.call(tool, account="one", **arguments)
        assert lines_with_the_ways(answer) == []
