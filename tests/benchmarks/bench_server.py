"""The start of the server over stdio and of a command in a shell, and memory, against servers that do nothing."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.figures import show

RUNS = 25
HERE = Path(__file__).parent
MODULES = HERE.parent.parent / ".node"
NOOP = [sys.executable, str(HERE / "noop_server.py")]
COMMAND = [sys.executable, "-c", "from dragoman_server.cli.entry import main; main()"]
OURS = [*COMMAND, "serve"]
SHELL = [*COMMAND, "call", "list_conversations"]
HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}


@dataclass
class Measured:
    """Of every run: seconds from spawn to two answers and to the end, and resident kilobytes after a call."""

    listed: list[float] = field(default_factory=list[float])
    called: list[float] = field(default_factory=list[float])
    ended: list[float] = field(default_factory=list[float])
    kilobytes: list[float] = field(default_factory=list[float])


def main() -> int:
    """Measure all in turn, so that whatever else the machine does hits all."""
    script = _typescript()
    commands = {"noop": (NOOP, "nothing"), "ours": (OURS, "list_conversations")}
    if script:
        commands["typescript"] = (script, "nothing")
    else:
        sys.stdout.write("(Not compared with the TypeScript SDK, which ./run installs where npm is.)\n")
    found = {name: Measured() for name in commands}
    shell = list[float]()
    with TemporaryDirectory() as folder:
        environment = {**os.environ, "DRAGOMAN_DATA": folder, "DRAGOMAN_CONFIG": _settings(folder)}
        # All run from bytecode, as installed packages do; the first run writes it.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for run in range(RUNS + 1):
            for name, (command, tool) in commands.items():
                _measure(command, tool, environment, found[name] if run else Measured())
            shell.append(_time_command(SHELL, environment))
    return int(not all(list(_shown(found, shell[1:]))))


def _time_command(command: list[str], environment: dict[str, str]) -> float:
    """Seconds from the start of a process to its end."""
    started = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True, timeout=60)
    return time.perf_counter() - started


def _shown(found: dict[str, Measured], shell: list[float]) -> Iterator[bool]:
    ours, noop = found["ours"], found["noop"]
    yield show("spawn -> tools/list, over a no-op server", _ratio(ours.listed, noop.listed), 0.12)
    yield show("spawn -> first tool call, over a no-op server", _ratio(ours.called, noop.called), 1.05)
    yield show("`dragoman call` in a shell, over a no-op server's call", _ratio(shell, noop.called), 1.05)
    yield show("resident memory, over a no-op server", _ratio(ours.kilobytes, noop.kilobytes), 1.25)
    yield show("end of input -> end of the process", statistics.median(ours.ended) * 1000, 50, unit="ms")
    if "typescript" in found:
        yield show("spawn -> tools/list, over the TypeScript SDK", _ratio(ours.listed, found["typescript"].listed), 1.0)


def _typescript() -> list[str] | None:
    """The command of the TypeScript server, where it can run."""
    node = MODULES / "node_modules" / ".bin" / "node"
    return [str(node), str(HERE / "noop_server.mjs"), str(MODULES)] if node.exists() else None


def _settings(folder: str) -> str:
    path = Path(folder) / "dragoman.toml"
    path.write_text('timezone = "Europe/Berlin"\n[accounts.mine]\nprovider = "local"\n', encoding="utf-8")
    return str(path)


def _ratio(ours: list[float], baseline: list[float]) -> float:
    """The middle one of the ratios of runs that followed each other: a shared machine changes its speed meanwhile."""
    return statistics.median(one / other for one, other in zip(ours, baseline, strict=True))


def _measure(command: list[str], tool: str, environment: dict[str, str], into: Measured) -> None:
    """One connection as a client makes it: every request after the answer to the one before."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        _ask(process, 1, "initialize", HELLO)
        _send(process, {"method": "notifications/initialized"})
        _ask(process, 2, "tools/list", {})
        into.listed.append(time.perf_counter() - started)
        _ask(process, 3, "tools/call", {"name": tool, "arguments": {}})
        into.called.append(time.perf_counter() - started)
        into.kilobytes.append(_resident(process.pid))
        leaving = time.perf_counter()
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)
        into.ended.append(time.perf_counter() - leaving)


def _ask(process: subprocess.Popen[bytes], number: int, method: str, params: dict[str, object]) -> None:
    _send(process, {"id": number, "method": method, "params": params})
    assert process.stdout is not None
    answers = iter(process.stdout.readline, b"")
    assert any(json.loads(line).get("id") == number for line in answers), f"no answer to {method}"


def _send(process: subprocess.Popen[bytes], message: dict[str, object]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    process.stdin.flush()


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return float(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


if __name__ == "__main__":
    sys.exit(main())
