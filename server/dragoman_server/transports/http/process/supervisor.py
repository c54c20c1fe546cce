"""Several processes that listen on one socket, and the one that watches over them."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import active_children, connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from dragoman_server.config.http import HttpSettings

_LOOK_EVERY: Final = 0.2
_SHORT_LIFE: Final = 5.0
_LONGEST_PAUSE: Final = 30.0
_LONGEST_START: Final = 60.0
_CLOSING: Final = 15.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """What a new process is told; it has to pass through a pipe.

    Attributes:
        settings_file: As it was named on the command line.
        http: The settings of the first process, so that all serve alike.
    """

    settings_file: Path | None
    log_level: str | None
    read_only: bool
    http: HttpSettings
    listening: socket.socket


@dataclass(slots=True)
class _Child:
    process: BaseProcess
    said_ready: Connection
    born: float = field(default_factory=time.monotonic)

    def ready(self) -> bool:
        with suppress(EOFError, OSError):
            return self.said_ready.poll()
        return False


class Supervisor:
    """Starts processes, starts dead ones again, and ends all of them together."""

    def __init__(self, orders: WorkerConfig, count: int) -> None:
        """Start nothing yet."""
        self._orders = orders
        self._count = count
        self._children: list[_Child] = []
        self._asked: list[int] = []
        self._pause = 0.0

    def run(self) -> None:
        """Watch until a signal asks to end; SIGHUP puts a new process into the place of each."""
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        for number in (getattr(signal, name) for name in names if hasattr(signal, name)):
            signal.signal(number, lambda got, _frame: self._asked.append(got))
        self._children = [self._born() for _ in range(self._count)]
        while not self._end_was_asked():
            if self._asked:
                self._asked.clear()
                self._renew()
            connection.wait([child.process.sentinel for child in self._children], timeout=_LOOK_EVERY)
            self._replace_the_dead()
            active_children()  # buries those that were replaced and have ended
        self._end_all()

    def _end_was_asked(self) -> bool:
        return any(number != getattr(signal, "SIGHUP", None) for number in self._asked)

    def _born(self) -> _Child:
        context = get_context("spawn")
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(self._orders, there), name="dragoman")
        process.start()
        there.close()
        return _Child(process, here)

    def _replace_the_dead(self) -> None:
        for place, child in enumerate(self._children):
            if child.process.is_alive():
                continue
            _log.error(
                "The process %s ended with %s; another one is started.", child.process.pid, child.process.exitcode
            )
            self._wait_after(child)
            if not self._asked:
                self._children[place] = self._born()

    def _wait_after(self, child: _Child) -> None:
        """Pause before the next attempt where processes die as soon as they live."""
        short = time.monotonic() - child.born < _SHORT_LIFE
        self._pause = min(max(2 * self._pause, 0.5), _LONGEST_PAUSE) if short else 0.0
        self._until(lambda: bool(self._asked), self._pause)

    def _renew(self) -> None:
        """Replace one process after the other, each only when its successor takes requests."""
        for place, old in enumerate(self._children):
            new = self._born()
            self._until(partial(self._decided, new), _LONGEST_START)
            if not new.ready() or self._end_was_asked():
                _log.error("The new process takes no requests; the others stay as they are.")
                new.process.terminate()
                return
            old.process.terminate()
            self._children[place] = new

    def _decided(self, new: _Child) -> bool:
        return new.ready() or not new.process.is_alive() or self._end_was_asked()

    def _until(self, done: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            time.sleep(min(_LOOK_EVERY, max(0.0, end - time.monotonic())))

    def _end_all(self) -> None:
        for child in self._children:
            child.process.terminate()
        http = self._orders.http
        end = time.monotonic() + http.drain_delay + http.drain_timeout + _CLOSING
        for child in self._children:
            child.process.join(max(0.0, end - time.monotonic()))
            child.process.kill()


def work(orders: WorkerConfig, say_ready: Connection) -> None:
    """Be one of the processes."""
    gc.disable()  # as in dragoman_server.transports.stdio.command: imports make what lives as long as the process
    from dragoman_server.runtime import log, startup_checks  # noqa: PLC0415  # not in the process that only watches
    from dragoman_server.transports.http.process import worker  # noqa: PLC0415  # as above
    from dragoman_server.transports.stdio import transport  # noqa: PLC0415  # not in the process that only watches

    gc.freeze()
    gc.enable()
    log.set_up(orders.log_level)
    settings = startup_checks.settings(orders.settings_file, read_only=orders.read_only)
    parent = parent_process()

    def orphaned() -> None:
        if parent is not None:
            parent.join()

    def ready() -> None:
        with suppress(OSError):
            say_ready.send_bytes(b"ready")

    async def main() -> None:
        await worker.serve(settings, orders.http, orders.listening, ready=ready, orphaned=orphaned)

    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    transport.run(main)
