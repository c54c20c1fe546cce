"""Reading over HTTP against a tool that does nothing on the SDK's own server, and what a second process adds.

The load comes from one thread that sends requests made beforehand over connections that stay open, and looks into
no answer beyond its length; what it takes of the machine is printed, because the servers do not have that.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.benchmarks.figures import show

SHORT = 0.1
"""Seconds of a turn: short, because the speed of a machine that is shared changes within a second."""
LONG = 1.0
CLIENTS = 64
FEW = 16
ROOMS = 300
"""More than the server remembers the pages of."""
NOOP = [sys.executable, "-m", "tests.benchmarks.noop_http"]
SERVE = [sys.executable, "-m", "dragoman_server", "serve", "--http", "127.0.0.1:0"]
MODERN = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}


def main() -> int:
    """Measure in turn, so that whatever else the machine does hits all alike."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        environment = _environment(folder)
        noop, one, other, two = (
            stack.enter_context(_running(command, environment))
            for command in (NOOP, *([*SERVE, "--workers", workers] for workers in "112"))
        )
        rooms = [_request("list_messages", conversation=f"local:room{number}") for number in range(ROOMS)]
        reading, nothing = rooms[:1], [_request("nothing")]
        for server, requests in ((noop, nothing), (one, rooms), (other, rooms), (two, rooms)):
            _crowd(server, requests, FEW, 3 * LONG)  # all rooms once, which gives their messages numbers
        few = Load((noop,), nothing), Load((one,), reading)
        with _on_core(0, noop, one):
            _in_turn(80, SHORT, FEW, *few)
        anew = _crowd(one, rooms, FEW, LONG)
        many = Load((one, other), reading), Load((two,), reading)
        _in_turn(12, LONG, CLIENTS, *many)
        crowds = [_crowd(one, reading, CLIENTS, LONG) for _ in range(5)]
    return int(not all(list(_shown(*few, anew, *many, crowds))))


@dataclass
class Crowd:
    """What came of many clients.

    Attributes:
        taken: Seconds of each call.
        elapsed: Seconds from the first call to the last answer.
        busy: Seconds of a processor that making the load took.
    """

    taken: list[float] = field(default_factory=list[float])
    elapsed: float = 0.0
    busy: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.taken) / self.elapsed

    def at(self, share: float) -> float:
        """The seconds within which this share of the calls was answered."""
        return sorted(self.taken)[int((len(self.taken) - 1) * share)]


@dataclass(frozen=True)
class Server:
    """One that is running."""

    port: int
    process: int


@contextmanager
def _on_core(number: int, *servers: Server) -> Iterator[None]:
    """Have servers that are compared use one core, and the load others: cores that are shared differ in speed."""
    cores = os.sched_getaffinity(0) if sys.platform == "linux" else set[int]()
    if len(cores) < 2:
        yield
        return
    theirs = {sorted(cores)[number]}
    os.sched_setaffinity(0, cores - theirs)
    _move(servers, theirs)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        _move(servers, cores)


