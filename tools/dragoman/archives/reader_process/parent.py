"""The side of the process that stores: starts a reader, takes its batches, and ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from itertools import islice
from threading import Lock
from typing import IO, Any, Final

from dragoman.archives.format import StoredIds
from dragoman.archives.notes import Notes
from dragoman.archives.reader_process.frames import read_frame, write_frame
from dragoman.archives.reading import ReadRequest
from dragoman.core.errors import Unavailable
from dragoman.core.safe_text import sentence
from dragoman.store.sql.messages.prepared import PreparedBatch, PreparedGroup

_MALLOC: Final = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
"""Has glibc give back what large values took; else each thread keeps the memory of its largest ones."""

_PIPE: Final = 1 << 20
_SET_PIPE_SIZE: Final = 1031  # F_SETPIPE_SZ of Linux
_IDS: Final = 10_000
_COMMAND: Final = (
    "import sys; sys.path[:] = sys.argv[1:]; from dragoman.archives.reader_process.child import main; main()"
)
"""The child finds modules where this process does."""


class ReaderProcess:
    """The archives of one import, read by another process. It is asked as :class:`Archives` is.

    Args:
        child: The process.
        notes: Takes over what the reader notes.
        stored: Ids of the messages that are stored already.
    """

    def __init__(self, child: subprocess.Popen[bytes], notes: Notes, stored: StoredIds) -> None:
        self._child = child
        self._notes = notes
        self._stored = stored
        self._sending = Lock()
        self.size = self.position = 0
        self.gives_late = False

    def begin(self, request: ReadRequest, batch: int) -> None:
        """Have reading begun, without waiting for anything.

        Args:
            request: What to read.
            batch: Items that come together.
        """
        # A process that has ended already is found out by whoever waits for what it read.
        with suppress(OSError, ValueError):
            self._write("read", (request, batch))

    def open(self) -> None:
        """Wait until the archives are open.

        Raises:
            DragomanError: Nothing can be read.
        """
        self.size, self.gives_late = self._receive()[1]

    def stop(self) -> None:
        """Have nothing more read. What was read and not given yet is still given."""
        self._send("stop")

    def next_batch(self) -> PreparedBatch | None:
        """The next rows, ``None`` at the end.

        Raises:
            DragomanError: The archives cannot be read, or the process has ended.
        """
        word, value, rows = self._receive()
        if word == "end":
            self._take(value)
            return None
        authors, about, self.position, notes = value
        self._take(notes)
        groups = [
            PreparedGroup(conversation, described, of_one)
            for (conversation, described), of_one in zip(about, rows, strict=True)
        ]
        return PreparedBatch(authors, groups)

    def _receive(self) -> tuple[str, Any, Any]:
        """The next frame that asks for nothing."""
        while True:
            try:
                word, value, rows = read_frame(_pipe(self._child.stdout))
            except (EOFError, OSError, ValueError):
                raise self._ended_early() from None
            if word == "failed":
                raise value
            if word == "stored":
                ids = self._stored(value)
                # In parts, because a store may hold millions of ids.
                while part := list(islice(ids, _IDS)):
                    self._send("part", part)
                self._send("part", [])
            elif word == "call":
                # After an earlier mistake the reader may have ended; what it sent before tells how.
                with suppress(OSError, ValueError):
                    self._write("result", _outcome(*value))
            else:
                return word, value, rows

    def _send(self, word: str, value: object = None) -> None:
        try:
            self._write(word, value)
        except (OSError, ValueError):
            raise self._ended_early() from None

    def _write(self, word: str, value: object) -> None:
        # A stop comes from another thread, and must not fall into the middle of a frame.
        with self._sending:
            write_frame(_pipe(self._child.stdin), word, value)

    def _take(self, notes: Notes) -> None:
        self._notes.reasons, self._notes.sentences = notes.reasons, notes.sentences

    def _ended_early(self) -> Unavailable:
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(1)
        status = self._child.returncode
        names = {int(one): one.name for one in signal.Signals}
        reason = names.get(-status, f"status {status}") if status else "no status"
        return Unavailable(
            sentence("The process that reads the archives ended too early ({}).", reason),
            hint="Memory may have run out. Run the same command again.",
        )

    def end(self) -> None:
        """End the process, also in the middle."""
        self._child.kill()
        for pipe in (self._child.stdin, self._child.stdout):
            with suppress(OSError):
                _pipe(pipe).close()
        self._child.wait()


@contextmanager
def reader_process(notes: Notes, stored: StoredIds) -> Generator[ReaderProcess]:
    """Start a process that is to read, without waiting until it is ready, and end it.

    Args:
        notes: Takes over what the reader notes.
        stored: Ids of the messages that are stored already.
    """
    # In a session of its own, Ctrl-C in a terminal reaches only this process, which ends the other one in order.
    child = subprocess.Popen(  # noqa: S603 - our own program
        # -P: nothing is imported from the working folder, which may be the archive itself.
        [sys.executable, "-P", "-c", _COMMAND, *sys.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, **_MALLOC},
    )
    reader = ReaderProcess(child, notes, stored)
    try:
        _enlarge(_pipe(child.stdout))
        yield reader
    finally:
        reader.end()


def _outcome(function: Callable[[Any], object], argument: object) -> object:
    """What a function gives or raises."""
    try:
        return function(argument)
    except Exception as error:  # noqa: BLE001  # the boundary: it is raised in the process that asked
        return error


def _pipe(pipe: IO[bytes] | None) -> Any:
    if pipe is None:
        raise OSError("the process has no pipe")
    return pipe


def _enlarge(pipe: IO[bytes]) -> None:
    """Let the pipe hold more, where the system can: the reader waits less."""
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415  # not on every system

        with suppress(OSError):
            fcntl.fcntl(pipe, _SET_PIPE_SIZE, _PIPE)
