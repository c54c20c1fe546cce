"""Writes to a file that are cut off while they are made, by kill -9 or by the client: never half, never twice."""

import os
import re
import signal
import sys
import threading
import time
from contextlib import ExitStack, closing, suppress
from types import SimpleNamespace

import anyio
import anyio.lowlevel
import apsw
import pytest
from failing_disk import DONE, FIRST, NOTHING, WRITES, locked, states, texts
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sqlite import locks
from dragoman.testing import connect

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9, and no shell to tell a process's number"),
]

TOOLS = pytest.mark.parametrize("tool", WRITES)


@pytest.fixture
def notes(tmp_path):
    return tmp_path / "notes.db"


@pytest.fixture
def memory(tmp_path):
    return tmp_path / "dragoman.db"


@pytest.fixture
def settings(tmp_path, notes):
    file = tmp_path / "dragoman.toml"
    file.write_text(f'timezone = "UTC"\n[accounts.local]\nprovider = "local"\npath = "{notes}"\n', encoding="utf-8")
    return file


@pytest.fixture(autouse=True)
async def room(settings, tmp_path):
    async with connect(settings, data=tmp_path) as client:
        await client.call("import_message", **FIRST)


async def until(holds):
    """Give way until something holds that another task or process brings about."""
    with anyio.fail_after(100):
        while not holds():
            await anyio.lowlevel.checkpoint()


def written(notes):
    """Is the message there in the file."""
    with closing(apsw.Connection(str(notes))) as con:
        con.set_busy_timeout(60_000)
        return bool(list(con.execute("SELECT 1 FROM local_messages WHERE text = 'After'")))


class Killed:
    """A real server over stdio, and the SDK's client of it, one of which does not live long."""

    def __init__(self, settings, folder):
        self._number = folder / "pid"
        command = f'echo $$ >"{self._number}"; exec "$0" -m dragoman_server serve --config "$1"'
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DRAGOMAN_")}
        self._server = StdioServerParameters(
            command="/bin/sh",
            args=["-c", command, sys.executable, str(settings)],
            env=kept | {"DRAGOMAN_DATA": str(folder)},
        )

    async def call(self, tool, arguments):
        """Call a tool and hear nothing any more."""
        with suppress(Exception):
            async with Client(self._server) as client:
                await client.call_tool(tool, arguments)
                pytest.fail("the server was to be killed before it answers")

    def kill(self):
        os.kill(int(self._number.read_text()), signal.SIGKILL)


@pytest.fixture
def killed(settings, tmp_path):
    return Killed(settings, tmp_path)


async def again(settings, folder, tool, **more):
    """The same once more, by a server that starts after the lease of the first has ended."""
    with closing(apsw.Connection(str(folder / "dragoman.db"))) as con:
        con.execute("UPDATE writes SET lease = 0")
    async with connect(settings, data=folder) as client:
        answer = await client.call(tool, **WRITES[tool], **more)
        if token := re.search(r"confirm=(\w+)", answer):
            assert "because an earlier call was cut off: its outcome is unknown" in answer
            assert await texts(settings, folder) == ["Before"]
            await client.call(tool, **WRITES[tool], confirm=token[1])
        return answer


@TOOLS
async def test_what_is_killed_before_it_is_written_leaves_nothing_but_its_note(
    killed, settings, tmp_path, notes, memory, tool
):
    async with anyio.create_task_group() as tasks:
        with locked(notes):
            tasks.start_soon(killed.call, tool, WRITES[tool])
            await until(lambda: states(memory) == ["pending"])
            killed.kill()
    assert await texts(settings, tmp_path) == ["Before"]
    assert "confirm=" in await again(settings, tmp_path, tool)
    assert await texts(settings, tmp_path) == DONE[tool]
    assert states(memory) == ["done"]


@TOOLS
async def test_what_is_killed_after_it_is_written_is_found_and_not_written_again(
    killed, settings, tmp_path, notes, memory, tool
):
    with ExitStack() as unnoted:
        async with anyio.create_task_group() as tasks:
            with locked(notes):
                tasks.start_soon(killed.call, tool, WRITES[tool])
                await until(lambda: states(memory) == ["pending"])
                unnoted.enter_context(locked(memory))
            await until(lambda: written(notes))
            killed.kill()
    assert f"{NOTHING[tool]} again" in await again(settings, tmp_path, tool)
    assert await texts(settings, tmp_path) == DONE[tool]
    assert states(memory) == ["done"]


async def test_a_send_that_is_killed_is_made_once_by_its_key_without_asking(killed, settings, tmp_path, notes, memory):
    keyed = WRITES["send_message"] | {"idempotency_key": "k"}
    async with anyio.create_task_group() as tasks:
        with locked(notes):
            tasks.start_soon(killed.call, "send_message", keyed)
            await until(lambda: states(memory) == ["pending"])
            killed.kill()
    answers = [await again(settings, tmp_path, "send_message", idempotency_key="k") for _ in range(2)]
    assert "me (you): After" in answers[0]
    assert answers[0] == answers[1]
    assert await texts(settings, tmp_path) == DONE["send_message"]


@pytest.fixture
def waiting(monkeypatch):
    """Tells when a write waits for a file that another program holds."""
    waiting = threading.Event()

    def pause(seconds):
        waiting.set()
        time.sleep(seconds)

    monkeypatch.setattr(locks, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pause))
    return waiting


@TOOLS
async def test_what_a_client_cancels_while_it_waits_for_the_file_is_not_written(
    settings, tmp_path, notes, memory, tool, waiting
):
    async with connect(settings, data=tmp_path) as client:
        with locked(notes):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.call_tool, tool, WRITES[tool])
                await until(waiting.is_set)
                tasks.cancel_scope.cancel()
            await until(lambda: states(memory) == ["unknown"])
    assert await texts(settings, tmp_path) == ["Before"]
    assert "confirm=" in await again(settings, tmp_path, tool)
    assert await texts(settings, tmp_path) == DONE[tool]


@TOOLS
async def test_what_a_client_cancels_while_it_is_written_is_finished_and_known_to_be(
    settings, tmp_path, memory, tool, monkeypatch
):
    put, entered, go_on = MessageTable.put, threading.Event(), threading.Event()

    def slow(*arguments):
        entered.set()
        assert go_on.wait(30)
        return put(*arguments)

    async with connect(settings, data=tmp_path) as client:
        with monkeypatch.context() as patch:
            patch.setattr(MessageTable, "put", slow)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.call_tool, tool, WRITES[tool])
                await until(entered.is_set)
                tasks.cancel_scope.cancel()
                go_on.set()
        await until(lambda: states(memory) == ["done"])
        again = await client.call(tool, **WRITES[tool])
    assert ("Nothing was sent again" in again) == (tool == "send_message")
    assert await texts(settings, tmp_path) == DONE[tool]
