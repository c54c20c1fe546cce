"""Lists of 50 remembered messages over HTTP from two servers on one PostgreSQL.

How much does the second server add? Two cores of one machine are seldom worth twice one core: they share caches, the
hypervisor and the load beside them. So the two are compared with two servers that share nothing, each on a database of
its own, on the same cores at the same time and under the same load. Half of what those answer is what one answers.
What one alone answers is shown beside it: with that, everything that the machine lacks counts against the second one.

Each server is one process on a core of its own. There are as many clients of each server in every case, enough to
keep it busy; they send bytes that are made beforehand. All cases take turns in one run.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psycopg
from tests.benchmarks.bench_http import (
    FEW,
    LONG,
    SERVE,
    Load,
    Server,
    _ask,
    _connected,
    _crowd,
    _environment,
    _move,
    _processes,
    _request,
    _running,
)
from tests.benchmarks.figures import show

sys.path.insert(0, str(Path(__file__).parents[1] / "servers"))

ROUNDS: Final = 12
REQUESTS: Final = [_request("list_messages", conversation="local:room0", limit=50)]
TICKS: Final = os.sysconf("SC_CLK_TCK")


def main(rounds: int = ROUNDS) -> int:
    """Print the figure; 1 when its bound is missed."""
    import postgres

    reason = postgres.why_not()
    if reason:
        sys.stdout.write(f"{reason}\n")
        return 0
    with TemporaryDirectory() as folder, postgres.postgres() as database, ExitStack() as stack:
        environment = _environment(folder)
        shared, *own = (database.new_database() for _ in range(3))
        for address in (shared, *own):
            copy = [sys.executable, "-m", "dragoman_server", "store", "copy", "store", address]
            subprocess.run(copy, env=environment, check=True, capture_output=True)
        servers = [stack.enter_context(_serving(environment, address)) for address in (shared, shared, *own)]
        for server in servers:
            _look_at_answer(server)
        return int(not _compare(servers[:2], servers[2:], database.port, rounds))


@contextmanager
def _serving(environment: dict[str, str], address: str) -> Iterator[Server]:
    """A server on a database, from which it has read already."""
    settings = Path(environment["DRAGOMAN_CONFIG"]).with_name(f"{address.rpartition('/')[2]}.toml")
    settings.write_text(f'timezone = "UTC"\nstore = "{address}"\n', encoding="utf-8")
    with _running(SERVE, {**environment, "DRAGOMAN_CONFIG": str(settings)}) as server:
        _crowd(server, REQUESTS, FEW, LONG)
        yield server


def _look_at_answer(server: Server) -> None:
    """The measured load looks into no answer, so one of each server is read."""
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection,
        connection.makefile("rb") as file,
    ):
        connection.sendall(REQUESTS[0])
        head = b"".join(iter(file.readline, b"\r\n"))
        length = re.search(rb"content-length: (\d+)", head)
        assert length, head
        text = json.loads(file.read(int(length[1])))["result"]["content"][0]["text"]
        found = re.findall(r"Message (\d+)$", text, re.MULTILINE)
        assert [int(number) for number in found] == list(range(50)), text


def _compare(replicas: list[Server], apart: list[Server], database: int, rounds: int) -> bool:
    for pair in (replicas, apart):
        for core, server in zip(sorted(os.sched_getaffinity(0)), pair, strict=False):
            _move([server], {core})
    one, both, separate = (Load(tuple(servers), REQUESTS) for servers in (replicas[:1], replicas, apart))
    everybody = [one for server in (*replicas, *apart) for one in _processes(server.process)], _backends(database)
    before = [_busy(processes) for processes in everybody]
    _ask_in_turn(rounds, one, both, separate)
    answers = sum(len(load.found.taken) for load in (one, both, separate))
    each = [1000 * (_busy(one) - was) / answers for one, was in zip(everybody, before, strict=True)]
    asking = 1000 * sum(load.found.busy for load in (one, both, separate)) / answers
    rates = [load.found.rate for load in (one, both, separate)]
    sys.stdout.write(
        f"(A second: {rates[0]:.0f} by one, {rates[1]:.0f} by both, {rates[2]:.0f} by two that share nothing;"
        f" {rates[1] / rates[0]:.2f} and {rates[2] / rates[0]:.2f} x one;\n"
        f" processor time of an answer: {each[0]:.2f} ms of a server, {each[1]:.2f} ms of the database,"
        f" {asking:.2f} ms of the clients)\n"
    )
    name = "two servers over half of two that share nothing, lists"
    return show(name, 2 * rates[1] / rates[2], 1.6, at_least=True)


def _ask_in_turn(rounds: int, *loads: Load) -> None:
    """As many clients of each server, whether it is alone or not."""
    with ExitStack() as stack:
        clients = [
            stack.enter_context(_connected(load.servers, cycle(load.requests), FEW * len(load.servers)))
            for load in loads
        ]
        for _ in range(rounds):
            for load, asking in zip(loads, clients, strict=True):
                _ask(asking, load.found, LONG)


def _backends(port: int) -> list[int]:
    """The processes of a database that serve its clients now."""
    import postgres

    with psycopg.connect(f"postgresql://test:{postgres.PASSWORD}@127.0.0.1:{port}/postgres") as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE client_port > 0 AND pid <> pg_backend_pid()")
        return [pid for (pid,) in rows]


def _busy(processes: list[int]) -> float:
    """Seconds of a processor that processes have taken."""
    ticks = 0
    for process in processes:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


if __name__ == "__main__":
    sys.exit(main())
