import json
import signal
import subprocess
import sys

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

HARD_TEXT = "Ünïcödé, 日本語, עברית, 👩\u200d🔧, \x00, \u2028, and \\ud800"


def call(tool: str, **arguments: object) -> dict[str, object]:
    return {"name": tool, "arguments": arguments}


def text(answer: dict) -> str:
    return answer["result"]["content"][0]["text"]


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_the_sdk_client_talks_to_the_command_in_every_era(environment, tmp_path, mode):
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "dragoman_server", "serve"], env=environment, cwd=tmp_path
    )
    async with Client(server, mode=mode) as client:
        assert len((await client.list_tools()).tools) == 8
        arguments = {"conversation": "local:room", "text": "Hi", "author": "Ann", "sent_at": "2026-03-10T09:00Z"}
        imported = await client.call_tool("import_message", arguments)
        assert "1 09:00 Ann: Hi" in imported.content[0].text
        assert (await client.call_tool("get_message", {"message": "99"})).is_error


@pytest.mark.parametrize("more", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "latin-1"}, {"LANG": "de_DE.ISO-8859-1"}, {}])
def test_text_is_utf8_both_ways_whatever_the_locale(serve, more):
    with serve(**more) as server:
        server.greet()
        place = {"conversation": "local:зал", "author": "Мария 日本", "sent_at": "2026-03-10T09:00Z"}
        server.ask(1, "tools/call", call("import_message", text="Ünïcödé, 日本語, 👩\u200d🔧", **place))
        answer = text(server.ask(2, "tools/call", call("list_messages", conversation="local:зал")))
    assert "Мария 日本: Ünïcödé, 日本語, 👩\u200d🔧" in answer


def test_hard_text_is_answered_and_ends_nothing(serve):
    with serve() as server:
        server.greet()
        server.ask(1, "tools/call", call("list_messages", conversation=HARD_TEXT))
        server.process.stdin.write(
            b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"\\udfff","arguments":{"x":"\\ud800"}}}\n'
        )
        server.process.stdin.write(b"no json\n\xff\xfe\n[]\n\n")
        assert "result" in server.ask(3, "ping")


def test_half_an_emoji_is_stored_and_shown_by_its_code(serve):
    arguments = {"conversation": "local:room", "author": "Ann", "sent_at": "2026-03-10T09:00Z"}
    with serve() as server:
        server.greet()
        answer = server.ask(1, "tools/call", call("import_message", text="cut \ud83d here", **arguments))
    assert "Ann: cut <U+D83D> here" in text(answer)


def test_a_huge_text_is_answered(serve):
    with serve() as server:
        server.greet()
        answer = server.ask(1, "tools/call", call("search_messages", query="x" * 10_000_000))
        assert "result" in answer
        assert "result" in server.ask(2, "ping")


def test_nothing_but_protocol_is_on_stdout(serve, trouble):
    with serve("--config", str(trouble)) as server:
        server.greet()
        answer = server.ask(1, "tools/call", call("list_conversations"))
        server.process.stdin.close()
        rest = server.process.stdout.read()
        said = server.process.stderr.read().decode()
    assert "Room" in text(answer)
    assert rest == b""
    for printed in ("printed by an import", "printed by a call", "written to the descriptor"):
        assert printed in said


def test_the_end_of_input_ends_the_server(serve):
    with serve() as server:
        server.greet()
        server.process.stdin.close()
        assert server.process.wait(40) == 0
        assert server.process.stderr.read() == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.skipif(sys.platform == "win32", reason="signals are something else there")
def test_a_signal_ends_the_server(serve, number):
    with serve() as server:
        server.greet()
        server.ask(1, "tools/call", call("list_conversations"))
        server.process.send_signal(number)
        assert server.process.wait(40) == 0
        assert server.process.stderr.read() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are something else there")
def test_a_signal_ends_the_server_while_a_call_runs(serve, trouble, tmp_path):
    with serve("--config", str(trouble)) as server:
        server.greet()
        server.send({"id": 1, "method": "tools/call", "params": call("list_messages", conversation="far:wait")})
        wait_for(tmp_path / "started")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(40) == 0
    assert (tmp_path / "stopped").exists()


def test_cancelling_stops_the_work_and_is_not_answered(serve, trouble, tmp_path):
    with serve("--config", str(trouble)) as server:
        server.greet()
        server.send({"id": 1, "method": "tools/call", "params": call("list_messages", conversation="far:wait")})
        wait_for(tmp_path / "started")
        server.send({"method": "notifications/cancelled", "params": {"requestId": 1}})
        wait_for(tmp_path / "stopped")
        server.send({"id": 2, "method": "ping"})
        assert json.loads(server.process.stdout.readline())["id"] == 2
        server.process.stdin.close()
        assert server.process.wait(40) == 0


