"""The processes that serve on one socket, and the one that watches over them."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import active_children, connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Final

from dragoman.core.errors import DragomanError
from dragoman_server.config.find import SettingsFile
from dragoman_server.runtime.log import redact

_POLL_INTERVAL: Final = 0.2
_SHORT_LIFE: Final = 5.0
_LONGEST_PAUSE: Final = 30.0
_LONGEST_START: Final = 60.0
_CLOSING: Final = 15.0
_LONGEST_SENTENCE: Final = 4096
_READY: Final = b"ready"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """The start parameters of a worker; they have to pass through a pipe.

    Attributes:
        source: The settings file with its content, so that all workers read the same; ``None`` when there is none.
        log_level: As it was named on the command line.
        read_only: Write nothing, whatever the settings allow.
        listen: The address of the socket, whatever the settings say by now.
        listening: The socket.
        drain_seconds: How long a worker may take to end.
        workers: How many there are.
        replaces: Another worker serves until this one does, so it takes no store that cannot be opened.
    """

    source: SettingsFile | None
    log_level: str | None
    read_only: bool
    listen: str
    listening: socket.socket
    drain_seconds: float
    workers: int
    replaces: bool = False


@dataclass(slots=True)
class _Worker:
    """A worker process and what it has said of its start: nothing, that it is ready, or why it cannot serve."""

    process: BaseProcess
    pipe: Connection
    ready: bool = False
    problem: str | None = None
    born: float = field(default_factory=time.monotonic)

    def has_started(self) -> bool:
        """Whether it is known by now if the worker serves."""
        if self.ready or self.problem is not None:
            return True
        with suppress(OSError):
            if self.pipe.poll():
                self._read()
        return self.ready or self.problem is not None

    def _read(self) -> None:
        try:
            message = self.pipe.recv_bytes(_LONGEST_SENTENCE)
        except EOFError:  # the end of a pipe is readable too
            # The status is known only after the process has ended.
            self.process.join(_SHORT_LIFE)
            self.problem = f"it ended with status {self.process.exitcode} before it took requests"
        else:
            self.ready = message == _READY
            self.problem = None if self.ready else message.decode("utf-8", "replace")


class Supervisor:
    """Starts workers, starts dead ones again, replaces them on SIGHUP, and ends all of them together."""

    def __init__(self, config: WorkerConfig, find_settings: Callable[[], SettingsFile | None]) -> None:
        """Start nothing yet.

        Args:
            config: What the workers are started with.
            find_settings: Reads the settings anew for SIGHUP.
        """
        self._config = config
        self._find_settings = find_settings
        self._workers: list[_Worker] = []
        self._signals: list[int] = []
        self._pause = 0.0

    def run(self) -> None:
        """Watch until a signal asks to end; SIGHUP puts a new worker into the place of each."""
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        for number in (getattr(signal, name) for name in names if hasattr(signal, name)):
            # A handler runs between any two instructions, so it only notes what came.
            signal.signal(number, lambda received, _frame: self._signals.append(received))
        self._workers = [_start(self._config) for _ in range(self._config.workers)]
        while not self._end_requested():
            if self._signals:
                self._signals.clear()
                self._reload()
            # Wakes at once when a worker dies; signals are looked for at the end of each interval.
            connection.wait([worker.process.sentinel for worker in self._workers], timeout=_POLL_INTERVAL)
            self._replace_dead_workers()
            active_children()  # buries those that were replaced and have ended
        self._end_all()

    def _end_requested(self) -> bool:
        return any(number != getattr(signal, "SIGHUP", None) for number in self._signals)

    def _replace_dead_workers(self) -> None:
        for index, worker in enumerate(self._workers):
            if worker.process.is_alive():
                continue
            worker.has_started()
            why = worker.problem or f"it ended with status {worker.process.exitcode}"
            _log.error("Another worker is started in the place of %s: %s.", worker.process.pid, why.rstrip("."))
            self._wait_after(worker)
            if not self._signals:
                self._workers[index] = _start(self._config)

    def _wait_after(self, worker: _Worker) -> None:
        """Pause before the next attempt where workers die as soon as they live."""
        short = time.monotonic() - worker.born < _SHORT_LIFE
        # Settings that break every worker must not keep the machine busy.
        self._pause = min(max(2 * self._pause, 0.5), _LONGEST_PAUSE) if short else 0.0
        self._wait_until(lambda: bool(self._signals), self._pause)

    def _reload(self) -> None:
        """Replace one worker after the other by one with today's settings, each only when its successor serves.

        The first successor tries the settings. If they cannot be used, nothing has been replaced yet.
        """
        try:
            config = replace(self._config, source=self._find_settings(), replaces=True)
        except DragomanError as error:
            _log_kept(str(error))
            return
        for index, old in enumerate(self._workers):
            new = _start(config)
            # A successor that hangs is given up, and the old worker goes on.
            self._wait_until(partial(self._is_decided, new), _LONGEST_START)
            if not new.ready or self._end_requested():
                new.process.terminate()
                if not self._end_requested():
                    _log_kept(new.problem or f"a new worker took no requests within {_LONGEST_START:g} seconds")
                return
            self._config = replace(config, replaces=False)
            self._workers[index] = new
            # Only now: until its successor serves, the old one takes requests.
            old.process.terminate()

    def _is_decided(self, worker: _Worker) -> bool:
        return worker.has_started() or self._end_requested()

    def _wait_until(self, done: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            time.sleep(min(_POLL_INTERVAL, max(0.0, end - time.monotonic())))

    def _end_all(self) -> None:
        """End all workers; calls under way have their time, unless SIGINT comes again."""
        for worker in self._workers:
            worker.process.terminate()
        received = len(self._signals)

        def done() -> bool:
            ended = not any(worker.process.is_alive() for worker in self._workers)
            return ended or signal.SIGINT in self._signals[received:]

        self._wait_until(done, self._config.drain_seconds + _CLOSING)
        for worker in self._workers:
            worker.process.kill()


def _log_kept(problem: str) -> None:
    """Say in one line why the new settings are not used."""
    reason = "; ".join(problem.rstrip(".").splitlines())
    _log.error("The settings were not reloaded, and the server goes on with those it has: %s.", reason)


def _start(config: WorkerConfig) -> _Worker:
    # A forked copy of a process with threads and open pipes may hang.
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(config, sending), name="dragoman")
    process.start()
    # The worker alone holds this end now, so its death ends the pipe.
    sending.close()
    return _Worker(process, receiving)


def work(config: WorkerConfig, pipe: Connection) -> None:
    """Run a worker process; if it cannot serve, the supervisor gets the reason as a sentence."""
    gc.disable()  # as in dragoman_server.transports.stdio.command: imports make what lives as long as the process
    # Looking for plugins reads the metadata of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from dragoman_server.runtime import log, startup_checks  # noqa: PLC0415  # not in the process that only watches
    from dragoman_server.runtime.process import run  # noqa: PLC0415  # as above
    from dragoman_server.transports.http.process import worker  # noqa: PLC0415  # as above

    gc.freeze()
    gc.enable()
    log.set_up(config.log_level)
    try:
        settings = startup_checks.check(config.source, read_only=config.read_only)
        http = startup_checks.http_settings(settings, config.listen, config.workers)
        if config.replaces:
            startup_checks.require_stores(settings)
    except (DragomanError, OSError) as error:
        with suppress(OSError):
            pipe.send_bytes(redact(str(error)).encode("utf-8", "replace")[:_LONGEST_SENTENCE])
        sys.exit(2)
    parent = parent_process()

    def orphaned() -> None:
        if parent is not None:
            parent.join()

    def ready() -> None:
        with suppress(OSError):
            pipe.send_bytes(_READY)

    async def main() -> None:
        await worker.serve(settings, http, config.listening, ready=ready, orphaned=orphaned)

    run(main)
