"""What ``dragoman stats`` tells after tools were called."""

import json

import anyio
import mcp_types as types
import pytest
from click.testing import CliRunner

from dragoman.rendering import estimate
from dragoman.store import UsageCount, open_store, usage_counter
from dragoman.testing import ToolError, connect
from dragoman_server.cli.main import cli


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path))
    monkeypatch.delenv("DRAGOMAN_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)

    def output(*arguments):
        result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    return output


async def _use(folder):
    async with connect(data=folder) as client:
        for text in ("one", "two"):
            await client.call("import_message", conversation="local:room", text=text, author="A", sent_at="2026-03-10")
        page = await client.call("list_messages", conversation="local:room")
        with pytest.raises(ToolError):
            await client.call("list_messages", conversation="local:room", limit=0)
        return page


def test_calls_are_told_by_tool_and_account_with_failures_and_tokens(run, tmp_path):
    page = anyio.run(_use, tmp_path)
    lines = json.loads(run("stats", "--json"))
    by_tool = {(line["tool"], line["account"]): line for line in lines}
    assert by_tool["import_message", "local"]["calls"] == 2
    assert by_tool["list_messages", "local"]["failed"] == 0
    assert by_tool["list_messages", ""]["failed"] == 1
    assert by_tool["list_messages", "local"]["tokens"] == pytest.approx(estimate(page), abs=2)
    assert by_tool["list_messages", "local"]["p50_ms"] <= by_tool["list_messages", "local"]["p95_ms"]
    table = run("stats")
    assert table.splitlines()[0].split() == ["tool", "account", "calls", "failed", "p50", "ms", "p95", "ms", "tokens"]
    assert "import_message" in table


def test_a_call_that_ends_with_a_question_to_the_user_has_not_failed(run, tmp_path):
    async def yes(_context, _params):
        return types.ElicitResult(action="accept", content={"send": True})

    async def use():
        settings = {"accounts": {"local": {"provider": "local", "write": "confirm", "ask": "client"}}}
        async with connect(settings, data=tmp_path, elicitation_callback=yes) as client:
            said = {"text": "one", "author": "A", "sent_at": "2026-03-10"}
            await client.call("import_message", conversation="local:room", **said)

    anyio.run(use)
    (line,) = json.loads(run("stats", "--json"))
    assert (line["tool"], line["calls"], line["failed"]) == ("import_message", 2, 0)


def test_calls_that_are_being_written_down_when_the_server_ends_are_counted(run, tmp_path, monkeypatch):
    monkeypatch.setattr(usage_counter, "WRITE_INTERVAL", 0)

    async def use():
        async with connect(data=tmp_path) as client:
            for number in range(20):
                with pytest.raises(ToolError):
                    await client.call("list_messages", conversation=f"local:{number}")

    anyio.run(use)
    (line,) = json.loads(run("stats", "--json"))
    assert line["calls"] == 20


def test_without_calls_that_is_said(run):
    assert run("stats", "--days", "7") == "No tool was called within 7 days.\n"


@pytest.mark.anyio
async def test_counts_of_several_processes_add_up_by_day_and_old_days_go(tmp_path):
    now = [1_000_000_000.0]
    count = UsageCount(tool="list_messages", account="local", outcome="ok", step=3, calls=2, ms=20, tokens=300)
    for _ in range(2):
        async with open_store(tmp_path / "dragoman.db", clock=lambda: now[0]) as store:
            await store.usage.add([count])
            await store.usage.add([count])
    async with open_store(tmp_path / "dragoman.db", clock=lambda: now[0]) as store:
        (found,) = await store.usage.read(1)
        assert (found.calls, found.ms, found.tokens) == (8, 80, 1200)
        now[0] += 86_400
        assert await store.usage.read(1) == []
        assert len(await store.usage.read(2)) == 1
        now[0] += 86_400 * 500
        await store.usage.add([])
        assert await store.usage.read(1000) == []
