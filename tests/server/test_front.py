"""The start as clients see it: the first answers come before the SDK is there."""

import json
import os
import signal
import subprocess
import sys

import pytest

HELLO = {"capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
SLOW = """
import time

def find_spec(name, path=None, target=None):
    if name == "mcp_types":
        time.sleep(3600)
"""


def greeting(version: str = "2025-06-18") -> dict[str, object]:
    return {"id": 0, "method": "initialize", "params": {"protocolVersion": version, **HELLO}}


def envelope(**more: object) -> dict[str, object]:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": HELLO["clientInfo"],
    }
    return {"_meta": meta, **more}


@pytest.fixture
def without_sdk(tmp_path, environment):
    """The SDK is never there: its import waits for an hour."""
    (tmp_path / "never").mkdir()
    text = f"import sys, types\n{SLOW}\nsys.meta_path.insert(0, types.SimpleNamespace(find_spec=find_spec))\n"
    (tmp_path / "never" / "sitecustomize.py").write_text(text)
    return {"PYTHONPATH": str(tmp_path / "never")}


def lines(*messages: dict[str, object], end: bytes = b"\n") -> bytes:
    return b"".join(json.dumps({"jsonrpc": "2.0", **message}).encode() + end for message in messages)


def run(environment, folder, given: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "dragoman_server", "serve", *arguments],
        input=given, capture_output=True, env=environment, cwd=folder, timeout=100, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_a_client_is_greeted_and_shown_the_tools_before_the_sdk_is_there(serve, without_sdk, version):
    with serve(**without_sdk) as server:
        server.send(greeting(version))
        assert server.answer(0)["result"]["protocolVersion"] == version
        server.send({"method": "notifications/initialized"})
        assert len(server.ask("tools", "tools/list")["result"]["tools"]) == 8
        assert server.ask(2, "ping")["result"] == {}


def test_a_modern_client_finds_everything_before_the_sdk_is_there(serve, without_sdk):
    with serve(**without_sdk) as server:
        assert "2026-07-28" in server.ask(0, "server/discover", envelope())["result"]["supportedVersions"]
        assert len(server.ask(1, "tools/list", envelope())["result"]["tools"]) == 8


def test_nothing_that_takes_time_is_imported_before_the_first_answer(environment, tmp_path):
    program = """
import sys
sys.argv[1:] = ["serve"]
from dragoman_server.cli import entry
from dragoman_server.transports.stdio import early_responder
def stop(self):
    heavy = {"click", "pydantic", "anyio", "asyncio", "platformdirs", "typing", "dataclasses", "pathlib", "threading"}
    sys.stderr.write(repr(sorted(heavy & set(sys.modules))))
    raise SystemExit
early_responder.EarlyResponder.start = stop
entry.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], input=b"", capture_output=True, env=environment, cwd=tmp_path, check=True
    )
    assert done.stderr == b"[]"


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_all_is_answered_once_and_in_the_words_of_one_connection(environment, tmp_path, end):
    given = lines(
        greeting(),
        {"method": "notifications/initialized"},
        {"id": 1, "method": "tools/call", "params": {"name": "list_conversations", "arguments": {}}},
        {"id": 2, "method": "tools/list"},
        {"id": 3, "method": "no/such"},
        {"id": 4, "method": "tools/list", "params": {"cursor": "x"}},
        end=end,
    )
    done = run(environment, tmp_path, given)
    answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}
    assert done.stdout.count(b"\n") == len(answers) == 5
    assert b"\r" not in done.stdout
    assert answers[1]["result"]["content"][0]["text"].startswith("0 conversations")
    assert len(answers[2]["result"]["tools"]) == 8
    assert answers[3]["error"]["code"] == -32601
    assert answers[4]["error"]["code"] == -32602


@pytest.mark.parametrize(
    "first",
    [
        {"id": 0, "method": "initialize", "params": {"protocolVersion": "2025-06-18", "capabilities": []}},
        {"id": 0, "method": "initialize", "params": {"protocolVersion": "1999-01-01", **HELLO}},
        {"id": 0, "method": "tools/list"},
        {"id": 0, "method": "ping"},
        {"id": 0, "method": "tools/list", "params": envelope(cursor="x")},
    ],
)
def test_an_opening_that_is_not_plain_is_answered_as_without_a_front(environment, tmp_path, first):
    given = lines(first, {"id": 1, "method": "tools/list"})
    ours = run(environment, tmp_path, given)
    plain = run(environment, tmp_path, given, "--log-level", "warning")
    by_id = [sorted(map(json.loads, done.stdout.splitlines()), key=lambda it: it["id"]) for done in (ours, plain)]
    assert by_id[0] == by_id[1]
    assert len(by_id[0]) == 2


def test_the_first_request_fixes_the_era_also_when_the_front_answered_it(environment, tmp_path):
    done = run(environment, tmp_path, lines({"id": "a", "method": "tools/list", "params": envelope()}, greeting()))
    answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}
    assert answers[0]["error"]["code"] == -32022
    assert len(answers["a"]["result"]["tools"]) == 8


def test_a_client_that_leaves_or_only_looked_ends_the_import(environment, tmp_path, without_sdk):
    done = run({**environment, **without_sdk}, tmp_path, lines(greeting(), {"id": 1, "method": "tools/list"}))
    assert (done.returncode, done.stderr, done.stdout.count(b"\n")) == (0, b"", 2)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are something else there")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_import(serve, without_sdk, number):
    with serve(**without_sdk) as server:
        server.greet()
        server.process.send_signal(number)
        assert server.process.wait(40) == 0
        assert server.process.stderr.read() == b""


def test_settings_that_turn_out_wrong_later_end_the_server_with_their_sentence(environment, tmp_path, settings_named):
    """A file that changes between the look and the reading: what the front said is taken back by the end."""
    settings_named("max_tokens = 500\n")
    program = """