def _move(servers: Iterable[Server], cores: set[int]) -> None:
    for process in (process for server in servers for process in _processes(server.process)):
        for thread in Path(f"/proc/{process}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)


def _processes(first: int) -> list[int]:
    """A process and those that it has started: its workers."""
    children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()
    return [first, *map(int, children)]


@dataclass(frozen=True)
class Load:
    """What servers are asked at the same time, and what comes of it."""

    servers: tuple[Server, ...]
    requests: list[bytes]
    found: Crowd = field(default_factory=Crowd)


def _in_turn(rounds: int, seconds: float, count: int, *loads: Load) -> None:
    """So many clients of each server, which ask in turn, each for some seconds."""
    with ExitStack() as stack:
        clients = [stack.enter_context(_connected(load.servers, cycle(load.requests), count)) for load in loads]
        for _ in range(rounds):
            for load, asking in zip(loads, clients, strict=True):
                _ask(asking, load.found, seconds)


def _shown(noop: Load, ours: Load, anew: Crowd, apart: Load, two: Load, crowds: list[Crowd]) -> Iterator[bool]:
    rates = [load.found.rate for load in (noop, ours, apart, two)]
    tail = statistics.median(crowd.at(0.99) / crowd.at(0.5) for crowd in crowds)
    sys.stdout.write(
        f"(A second: {rates[0]:.0f} no-op, {rates[1]:.0f} list_messages, {anew.rate:.0f} of pages that are not "
        f"remembered; load: {two.found.busy / two.found.elapsed:.0%} of a core)\n"
    )
    yield show("list_messages over HTTP, throughput over a no-op", rates[1] / rates[0], 0.6, at_least=True)
    yield show(f"p99 over p50, {CLIENTS} clients", tail, 5)
    # Two servers of one worker at the same time have the same cores and the same load beside them.
    yield show("two workers over half of two servers, throughput", 2 * rates[3] / rates[2], 1.6, at_least=True)


def _environment(folder: str) -> dict[str, str]:
    settings, room = Path(folder) / "dragoman.toml", Path(folder) / "room.jsonl"
    settings.write_text('timezone = "UTC"\n', encoding="utf-8")
    lines = (
        {"conversation": f"room{n}", "author": "Ann", "sent_at": f"2026-03-10T09:{m:02}:00Z", "text": f"Message {m}"}
        for n in range(ROOMS)
        for m in range(50)
    )
    room.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    environment = {**os.environ, "DRAGOMAN_DATA": folder, "DRAGOMAN_CONFIG": str(settings)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "dragoman_server", "import", str(room)]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return environment


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[Server]:
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            found = re.search(rb"http://127\.0\.0\.1:(\d+)", line)
            assert found, line
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield Server(int(found[1]), process.pid)
        finally:
            process.terminate()


def _request(tool: str, **arguments: object) -> bytes:
    params = {"name": tool, "arguments": arguments, "_meta": META}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    head = (
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Type: application/json\r\n"
        f"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: {MODERN}\r\n"
        f"Mcp-Method: tools/call\r\nMcp-Name: {tool}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Client:
    """A connection that asks one thing after the other."""

    _part: Final = memoryview(bytearray(1 << 18))
    """What has just come, for all clients: room for an answer takes longer to get than to fill."""

    def __init__(self, port: int, requests: Iterator[bytes]) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests
        self._missing: int | None = None
        self._head = b""
        self._usual = 0

    def ask(self) -> None:
        self._missing, self._head = None, b""
        self.connection.sendall(next(self._requests))

    def answered(self) -> bool:
        """Take what has come; is it all of the answer."""
        size = self.connection.recv_into(self._part)
        assert size, "the server has closed the connection"
        if self._missing is not None:
            self._missing -= size
        elif size == self._usual and not self._head and self._part[:12] == b"HTTP/1.1 200":
            return True  # as long as the last answer that came in one piece
        else:
            self._head += self._part[:size]
            if not self._knows_length():
                return False
            self._usual = size if self._missing == 0 else 0
        assert self._missing is not None
        return self._missing <= 0

    def _knows_length(self) -> bool:
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return False
        assert self._head.startswith(b"HTTP/1.1 200"), self._head[:300]
        length = re.search(rb"content-length: (\d+)", self._head[:end])
        assert length, self._head[:end]
        self._missing = int(length[1]) - (len(self._head) - end - 4)
        return True


def _crowd(server: Server, requests: list[bytes], count: int, seconds: float) -> Crowd:
    """So many new clients for so long; together they ask everything in turn."""
    found = Crowd()
    with _connected((server,), cycle(requests), count) as clients:
        _ask(clients, found, seconds)
    return found


@contextmanager
def _connected(servers: Sequence[Server], turn: Iterator[bytes], count: int) -> Iterator[list[_Client]]:
    with ExitStack() as stack:
        clients = [_Client(server.port, turn) for server, _ in zip(cycle(servers), range(count), strict=False)]
        for client in clients:
            stack.enter_context(client.connection)
        yield clients


def _ask(clients: list[_Client], found: Crowd, seconds: float) -> None:
    """Have clients ask for so long, each with one call at a time."""
    begun = dict[_Client, float]()
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.connection, selectors.EVENT_READ, client)
        started, worked = time.perf_counter(), time.process_time()
        for client in clients:
            begun[client] = time.perf_counter()
            client.ask()
        while begun:
            _answers(selector, begun, found, started + seconds)
        found.elapsed += time.perf_counter() - started
        found.busy += time.process_time() - worked


def _answers(selector: selectors.BaseSelector, begun: dict[_Client, float], found: Crowd, end: float) -> None:
    for key, _ in selector.select(60):
        client: _Client = key.data
        if client.answered():
            now = time.perf_counter()
            found.taken.append(now - begun[client])
            if now < end:
                begun[client] = now
                client.ask()
            else:
                del begun[client]


if __name__ == "__main__":
    sys.exit(main())
