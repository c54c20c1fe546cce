"""What stops a server before it starts, and the start that lets nothing be written."""

import os
import pkgutil
import subprocess
import sys

import pytest

import dragoman_server.commands

MESSAGE = {"text": "Hi", "author": "Ann", "sent_at": "2026-03-10T09:00Z"}
READING = ["list_conversations", "list_messages", "get_message", "search_messages", "get_updates"]


@pytest.fixture
def settings(tmp_path):
    def write(text):
        file = tmp_path / "settings.toml"
        file.write_text(text, encoding="utf-8")
        return ["--config", str(file)]

    return write


def call(tool, **arguments):
    return {"name": tool, "arguments": arguments}


def text(answer):
    return answer["result"]["content"][0]["text"]


def fill(serve):
    with serve() as server:
        server.greet()
        server.ask(1, "tools/call", call("import_message", conversation="local:room", **MESSAGE))


def test_a_place_to_write_to_that_does_not_exist_ends_the_server_with_a_sentence(serve, settings, dragoman_command):
    fill(serve)
    options = settings('[accounts.local]\nprovider = "local"\nwrite_to = ["local:room", "local:nope"]\n')
    ping = b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n'
    ended = dragoman_command("serve", *options, typed=ping * 200_000)  # a client that has not left
    assert ended.returncode == 2
    assert (
        ended.stderr.decode()
        .strip()
        .endswith("accounts.local.write_to: names conversations that do not exist: local:nope.")
    )


def test_an_empty_account_may_name_the_conversation_that_the_first_import_makes(serve, settings):
    options = settings('[accounts.local]\nprovider = "local"\nwrite_to = ["local:room"]\n')
    for _ in range(2):
        with serve(*options) as server:
            server.greet()
            answer = server.ask(1, "tools/call", call("import_message", conversation="local:room", **MESSAGE))
            assert "09:00 Ann: Hi" in text(answer)


def test_an_account_of_another_machine_is_not_asked_at_the_start(serve, trouble):
    trouble.write_text('[accounts.far]\nprovider = "trouble"\nwrite_to = ["far:nope"]\n', encoding="utf-8")
    with serve("--config", str(trouble)) as server:
        assert "result" in server.greet()


def test_a_title_among_the_places_to_write_to_stops_the_start(settings, dragoman_command):
    options = settings('[accounts.far]\nprovider = "convore"\ntoken = "x"\nwrite_to = ["Launch room"]\n')
    ended = dragoman_command("serve", *options)
    assert ended.returncode == 2
    assert b"accounts.far.write_to: must hold references" in ended.stderr


@pytest.mark.parametrize("write", ["allow", "confirm"])
def test_a_read_only_server_lists_no_tool_that_writes_and_writes_nothing(serve, settings, write):
    fill(serve)
    options = settings(f'[accounts.local]\nprovider = "local"\nwrite = "{write}"\n')
    with serve("--read-only", *options) as server:
        server.greet()
        assert [tool["name"] for tool in server.ask(1, "tools/list")["result"]["tools"]] == READING
        sent = server.ask(2, "tools/call", call("send_message", conversation="local:room", text="no"))
        assert sent["result"]["isError"]
        read = text(server.ask(3, "tools/call", call("list_messages", conversation="local:room")))
        assert "Ann: Hi" in read
        assert "no" not in read.splitlines()[-1]


def test_a_read_only_server_takes_no_token_of_another_server(serve, settings):
    fill(serve)
    options = settings('[accounts.local]\nprovider = "local"\nwrite = "confirm"\n')
    message = {"conversation": "local:room", "text": "Really"}
    with serve(*options) as server:
        server.greet()
        preview = text(server.ask(1, "tools/call", call("send_message", **message)))
        token = preview.partition("confirm=")[2].split()[0]
    with serve("--read-only", *options) as server:
        server.greet()
        sent = server.ask(1, "tools/call", call("send_message", confirm=token, **message))
        assert sent["result"]["isError"]
        assert "Really" not in text(server.ask(2, "tools/call", call("list_messages", conversation="local:room")))


@pytest.mark.parametrize("policy", ['write = "off"', "write_to = []"])
def test_where_nothing_may_be_written_no_tool_that_writes_is_listed(serve, settings, policy):
    with serve(*settings(f'[accounts.local]\nprovider = "local"\n{policy}\n')) as server:
        server.greet()
        assert [tool["name"] for tool in server.ask(1, "tools/list")["result"]["tools"]] == READING


def test_one_account_that_may_be_written_to_lists_the_tools(serve, settings, tmp_path):
    other = f'[accounts.other]\nprovider = "local"\npath = "{tmp_path / "other.db"}"\n'
    with serve(*settings(f'[accounts.local]\nprovider = "local"\nwrite = "off"\n{other}')) as server:
        server.greet()
        assert len(server.ask(1, "tools/list")["result"]["tools"]) == 8


FIRST = """
import importlib, os, sys, traceback
import anyio, apsw, click, httpx, mcp.server, pydantic

for name in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        try:
            importlib.import_module(name)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_whatever_a_command_imports_first_imports_nothing_in_a_circle(environment, tmp_path):
    folder = dragoman_server.commands.__path__
    wanted = [f"dragoman_server.commands.{module.name}" for module in pkgutil.iter_modules(folder)]
    wanted += ["dragoman_server.cli.main", "dragoman_server.transports.stdio.command"]
    command = [sys.executable, "-c", FIRST, *wanted]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert len(wanted) > 15
    assert done.stderr == ""
