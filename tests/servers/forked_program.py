"""The program ``dragoman`` in processes of its own, each at the price of a fork.

To start Python and import what a command needs takes half a second, which is most of what a test of a command costs.
So one process of a test run imports it once, and forks for each program that a test starts. A program that is forked
has its own arguments, environment, folder, descriptors and terminal, ends as Python ends, and can be signalled and
killed. It has one thing that a client's program has not: everything is imported already. Tests about starting
therefore ask for fresh interpreters, with the fixture of that name.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Self

CAN_FORK = sys.platform == "linux"
_FORKS = Path(__file__).with_name("fork_server.py")


class Program:
    """A forked program, with what tests use of :class:`subprocess.Popen`."""

    def __init__(self, pid: int, status: int, pipes: Sequence[IO[bytes] | None]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin, self.stdout, self.stderr = pipes
        self._status = status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self.stdout, self.stderr, self.stdin):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self.wait()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit status; minus the signal for one that ended it."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("dragoman", timeout or 0)
            # Empty only if the process that forks is gone, and with it whoever could tell.
            self.returncode = int(os.read(self._status, 16) or b"-9")
            os.close(self._status)
        return self.returncode

    def poll(self) -> int | None:
        """The exit status, if it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Read both outputs to their ends, and wait for the end."""
        pipes = [pipe for pipe in (self.stdout, self.stderr) if pipe is not None]
        with ThreadPoolExecutor(len(pipes) or 1) as pool:
            texts = dict(zip(pipes, pool.map(lambda pipe: pipe.read(), pipes), strict=True))
        for pipe in pipes:
            pipe.close()
        self.wait(timeout)
        return texts.get(self.stdout, b""), texts.get(self.stderr, b"")

    def send_signal(self, number: int) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            # The end is told a moment after the process is gone.
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The process that forks, and the socket on which it is asked to."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, str(_FORKS), str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
        self._socket = ours
        atexit.register(self.close)

    def close(self) -> None:
        """End it; programs that still run are those of tests that were cut off."""
        self._socket.close()
        self._process.wait()

    def fork(self, request: Mapping[str, object], descriptors: Sequence[int]) -> tuple[int, int]:
        """Process id of a new program, and the pipe on which its end is told."""
        reader, writer = os.pipe()
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], [*descriptors, writer])
        finally:
            os.close(writer)
        return int(self._socket.recv(16)), reader


@functools.cache
def _server() -> ForkServer:
    return ForkServer()


def start(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: int | IO[bytes] = subprocess.PIPE,
    stdout: int | IO[bytes] | None = subprocess.PIPE,
    stderr: int | IO[bytes] | None = subprocess.PIPE,
    terminal: bool = False,
    code: str = "",
) -> Program | subprocess.Popen[bytes]:
    """Start ``dragoman``, or what a test has written, as :class:`subprocess.Popen` would.

    Args:
        arguments: What stands after the name of the program.
        env: Its environment; this process's own if nothing is said.
        cwd: Its folder.
        stdin: As for ``Popen``, like the other two.
        stdout: What it prints.
        stderr: What it says beside that.
        terminal: Stdin is a terminal, and becomes its controlling one.
        code: A program in Python, in place of the command.
    """
    if not CAN_FORK:
        command = [sys.executable, *(["-c", code] if code else ["-m", "dragoman_server"]), *arguments]
        return subprocess.Popen(command, env=env, cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr)
    ours: list[IO[bytes] | None] = []
    theirs: list[int] = []
    for number, given in enumerate((stdin, stdout, stderr)):
        if given == subprocess.PIPE:
            reader, writer = os.pipe()
            ours.append(os.fdopen(writer, "wb") if number == 0 else os.fdopen(reader, "rb"))
            theirs.append(reader if number == 0 else writer)
            continue
        ours.append(None)
        if given == subprocess.DEVNULL:
            theirs.append(os.open(os.devnull, os.O_RDWR))
        else:
            theirs.append(os.dup(number if given is None else given if isinstance(given, int) else given.fileno()))
    request = {
        "arguments": list(arguments),
        "environment": dict(os.environ if env is None else env),
        "folder": str(cwd or Path.cwd()),
        "terminal": terminal,
        "code": code,
    }
    try:
        pid, status = _server().fork(request, theirs)
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    return Program(pid, status, ours)


def run(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    input: bytes = b"",  # noqa: A002 - as subprocess.run has it
    timeout: float = 60,
    text: bool = False,
) -> subprocess.CompletedProcess[Any]:
    """Run ``dragoman`` to its end as :func:`subprocess.run` would, with everything that it prints."""
    with TemporaryFile() as typed, TemporaryFile() as out, TemporaryFile() as err:
        typed.write(input)
        typed.seek(0)
        with start(arguments, env=env, cwd=cwd, stdin=typed, stdout=out, stderr=err) as program:
            try:
                program.wait(timeout)
            except BaseException:
                program.kill()
                raise
        texts: list[str | bytes] = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode() if text else file.read())
        return subprocess.CompletedProcess(["dragoman", *arguments], program.returncode or 0, *texts)
