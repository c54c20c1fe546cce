"""Servers over stdio as clients start them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import forked_program
from forked_program import Program


@dataclass
class Server:
    """A running ``dragoman serve`` and raw lines from and to it."""

    process: Program | subprocess.Popen[bytes]

    def send(self, message: dict[str, object]) -> None:
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, number: int, method: str, params: dict[str, object] | None = None) -> dict[str, object]:
        self.send({"id": number, "method": method, "params": params or {}})
        return self.answer(number)

    def next_answer(self) -> dict[str, object]:
        """The next answer to any request."""
        while line := self.process.stdout.readline():
            message = json.loads(line)
            if "id" in message and "method" not in message:
                return message
        raise AssertionError("the server ended without an answer")

    def answer(self, number: int) -> dict[str, object]:
        while line := self.process.stdout.readline():
            message = json.loads(line)
            if message.get("id") == number:
                return message
        raise AssertionError("the server ended without an answer")

    def greet(self) -> dict[str, object]:
        client = {"name": "test", "version": "1"}
        params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
        answer = self.ask(0, "initialize", params)
        self.send({"method": "notifications/initialized"})
        return answer


def fresh_environment(folder: Path) -> dict[str, str]:
    """The environment of a machine on which nothing is configured, with its data in the folder."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("DRAGOMAN_")}
    home = folder / "home"
    home.mkdir()
    return {
        **inherited,
        "DRAGOMAN_DATA": str(folder / "data"),
        "XDG_CONFIG_HOME": str(home),
        "TROUBLE_NOTES": str(folder),
        "TZ": "UTC",
    }


@contextmanager
def serving(environment: dict[str, str], folder: Path, *arguments: str) -> Iterator[Server]:
    """Start a server in the folder; whatever happens, it does not outlive the block."""
    with forked_program.start(["serve", *arguments], env=environment, cwd=folder) as process:
        try:
            yield Server(process)
        finally:
            process.kill()
