"""The process that reads archives: it opens them, makes rows of what they hold, and sends these to its parent."""

from __future__ import annotations

import gc
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, BinaryIO, Final

from dragoman.archives.format import StoredId
from dragoman.archives.notes import Notes
from dragoman.archives.reader_process.frames import read_frame, write_frame
from dragoman.archives.reading import Archives, ReadRequest, open_archives
from dragoman.core.errors import DragomanError, Unavailable
from dragoman.core.safe_text import sentence
from dragoman.store.sql.messages.prepared import prepare

_log = logging.getLogger(__name__)

_NEW_OBJECTS: Final = 200_000
"""New objects before a garbage collection: those of about two batches."""

_MORE: Final = 0.2
_LESS: Final = 0.05
"""The way back is slow: a storing process that is behind costs more time than a reader that is for a moment."""

_WAITING: Final = 0.1
"""Share of the time: a reader that waits longer for its parent has time to do more of the work."""


def main() -> None:
    """Read what the first frame asks for."""
    gc.set_threshold(_NEW_OBJECTS)
    # A copy of stdout is kept for frames, before stdout itself is led to stderr.
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a format prints must not come between the frames
    _, (request, size), _ = read_frame(incoming)
    reader = _Reader(incoming, outgoing)
    try:
        reader.run(request, size)
    except (DragomanError, OSError) as error:
        reader.send("failed", error)
    except Exception as error:  # noqa: BLE001  # the boundary: the parent says it
        _log.debug("The reader failed.", exc_info=True)
        failure = sentence("The archives cannot be read ({}).", type(error).__name__)
        reader.send("failed", Unavailable(failure, hint="Another version of Dragoman may read them."))
    os._exit(0)  # an orderly end would wait for the thread that listens, and complain about it


class _Reader:
    """Sends what it reads to the parent, and ends with it."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._outgoing = outgoing
        self._answers: SimpleQueue[Any] = SimpleQueue()
        self._results: SimpleQueue[Any] = SimpleQueue()
        self._found: Archives | None = None
        Thread(target=self._listen, args=(incoming,), daemon=True).start()

    def run(self, request: ReadRequest, size: int) -> None:
        """Read everything.

        Args:
            request: What to read.
            size: Items of a batch.

        Raises:
            DragomanError: Nothing can be read.
        """
        notes = Notes()
        with open_archives(request, notes, self._stored, self._elsewhere) as found:
            self._found = found
            self.send("opened", (found.size, found.gives_late))
            self._send_batches(found, size, notes)
            self.send("end", notes)

    def send(self, word: str, value: object, rows: object = None) -> None:
        """Send a frame."""
        write_frame(self._outgoing, word, value, rows)

    def _send_batches(self, found: Archives, size: int, notes: Notes) -> None:
        share = 0.5
        started = time.monotonic()
        while (made := self._send_batch(found, size, notes, share)) is not None:
            ended = time.monotonic()
            # Whoever waits for the other one makes the columns of the index.
            ahead = ended - made > _WAITING * (ended - started)
            share = min(max(share + (_MORE if ahead else -_LESS), 0), 1)
            started = ended

    def _send_batch(self, found: Archives, size: int, notes: Notes, share: float) -> float | None:
        """Send the next rows, of which nothing is held afterwards; when they were made, ``None`` at the end."""
        items = found.next_batch(size)
        if not items:
            return None
        batch = prepare(items, indexed=share)
        items.clear()
        about = [(group.conversation, group.described) for group in batch.groups]
        made = time.monotonic()
        self.send("batch", (batch.authors, about, found.position, notes), [group.columns for group in batch.groups])
        return made

    def _stored(self, prefix: str) -> Iterator[StoredId]:
        """Ask the parent what is stored."""
        self.send("stored", prefix)
        while part := self._answers.get():
            yield from part

    def _elsewhere(self, function: Callable[[Any], object], argument: object) -> Callable[[], Any]:
        """Have the parent call a function, which has nothing else to do while it waits for rows."""
        self.send("call", (function, argument))
        return self._result

    def _result(self) -> Any:
        result = self._results.get()
        if isinstance(result, Exception):
            raise result
        return result

    def _listen(self, incoming: BinaryIO) -> None:
        """Take the parent's answers; without the parent there is nothing to do."""
        try:
            for word, answer, _ in iter(partial(read_frame, incoming), None):
                if word == "result":
                    self._results.put(answer)
                elif word != "stop":
                    self._answers.put(answer)
                elif self._found is not None:
                    self._found.stop()
        finally:
            # The parent is gone; a thread cannot end the process in any other way.
            os._exit(1)
