"""The process that imports ``dragoman`` once and forks for each program that a test starts; see ``forked_program``.

    python fork_server.py DESCRIPTOR

The descriptor is a socket: each request is a JSON object with three descriptors for the program and a pipe on which
its end is told. The answer is the process id. A request with code runs that instead of the command.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import re
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import dragoman
import dragoman_server

REQUEST = 1 << 18  # bytes; the environment is most of it
_LEFT = re.compile(
    r"_proto|\.yandex|\.cli\.(light|quick|bytecode)|^dragoman\.archives|\.testing\.(contract|pytest)|__main__"
)
"""What few programs need, what a search imports in its own way, and what may start threads."""


def _import_everything() -> None:
    """Import what programs would import, each by itself."""
    for package in (dragoman, dragoman_server):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=lambda _: None):
            if not _LEFT.search(module.name):
                import_module(module.name)
    gc.freeze()  # or each program would copy what the collector writes into objects


def _forked(control: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Fork for each request. Returns in the programs only, with the request and the descriptors."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    running: dict[int, int] = {}
    while True:
        ready = select.select([control, woken], [], [])[0]
        if woken in ready:
            os.read(woken, 512)
            _tell_ends(running)
        if control not in ready:
            continue
        request, descriptors, _, _ = socket.recv_fds(control, REQUEST, 4)
        if not request:
            sys.exit()
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # A shell that runs the tests in the background has interrupts ignored.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for descriptor in (woken, wake, *running.values(), descriptors.pop()):
                os.close(descriptor)
            control.close()
            return json.loads(request), descriptors
        for descriptor in descriptors[:3]:
            os.close(descriptor)
        running[pid] = descriptors[3]
        control.send(str(pid).encode())


def _tell_ends(running: dict[int, int]) -> None:
    for pid in list(running):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with suppress(OSError):  # a test that did not wait
                os.write(running[pid], str(os.waitstatus_to_exitcode(status)).encode())
            os.close(running.pop(pid))


def _become(request: dict[str, Any], descriptors: list[int]) -> None:
    """Take over what the program was given."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    if request["terminal"]:
        import fcntl
        import termios

        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.chdir(request["folder"])
    sys.path[1:1] = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        raw = os.fdopen(number, "rb" if number == 0 else "wb", closefd=False)
        lines = number == 2 or os.isatty(number)
        errors = "backslashreplace" if number == 2 else "surrogateescape"
        stream = TextIOWrapper(raw, encoding="utf-8", errors=errors, line_buffering=lines)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _main(control: socket.socket) -> None:
    _import_everything()
    request, descriptors = _forked(control)
    _become(request, descriptors)
    if request["code"]:
        sys.argv = ["-c", *request["arguments"]]
        exec(request["code"], {"__name__": "__main__"})  # noqa: S102  # a program of a test's own
        return
    import dragoman_server.__main__ as program

    # What a process that this one spawns imports first, as for ``python -m``.
    sys.modules["__main__"] = program
    sys.argv = [str(program.__file__), *request["arguments"]]
    program.main()


if __name__ == "__main__":
    _main(socket.socket(fileno=int(sys.argv[1])))
