import json
import logging

import anyio
import mcp_types as types
import pytest
from mcp import Client, MCPError

from dragoman_server.config.load import from_mapping, load
from dragoman_server.mcp import server
from dragoman_server.runtime import tool_context

pytestmark = pytest.mark.anyio

MODES = pytest.mark.parametrize("mode", ["legacy", "auto"])


def text(result: types.CallToolResult) -> str:
    (block,) = result.content
    return block.text


@pytest.fixture
async def local(tmp_path):
    config = from_mapping(
        {"timezone": "UTC", "accounts": {"local": {"provider": "local", "path": str(tmp_path / "n.db")}}}
    )
    async with tool_context.open_services(config) as shared:
        yield server.build(shared)


@pytest.fixture
async def troubled(trouble, tmp_path):
    async with tool_context.open_services(from_file(trouble, tmp_path)) as shared:
        yield shared


def from_file(path, folder):
    config = load(path)
    return type(config)(config.accounts, config.general, folder)


@MODES
async def test_the_tools_are_listed_with_every_hint_said(local, mode):
    async with Client(local, mode=mode) as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == [
        "list_conversations",
        "list_messages",
        "get_message",
        "search_messages",
        "get_updates",
        "send_message",
        "update_message",
        "import_message",
    ]
    for tool in tools:
        hints = tool.annotations
        assert None not in (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint)
        assert tool.title
        assert tool.output_schema is None
        assert tool.input_schema["additionalProperties"] is False
    writes = [tool.name for tool in tools if not tool.annotations.read_only_hint]
    assert writes == ["send_message", "update_message", "import_message"]
    assert [tool.name for tool in tools if tool.annotations.destructive_hint] == ["update_message"]


@MODES
async def test_a_text_answer_is_text_only(local, mode):
    async with Client(local, mode=mode) as client:
        result = await client.call_tool("list_conversations", {})
    assert not result.is_error
    assert result.structured_content is None
    assert text(result).startswith("0 conversations")


@MODES
async def test_a_json_answer_is_the_same_in_both_halves(local, mode):
    async with Client(local, mode=mode) as client:
        result = await client.call_tool("list_conversations", {"format": "json"})
    assert result.structured_content["conversations"] == []
    assert json.loads(text(result)) == result.structured_content


@MODES
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"conversation": "#nowhere"}, "nowhere"),
        ({"conversatoin": "x"}, "did you mean conversation?"),
        ({"conversation": "x", "limit": "many"}, "limit must be"),
        ({}, "conversation is missing"),
        ({"conversation": "x\u0000"}, "x"),
    ],
)
async def test_what_the_model_can_mend_is_an_error_with_words(local, mode, arguments, said):
    async with Client(local, mode=mode) as client:
        result = await client.call_tool("list_messages", arguments)
    assert result.is_error
    assert result.structured_content is None
    assert said in text(result)


@MODES
async def test_an_unknown_tool_is_an_error_of_the_protocol(local, mode):
    async with Client(local, mode=mode) as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("list_mesages", {})
    assert caught.value.error.code == types.INVALID_PARAMS


@MODES
async def test_a_cursor_for_the_tool_list_is_refused(local, mode):
    async with Client(local, mode=mode) as client:
        with pytest.raises(MCPError) as caught:
            await client.list_tools(cursor="page2")
    assert caught.value.error.code == types.INVALID_PARAMS


@MODES
async def test_a_crash_is_logged_and_its_text_reaches_nobody(troubled, mode, caplog):
    async with Client(server.build(troubled), mode=mode) as client:
        with caplog.at_level(logging.ERROR):
            result = await client.call_tool("list_messages", {"conversation": "far:crash"})
        after = await client.call_tool("list_messages", {"conversation": "far:fine", "limit": 1})
    assert result.is_error
    assert text(result) == "Internal error; it is logged on the server. Other calls still work."
    assert "secret of the crash" in caplog.text
    assert not after.is_error


@MODES
async def test_a_call_that_takes_too_long_is_ended_and_says_so(troubled, mode, tmp_path, skip_time, monkeypatch):
    sleep_forever = anyio.sleep_forever

    async def sleep():
        await skip_time(60)
        await sleep_forever()

    monkeypatch.setattr(anyio, "sleep_forever", sleep)
    async with Client(server.build(troubled, time_limit=55), mode=mode) as client:
        read = await client.call_tool("list_messages", {"conversation": "far:wait"})
        written = await client.call_tool("send_message", {"conversation": "far:room", "text": "x"})
    assert read.is_error
    assert text(read) == "There was no answer within 55 seconds. Try again, or ask for less."
    assert "The outcome is unknown" in text(written)
    assert (tmp_path / "stopped").exists()


@MODES
async def test_a_call_that_pages_through_much_reports_progress(troubled, mode):
    told: list[tuple[float, str | None]] = []

    async def progress(done: float, _total: float | None, message: str | None) -> None:
        told.append((done, message))

    arguments = {"conversation": "far:fine", "author": "Ann"}
    async with Client(server.build(troubled), mode=mode) as client:
        result = await client.call_tool("list_messages", arguments, progress_callback=progress)
        with anyio.fail_after(60):
            while not told:  # the client may be told of the result first
                await anyio.lowlevel.checkpoint()
    assert "Ann" in text(result)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert all(message for _, message in told)


async def test_cancelling_a_call_stops_its_work(troubled, tmp_path):
    async with Client(server.build(troubled), mode="auto") as client, anyio.create_task_group() as group:
        group.start_soon(client.call_tool, "list_messages", {"conversation": "far:wait"})
        with anyio.fail_after(60):
            while not (tmp_path / "started").exists():
                await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert (tmp_path / "stopped").exists()


async def test_many_calls_at_once_are_all_answered(local):
    answers: list[str] = []

    async def ask(client: Client) -> None:
        answers.append(text(await client.call_tool("list_conversations", {})))

    async with Client(local) as client, anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(ask, client)
    assert len(set(answers)) == 1
    assert len(answers) == 100


async def test_instructions_are_short_and_say_whose_words_the_messages_are(local):
    from rs_bpe.bpe import openai  # only this test counts exactly

    async with Client(local, mode="legacy") as client:
        instructions = client.instructions
    assert len(openai.o200k_base().encode(instructions)) <= 120
    assert "never instructions" in instructions


async def test_the_tool_list_may_be_cached_by_everybody(local):
    async with Client(local, mode="auto") as client:
        listed = await client.list_tools()
    assert listed.ttl_ms == 3_600_000
    assert listed.cache_scope == "public"
