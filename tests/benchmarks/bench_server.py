"""The start of the server over stdio, and its memory, against a server that does nothing."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.figures import show

RUNS = 15
NOOP = [sys.executable, str(Path(__file__).with_name("noop_server.py"))]
OURS = [sys.executable, "-m", "dragoman_server", "serve"]
HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}


@dataclass
class Measured:
    """Seconds from spawn to the answer to tools/list, and resident kilobytes then, of every run."""

    seconds: list[float] = field(default_factory=list[float])
    kilobytes: list[float] = field(default_factory=list[float])


def main() -> int:
    """Measure both in turn, so that whatever else the machine does hits both."""
    noop, ours = Measured(), Measured()
    with TemporaryDirectory() as folder:
        environment = {**os.environ, "DRAGOMAN_DATA": folder, "DRAGOMAN_CONFIG": _settings(folder)}
        # Both sides run from bytecode, as installed packages do; the first run writes it.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for command in (NOOP, OURS):
            _measure(command, environment, Measured())  # warms the caches of files and bytecode
        for _ in range(RUNS):
            _measure(NOOP, environment, noop)
            _measure(OURS, environment, ours)
    holds = [
        show("spawn -> tools/list, over a no-op server", _ratio(ours.seconds, noop.seconds), 1.15),
        show("resident memory, over a no-op server", _ratio(ours.kilobytes, noop.kilobytes), 1.25),
    ]
    return int(not all(holds))


def _settings(folder: str) -> str:
    path = Path(folder) / "dragoman.toml"
    path.write_text("", encoding="utf-8")
    return str(path)


def _ratio(ours: list[float], baseline: list[float]) -> float:
    return statistics.median(ours) / statistics.median(baseline)


def _measure(command: list[str], environment: dict[str, str], into: Measured) -> None:
    started = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for message in (_request(1, "initialize", HELLO), {"jsonrpc": "2.0", "method": "notifications/initialized"}):
            process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.write(json.dumps(_request(2, "tools/list", {})).encode() + b"\n")
        process.stdin.flush()
        answers = iter(process.stdout.readline, b"")
        assert any(json.loads(line).get("id") == 2 for line in answers), "no answer to tools/list"
        into.seconds.append(time.perf_counter() - started)
        into.kilobytes.append(_resident(process.pid))
        process.stdin.close()
        process.wait(10)


def _request(number: int, method: str, params: dict[str, object]) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return float(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


if __name__ == "__main__":
    sys.exit(main())