import sys
sys.argv[1:] = ["serve"]
from dragoman_server.cli import entry
from dragoman_server.transports.stdio import predicted_results
results = predicted_results.predict_results
def change(*args, **more):
    found = results(*args, **more)
    open("dragoman.toml", "w").write("max_tokens = 5\\n")
    return found
predicted_results.predict_results = change
entry.main()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=-1, stdout=-1, stderr=-1, env=environment, cwd=tmp_path
    ) as process:
        process.stdin.write(lines(greeting()))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 0
        assert process.wait(60) == 2
        assert process.stderr.read().decode() == "dragoman.toml:1: max_tokens: must be at least 200.\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are something else there")
def test_settings_from_a_pipe_are_read_once(environment, tmp_path):
    reader, writer = os.pipe()
    os.write(writer, b'[accounts.mine]\nprovider = "local"\nwrite = "off"\n')
    os.close(writer)
    done = subprocess.run(
        [sys.executable, "-m", "dragoman_server", "serve", "--config", f"/dev/fd/{reader}"],
        input=lines(greeting(), {"id": 1, "method": "tools/list"}),
        capture_output=True, env=environment, cwd=tmp_path, timeout=100, check=True, pass_fds=[reader],
    )  # fmt: skip
    os.close(reader)
    listed = json.loads(done.stdout.splitlines()[1])["result"]["tools"]
    assert [tool["name"] for tool in listed] == [
        "list_conversations", "list_messages", "get_message", "search_messages", "get_updates",
    ]  # fmt: skip


NO_MESSAGES = {
    b"no json": (None, -32700),
    b"\xff\xfe": (None, -32700),
    b"[]": (None, -32600),
    b"7": (None, -32600),
    b'{"jsonrpc":"2.0","id":5}': (5, -32600),
    b'{"jsonrpc":"1.0","id":"x","method":"ping"}': ("x", -32600),
    b'{"jsonrpc":"2.0","id":6,"method":"ping","params":[]}': (6, -32600),
    b'{"jsonrpc":"2.0","id":true,"method":"ping"}': (None, -32600),
    b'{"jsonrpc":"2.0","id":null,"method":"ping"}': (None, -32600),
}


def test_a_line_that_is_no_message_gets_the_error_for_it(environment, tmp_path):
    given = lines(greeting()) + b"\n".join(NO_MESSAGES) + b"\n" + lines({"id": 9, "method": "no/such"})
    answers = [json.loads(line) for line in run(environment, tmp_path, given).stdout.splitlines()]
    assert [answer["id"] for answer in answers if answer["id"] in (0, 9)] == [0, 9]
    refused = [(answer["id"], answer["error"]["code"]) for answer in answers if answer["id"] not in (0, 9)]
    assert refused == list(NO_MESSAGES.values())


def test_what_may_be_an_answer_to_nothing_is_not_answered(environment, tmp_path):
    odd = b'{"jsonrpc":"2.0","id":5,"result":7}\n{"jsonrpc":"2.0","id":5,"error":[]}\n'
    done = run(environment, tmp_path, lines(greeting()) + odd)
    assert done.stdout.count(b"\n") == 1


def test_a_line_without_end_is_refused_and_the_next_is_answered(serve):
    with serve() as server:
        server.greet()
        server.process.stdin.write(b'{"jsonrpc":"2.0","id":7,"method":"')
        for _ in range(66):
            server.process.stdin.write(b"x" * (1 << 20))
        server.process.stdin.write(b'"}\n')
        server.send({"id": 8, "method": "no/such"})
        refused = json.loads(server.process.stdout.readline())
        assert (refused["id"], refused["error"]["code"]) == (None, -32600)
        assert "64 MiB" in refused["error"]["message"]
        assert "error" in server.answer(8)
