"""Servers that are killed at random moments while they import and send lose nothing that they acknowledged."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from dragoman.testing.scripted_server import ScriptedServer

KILLS = 200
BREEDER = Path(__file__).with_name("breeder.py")
ROOM = "local:room"
LINE = re.compile(r"^>?(\d+) \d\d:\d\d \w+: (\S+)$", re.MULTILINE)


class Breeder:
    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.address = str(folder / "s")
        settings = folder / "dragoman.toml"
        settings.write_text('timezone = "UTC"\n')
        self.process = subprocess.Popen(
            [sys.executable, str(BREEDER), self.address, str(settings)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "DRAGOMAN_DATA": str(self.data)},
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def server(self) -> "Served":
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(60)
        connection.connect(self.address)
        assert self.process.stdout is not None
        return Served(connection, int(self.process.stdout.readline()))

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


class Served:
    """A client of one server: asks without waiting, and reads what came."""

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.pid = pid
        self._connection = connection
        self._lines = connection.makefile("rb")
        client = {"name": "test", "version": "1"}
        self._put("initialize", 0, {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert json.loads(self._lines.readline())["id"] == 0

    def ask(self, number: int, tool: str, **arguments: object) -> None:
        self._put("tools/call", number, {"name": tool, "arguments": arguments})

    def answer(self) -> str | None:
        """The text of the next answer, ``None`` when the server has ended."""
        try:
            line = self._lines.readline()
        except ConnectionResetError:
            return None
        if not line.endswith(b"\n"):
            return None
        result = json.loads(line)["result"]
        assert not result.get("isError"), result
        return result["content"][0]["text"]

    def kill(self) -> list[str]:
        """Kill -9, and return what was acknowledged before."""
        os.kill(self.pid, signal.SIGKILL)
        answers = []
        while (text := self.answer()) is not None:
            answers.append(text)
        self._lines.close()
        self._connection.close()
        return answers

    def _put(self, method: str, number: int, params: object) -> None:
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})

    def _send(self, message: object) -> None:
        self._connection.sendall(json.dumps(message).encode() + b"\n")


@pytest.fixture
def breeder(tmp_path: Path) -> Iterator[Breeder]:
    breeder = Breeder(tmp_path)
    yield breeder
    breeder.end()


def acknowledged(answers: list[str]) -> dict[str, int]:
    return {found[2]: int(found[1]) for text in answers for found in LINE.finditer(text)}


def ask_for_much(server: Served, name: str) -> None:
    """Imports and sends, all at once; the first import makes the room."""
    for n in range(12):
        if n % 3 == 2:
            server.ask(n + 1, "send_message", conversation=ROOM, text=f"{name}-{n}", idempotency_key=f"{name}-{n}")
        else:
            when = f"2026-03-10T09:{n:02}Z"
            arguments = {"text": f"{name}-{n}", "author": "Ann", "sent_at": when, "external_id": f"{name}-{n}"}
            server.ask(n + 1, "import_message", conversation=ROOM, **arguments)


@pytest.mark.timeout(500)
def test_after_two_hundred_kills_every_acknowledged_message_is_there_with_its_number(breeder: Breeder) -> None:
    first = breeder.server()
    first.ask(1, "import_message", conversation=ROOM, text="first", author="Ann", sent_at="2026-03-10T09:00Z")
    kept = acknowledged([first.answer() or "", *first.kill()])
    chance = random.Random(2026)
    for n in range(KILLS):
        server = breeder.server()
        ask_for_much(server, f"r{n}")
        answers = [server.answer() or "" for _ in range(chance.randrange(12))]
        answers += server.kill()
        fresh = acknowledged(answers)
        assert not set(fresh.values()) & set(kept.values()), "a number was used twice"
        kept |= fresh
    assert len(kept) > KILLS

    with ScriptedServer({"timezone": "UTC"}, data=breeder.data) as server:
        stored: dict[str, int] = {}
        arguments: dict[str, object] = {"conversation": ROOM, "limit": 200, "max_tokens": 100_000}
        while True:
            page = server.json("list_messages", **arguments)
            for message in page["messages"]:
                assert message["text"] not in stored, "a message is there twice"
                stored[message["text"]] = message["number"]
            if "cursor" not in page:
                break
            arguments["cursor"] = page["cursor"]
    assert kept.items() <= stored.items()
    assert len(set(stored.values())) == len(stored)
    database = apsw.Connection(str(breeder.data / "dragoman.db"))
    assert database.execute("PRAGMA integrity_check").get == "ok"
    database.close()


def test_two_servers_on_one_file_lose_no_write_and_never_say_that_it_is_locked(breeder: Breeder) -> None:
    one, two = breeder.server(), breeder.server()
    for n in range(100):
        arguments = {"conversation": ROOM, "author": "Ann", "sent_at": "2026-03-10T09:00Z"}
        one.ask(n + 1, "import_message", text=f"one-{n}", **arguments)
        two.ask(n + 1, "import_message", text=f"two-{n}", **arguments)
    answers = [server.answer() or "" for server in (one, two) for _ in range(100)]
    kept = acknowledged(answers)
    assert len(kept) == 200
    assert len(set(kept.values())) == 200
    one.kill()
    two.kill()
    with ScriptedServer({"timezone": "UTC"}, data=breeder.data) as server:
        assert server.json("list_conversations")["conversations"][0]["messages"] == 200
