"""Two servers over HTTP on one PostgreSQL beside one of them: lists of 50 messages that are remembered.

How much does a second server add? Each is one process, on a core of its own. Clients ask one server and both in
turns, in one run, so that other work on the machine hits both alike. There are as many clients of each server in
both cases, enough to keep it busy, and they send bytes that are made beforehand. The database and the clients use
what the servers leave of all cores. So on a machine of two cores both servers have less than the one alone, and the
figure is a lower bound.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
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
        address = database.new_database()
        copy = [sys.executable, "-m", "dragoman_server", "store", "copy", "store", address]
        subprocess.run(copy, env=environment, check=True, capture_output=True)
        settings = Path(environment["DRAGOMAN_CONFIG"])
        settings.write_text(f'timezone = "UTC"\nstore = "{address}"\n', encoding="utf-8")
        servers = [stack.enter_context(_running(SERVE, environment)) for _ in range(2)]
        return int(not _compare(servers, database.port, rounds))


def _compare(servers: list[Server], database: int, rounds: int) -> bool:
    requests = [_request("list_messages", conversation="local:room0", limit=50)]
    for core, server in zip(sorted(os.sched_getaffinity(0)), servers, strict=False):
        _move([server], {core})
        _crowd(server, requests, FEW, LONG)
    one, both = Load((servers[0],), requests), Load(tuple(servers), requests)
    everybody = [one for server in servers for one in _processes(server.process)], _backends(database)
    before = [_busy(processes) for processes in everybody]
    _ask_in_turn(rounds, one, both)
    answers = len(one.found.taken) + len(both.found.taken)
    each = [1000 * (_busy(one) - was) / answers for one, was in zip(everybody, before, strict=True)]
    asking = 1000 * (one.found.busy + both.found.busy) / answers
    sys.stdout.write(
        f"(A second: {one.found.rate:.0f} by one, {both.found.rate:.0f} by both; processor time of an answer:"
        f" {each[0]:.2f} ms of a server, {each[1]:.2f} ms of the database, {asking:.2f} ms of the clients)\n"
    )
    return show("list of 50 over HTTP, two servers to one", both.found.rate / one.found.rate, 1.6, at_least=True)


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
