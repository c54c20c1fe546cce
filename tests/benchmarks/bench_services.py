"""The server in front of services over HTTP: what it adds to a call, several accounts at once, a flood of calls."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import anyio
import httpx
from tests.benchmarks import service_answers
from tests.benchmarks.figures import show

from dragoman.testing import connect

ROUNDS: Final = 3
CALLS: Final = 24  # in one round; so many come at once before the services' own rate limits make calls wait
WARM: Final = 3
ACCOUNTS: Final = 8
SLOW: Final = 0.2  # seconds
FEW, MANY = 1_000, 10_000
PROGRAM: Final = str(Path(__file__).with_name("canned_service.py"))
HELLO: Final = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}


def main() -> int:
    """Print every figure; 1 when a bound is missed."""
    holds = [*_overheads(), _fan_out(), *_flood()]
    return int(not all(holds))


def _overheads() -> Iterator[bool]:
    yield _overhead("glean", service_answers.glean(), "POST /rest/api/v1/messages", "slack.channel.C02QF8N7J")
    yield _overhead("convore", service_answers.convore(), "GET /v1/messages", "conv_1")
    yield _overhead("datagrid", service_answers.datagrid(), "GET /v1/conversations/conv_1/messages", "conv_1", "/v1")
    yield _overhead("slack", service_answers.slack(), "POST /api/conversations.history", "C02QF8N7J", "/api")


def _overhead(provider: str, answers: dict[str, Any], asked: str, conversation: str, base: str = "") -> bool:
    """A page of 100 messages through the whole server, less the same answer fetched and parsed with httpx alone."""
    ours, bare = list[float](), list[float]()

    async def measure(address: str) -> None:
        account = {"provider": provider, "base_url": address + base, "token": "t"}
        method, path = asked.split()
        arguments = {"conversation": f"it:{conversation}", "limit": 100, "max_tokens": 20_000}
        async with connect({"timezone": "UTC", "accounts": {"it": account}}) as client, httpx.AsyncClient() as plain:
            for number in range(WARM + CALLS):
                began = time.perf_counter()
                text = await client.call("list_messages", **arguments)
                between = time.perf_counter()
                json.loads((await plain.request(method, address + path)).content)
                ended = time.perf_counter()
                assert text.count("is done, p99") == service_answers.HUNDRED, text
                if number >= WARM:
                    ours.append(between - began)
                    bare.append(ended - between)

    with serving(answers) as address:
        for _ in range(ROUNDS):
            anyio.run(measure, address)
    added = 1000 * (statistics.median(ours) - statistics.median(bare))
    return show(f"{provider}: 100 messages, over httpx and json alone", added, 6, unit="ms")


def _fan_out() -> bool:
    """list_conversations over several accounts, each of which takes its time, over the slowest of them alone."""
    together, alone = list[float](), list[float]()

    async def measure(address: str) -> None:
        account = {"provider": "convore", "base_url": address, "token": "t"}
        accounts = {f"it-{number}": account for number in range(ACCOUNTS)}
        async with connect({"timezone": "UTC", "accounts": accounts}) as client:
            await client.call("list_conversations")
            for _ in range(5):
                began = time.perf_counter()
                text = await client.call("list_conversations")
                together.append(time.perf_counter() - began)
                assert text.count("Migration") == ACCOUNTS, text
                began = time.perf_counter()
                await client.call("list_conversations", account="it-0")
                alone.append(time.perf_counter() - began)

    with serving(service_answers.convore(), SLOW) as address:
        anyio.run(measure, address)
    ratio = statistics.median(together) / statistics.median(alone)
    return show(f"{ACCOUNTS} accounts of {SLOW * 1000:.0f} ms, over one alone", ratio, 1.1)


def _flood() -> Iterator[bool]:
    """Reads by the thousand at once, over stdio: the server's memory at its highest, and that all are answered."""
    with serving(service_answers.convore(), 0.02) as address, _server(address) as process:
        _burst(process, range(1, FEW + 1))
        few = _highest(process.pid)
        answered = _burst(process, range(FEW + 1, FEW + MANY + 1))
        many = _highest(process.pid)
    yield show(f"reads answered of {MANY:,} at once", answered, MANY, unit="", at_least=True)
    yield show(f"highest memory, {MANY:,} reads at once over {FEW:,}", many / few, 1.25)


def _burst(process: subprocess.Popen[bytes], numbers: range) -> int:
    """Ask for a message so many times without waiting; how many answers were right."""
    assert process.stdin is not None
    assert process.stdout is not None
    stdin = process.stdin

    def ask() -> None:
        for number in numbers:
            params = {"name": "get_message", "arguments": {"message": "it:conv_1/msg_001"}}
            stdin.write(_line({"id": number, "method": "tools/call", "params": params}))
        stdin.flush()

    asking = threading.Thread(target=ask)
    asking.start()
    waiting, right = set(numbers), 0
    for line in iter(process.stdout.readline, b""):
        answer = json.loads(line)
        if answer.get("id") in waiting:
            waiting.remove(answer["id"])
            right += "is done, p99" in answer.get("result", {"content": [{"text": ""}]})["content"][0]["text"]
        if not waiting:
            break
    asking.join()
    return right


@contextmanager
def _server(address: str) -> Iterator[subprocess.Popen[bytes]]:
    """``dragoman serve`` with an account of the service, greeted."""
    with TemporaryDirectory() as folder:
        config = Path(folder) / "dragoman.toml"
        config.write_text(f'[accounts.it]\nprovider = "convore"\nbase_url = "{address}"\ntoken = "t"\n', "utf-8")
        environment = {**os.environ, "DRAGOMAN_DATA": folder, "DRAGOMAN_CONFIG": str(config)}
        command = [sys.executable, "-m", "dragoman_server", "serve"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=folder
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(_line({"id": 0, "method": "initialize", "params": HELLO}))
            process.stdin.write(_line({"method": "notifications/initialized"}))
            process.stdin.flush()
            process.stdout.readline()
            yield process
            process.stdin.close()


@contextmanager
def serving(answers: Mapping[str, Any], seconds: float = 0.0) -> Iterator[str]:
    """The address of a service with these answers, in a process of its own."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "answers.json"
        file.write_text(json.dumps(answers), encoding="utf-8")
        with subprocess.Popen([sys.executable, PROGRAM, str(file), str(seconds)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
            process.terminate()


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"


def _highest(pid: int) -> float:
    """The most kilobytes that were ever resident."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return float(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


if __name__ == "__main__":
    sys.exit(main())