def test_calls_that_are_under_way_at_the_end_of_input_are_all_told_the_same(serve, trouble, tmp_path):
    with serve("--config", str(trouble)) as server:
        server.greet()
        calls = [
            ("list_messages", {"conversation": "far:wait"}),
            ("send_message", {"conversation": "far:fine", "text": "x"}),
            ("list_messages", {"conversation": "far:wait", "order": "oldest"}),
        ]
        for number, (name, arguments) in enumerate(calls, start=1):
            server.send({"id": number, "method": "tools/call", "params": call(name, **arguments)})
        wait_for(tmp_path / "started")
        server.send({"id": 9, "method": "tools/list"})
        server.process.stdin.close()
        answers = [json.loads(line) for line in server.process.stdout]
        assert server.process.wait(40) == 0
    by_id = {answer["id"]: answer for answer in answers}
    assert sorted(by_id) == [1, 2, 3, 9]
    assert len(answers) == len(by_id)
    assert by_id[9]["result"]["tools"]
    said = {json.dumps(by_id[number]["error"]) for number in (1, 2, 3)}
    assert len(said) == 1
    assert "The input ended" in said.pop()


def test_what_was_asked_before_the_end_of_input_is_still_answered(environment, tmp_path):
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    lines = [
        {"id": 0, "method": "initialize", "params": client},
        {"method": "notifications/initialized"},
        {"id": 1, "method": "tools/call", "params": call("list_conversations")},
    ]
    done = subprocess.run(
        [sys.executable, "-m", "dragoman_server", "serve"],
        input=b"".join(json.dumps({"jsonrpc": "2.0", **line}).encode() + b"\r\n" for line in lines),
        capture_output=True,
        env=environment,
        cwd=tmp_path,
        timeout=60,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == [0, 1]
    assert text(answers[1]).startswith("0 conversations")
    assert b"\r" not in done.stdout


def test_a_client_that_stops_reading_ends_the_server(serve):
    with serve() as server:
        server.greet()
        server.process.stdout.close()
        server.send({"id": 1, "method": "ping"})
        assert server.process.wait(40) == 0


def test_progress_goes_to_a_client_that_asked_for_it(serve, trouble):
    with serve("--config", str(trouble)) as server:
        server.greet()
        params = call("list_messages", conversation="far:fine", author="Ann") | {"_meta": {"progressToken": "p"}}
        server.send({"id": 1, "method": "tools/call", "params": params})
        first = json.loads(server.process.stdout.readline())
        assert first["method"] == "notifications/progress"
        assert first["params"]["progressToken"] == "p"
        assert "Ann" in text(server.answer(1))


def test_a_bad_settings_file_ends_the_server_before_anything_is_opened(dragoman_command, tmp_path, settings_named):
    settings_named("max_tokens = 5\nfoo = 1\n")
    done = dragoman_command("serve")
    assert done.returncode == 2
    assert done.stdout == b""
    small, foreign = done.stderr.decode().splitlines()
    assert small == "dragoman.toml:1: max_tokens: must be at least 200."
    assert foreign.startswith("dragoman.toml:2: foo: is not a setting; the keys here are accounts, ")
    assert not (tmp_path / "data").exists()


def test_listing_tools_opens_nothing_and_imports_no_transport(environment, tmp_path):
    program = """
import sys, anyio
from mcp import Client
from dragoman_server.config import load
from dragoman_server.mcp import server
from dragoman_server.runtime import tool_context

async def main():
    async with tool_context.open_services(load.load()) as shared:
        async with Client(server.build(shared), mode="legacy") as client:
            await client.list_tools()
            print(sorted({"httpx", "grpc", "keyring", "opentelemetry.sdk"} & set(sys.modules)))
            await client.call_tool("list_conversations", {})
            print(sorted({"httpx", "grpc", "keyring", "opentelemetry.sdk"} & set(sys.modules)))

anyio.run(main)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == [b"[]", b"[]"]


def test_the_server_opens_no_file_before_it_is_used(serve, tmp_path):
    with serve() as server:
        server.greet()
        server.ask(1, "tools/list")
        assert not (tmp_path / "data").exists()
        server.ask(2, "tools/call", call("list_conversations"))
        assert (tmp_path / "data" / "dragoman.db").exists()


def wait_for(path) -> None:
    """Wait for a file that another process makes; bounded by the test's own time limit."""

    async def appears() -> None:
        with anyio.fail_after(20):
            while not path.exists():
                await anyio.lowlevel.checkpoint()

    anyio.run(appears)
