"""Servers that are killed at random moments while they import and send lose nothing that they acknowledged."""

import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path

import apsw
import forked_program
import pytest

from dragoman.testing.scripted_server import ScriptedServer

KILLS = 200
ROOM = "local:room"
LINE = re.compile(r"^>?(\d+) \d\d:\d\d \w+: (\S+)$", re.MULTILINE)


class Served:
    """A client of one server: asks without waiting, and reads what came."""

    def __init__(self, folder: Path) -> None:
        env = {**os.environ, "DRAGOMAN_DATA": str(folder / "data")}
        given = ["serve", "--config", str(folder / "dragoman.toml"), "--log-level", "error"]
        self._program = forked_program.start(given, env=env, stderr=None)
        client = {"name": "test", "version": "1"}
        self._put("initialize", 0, {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert json.loads(self._program.stdout.readline())["id"] == 0

    def ask(self, number: int, tool: str, **arguments: object) -> None:
        self._put("tools/call", number, {"name": tool, "arguments": arguments})

    def answer(self) -> str | None:
        """The text of the next answer, ``None`` when the server has ended."""
        line = self._program.stdout.readline()
        if not line.endswith(b"\n"):
            return None
        result = json.loads(line)["result"]
        assert not result.get("isError"), result
        return result["content"][0]["text"]

    def kill(self) -> list[str]:
        """Kill -9, and return what was acknowledged before."""
        with self._program as program:
            program.kill()
            return list(iter(self.answer, None))

    def _put(self, method: str, number: int, params: object) -> None:
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})

    def _send(self, message: object) -> None:
        self._program.stdin.write(json.dumps(message).encode() + b"\n")
        self._program.stdin.flush()


@pytest.fixture
def serve(tmp_path: Path) -> Callable[[], Served]:
    """Start a server, each time on the same store."""
    (tmp_path / "dragoman.toml").write_text('timezone = "UTC"\n')
    return lambda: Served(tmp_path)


def acknowledged(answers: list[str]) -> dict[str, int]:
    return {found[2]: int(found[1]) for text in answers for found in LINE.finditer(text)}


def ask_for_much(server: Served, name: str) -> None:
    """Imports and sends, all at once; the first import makes the room."""
    for n in range(6):
        if n % 3 == 2:
            server.ask(n + 1, "send_message", conversation=ROOM, text=f"{name}-{n}", idempotency_key=f"{name}-{n}")
        else:
            when = f"2026-03-10T09:{n:02}Z"
            arguments = {"text": f"{name}-{n}", "author": "Ann", "sent_at": when, "external_id": f"{name}-{n}"}
            server.ask(n + 1, "import_message", conversation=ROOM, **arguments)


@pytest.mark.timeout(500)
def test_after_two_hundred_kills_every_acknowledged_message_is_there_with_its_number(
    serve: Callable[[], Served], tmp_path: Path
) -> None:
    first = serve()
    first.ask(1, "import_message", conversation=ROOM, text="first", author="Ann", sent_at="2026-03-10T09:00Z")
    kept = acknowledged([first.answer() or "", *first.kill()])
    chance = random.Random(2026)
    for n in range(KILLS):
        server = serve()
        ask_for_much(server, f"r{n}")
        answers = [server.answer() or "" for _ in range(chance.randrange(6))]
        answers += server.kill()
        fresh = acknowledged(answers)
        assert not set(fresh.values()) & set(kept.values()), "a number was used twice"
        kept |= fresh
    assert len(kept) > KILLS

    with ScriptedServer({"timezone": "UTC"}, data=tmp_path / "data") as server:
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
    database = apsw.Connection(str(tmp_path / "data" / "dragoman.db"))
    assert database.execute("PRAGMA integrity_check").get == "ok"
    database.close()


def test_two_servers_on_one_file_lose_no_write_and_never_say_that_it_is_locked(
    serve: Callable[[], Served], tmp_path: Path
) -> None:
    one, two = serve(), serve()
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
    with ScriptedServer({"timezone": "UTC"}, data=tmp_path / "data") as server:
        assert server.json("list_conversations")["conversations"][0]["messages"] == 200
