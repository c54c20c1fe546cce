"""What the first call imports and opens is there before it, while the client reads the first answers."""

import json
import socket
import subprocess
import sys

import pytest

from dragoman.accounts.provider_registry import provider_class
from dragoman.testing import ToolError, connect
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime import preload, tool_context

TOKEN = {"env": "TOKEN"}
HERE = "http://127.0.0.1:9"
ACCOUNTS = {
    "local": {"provider": "local"},
    "glean": {"provider": "glean", "base_url": HERE, "token": TOKEN},
    "convore": {"provider": "convore", "base_url": HERE, "token": TOKEN},
    "datagrid": {"provider": "datagrid", "base_url": HERE, "token": TOKEN},
    "slack": {"provider": "slack", "base_url": HERE, "token": TOKEN},
    "yandex": {"provider": "yandex", "target": "127.0.0.1:9", "tls": False, "api_key": TOKEN, "folder_id": "f"},
}
PROGRAM = """
import json, sys
import anyio
from contextlib import suppress
from dragoman.core.errors import DragomanError
from dragoman.toolset import call_tool
from dragoman_server.config.load import from_mapping
from dragoman_server.transports.stdio import command
from dragoman_server.mcp import server
from dragoman_server.runtime import preload, tool_context

async def main():
    settings = from_mapping({"accounts": {"one": json.loads(sys.argv[1])}})
    async with tool_context.open_services(settings) as services:
        server.build(services)
        print(json.dumps(sorted(sys.modules)))
        preload.preload(settings)
        before = set(sys.modules)
        calls = [("list_conversations", {}), ("search_messages", {"query": "x"})]
        calls.append(("list_messages", {"conversation": "one:x"}))
        with anyio.move_on_after(20):
            for name, arguments in calls:
                with suppress(DragomanError):
                    await call_tool(services, name, arguments)
        print(json.dumps(sorted(set(sys.modules) - before)))

anyio.run(main)
"""

LATE = {"encodings.unicode_escape", "encodings.idna", "stringprep", "netrc", "mimetypes"}
"""Modules of Python itself that a connection may need, and that take no time."""


@pytest.mark.parametrize("name", ACCOUNTS)
def test_the_first_calls_import_nothing_more(environment, name):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(ACCOUNTS[name])],
        env=environment | {"TOKEN": "a-token-of-the-test"},
        capture_output=True, encoding="utf-8", check=True, timeout=100,
    )  # fmt: skip
    before, first_call = (json.loads(line) for line in done.stdout.splitlines())
    assert not {"httpx", "grpc", "rich", "pygments"} & set(before), "the first answers waited for it"
    assert set(first_call) <= LATE


def test_what_cannot_be_imported_ahead_is_told_by_the_call_that_needs_it(monkeypatch):
    monkeypatch.setattr(preload, "imports_at_open", lambda _place: ("no.such.module", "dragoman.core.errors"))
    preload.preload(from_mapping({}))


@pytest.mark.anyio
async def test_the_store_is_open_before_the_first_call(tmp_path):
    async with connect({"accounts": {"local": {"provider": "local"}}}, data=tmp_path):
        assert (tmp_path / "dragoman.db").stat().st_size > 0


@pytest.mark.anyio
async def test_a_store_that_cannot_be_opened_is_told_by_the_call_that_needs_it(tmp_path):
    (tmp_path / "dragoman.db").write_text("the notes of another program, which are no database\n" * 99)
    async with connect({"accounts": {"local": {"provider": "local"}}}, data=tmp_path) as client:
        with pytest.raises(ToolError, match="is not a Dragoman file"):
            await client.call("list_conversations")


AHEAD = [name for name, settings in ACCOUNTS.items() if provider_class(settings["provider"]).opens_ahead]


@pytest.mark.anyio
@pytest.mark.parametrize("name", AHEAD)
async def test_an_account_that_is_opened_ahead_asks_nobody_and_reads_no_credential(monkeypatch, tmp_path, name):
    (tmp_path / "read").mkdir()
    looks_up = {"command": [sys.executable, "-c", f"import os; os.rmdir({str(tmp_path / 'read')!r}); print('t')"]}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        here = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = from_mapping({"accounts": {"one": {**ACCOUNTS[name], "base_url": here, "token": looks_up}}})
        async with tool_context.open_services(settings) as services:
            await preload.open_ahead(services.workspace, settings)
            account = services.workspace.account("one")
            monkeypatch.setattr(account.provider_class, "open", None)
            assert isinstance(await account.provider(), account.provider_class), "a call would open it again"
        with pytest.raises(BlockingIOError):
            listening.accept()
    assert (tmp_path / "read").exists()


@pytest.mark.anyio
async def test_an_account_that_cannot_be_opened_ahead_is_told_by_the_call_that_needs_it():
    account = {"provider": "convore", "base_url": "https://\u2603.example", "token": TOKEN}
    async with connect({"accounts": {"one": account}}) as client:
        with pytest.raises(ToolError, match="base_url is no valid address"):
            await client.call("list_conversations")


@pytest.mark.anyio
async def test_no_database_is_connected_before_a_call():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        settings = from_mapping({"store": f"postgresql://me@127.0.0.1:{listening.getsockname()[1]}/d"})
        async with tool_context.open_services(settings) as services:
            await preload.open_ahead(services.workspace, settings)
        with pytest.raises(BlockingIOError):
            listening.accept()
