"""Notices what others do to the file of an open store.

Every write through SQLite, of whichever program, counts in :class:`ChangeCounter`. A file that was put in place of the
open one has another :func:`identity`. :class:`MainFile` finds what was written past SQLite, as by ``cp`` over the file.
SQLite cannot notice that: its locks are untouched, and it goes on with the -wal file and with what it has in memory.
Both would be mixed into the other content. While a store is open, its main file changes by checkpoints only. So
whenever it has changed, it is compared with what a checkpoint can make of it. What is in the -wal file is left aside
for that.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import apsw

from dragoman.core.safe_text import sentence
from dragoman.store.sqlite import open_file
from dragoman.store.sqlite.connection import Connection

_HEADER: Final = 100
_WAL_HEADER: Final = 32
_FRAME_HEADER: Final = 24
_SETTLING: Final = 0.05  # seconds; a checkpoint writes its pages one right after the other

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Content:
    """What tells one state of the main file from another.

    Attributes:
        size_and_time: As the system tells them.
        header: The first bytes: number of changes, number of pages and the like.
        log: The header of the -wal file, and how many of its frames a checkpoint has moved. An empty one has a
            number in place of the frames that every commit changes: it may have been filled and emptied.
        key: A random value that each store has of its own.
        counters: The last numbers that tables have given; they never decrease.
    """

    size_and_time: tuple[int, int]
    header: bytes = b""
    log: tuple[bytes, int] = (b"", 0)
    key: object = None
    counters: Mapping[str, int] = field(default_factory=dict[str, int])


def identity(path: Path | None) -> tuple[int, int] | None:
    """Which file is at a path now, ``None`` when none is."""
    try:
        found = None if path is None else os.stat(path)  # noqa: PTH116 - asked before every read: twice as fast
    except FileNotFoundError:
        return None
    return None if found is None else (found.st_dev, found.st_ino)


class ChangeCounter:
    """A connection of its own that reads ``PRAGMA data_version``.

    That takes microseconds: SQLite looks at memory that all programs with the file share.
    """

    def __init__(self, path: Path, patience: float) -> None:
        """Open it. Blocks for as long as opening a file does.

        Raises:
            apsw.Error: As SQLite fails.
        """
        self._connection: Connection | None = open_file.open_reader(path, patience)
        self._connection.set_busy_handler(None)
        self._using = threading.Lock()
        self._same: tuple[int, int] | None = None  # a version, and the earlier one that it is told as

    def version(self) -> int | None:
        """A number that changes with every write of any program; ``None`` when it cannot be read at once."""
        version, same = self._read(), self._same
        return same[1] if same is not None and version == same[0] else version

    def mark(self, writer: Connection) -> tuple[int | None, int]:
        """What :meth:`keep` asks for, at the beginning of a transaction that nobody else can write in."""
        return self.version(), _writes_of_others(writer)

    def keep(self, writer: Connection, before: tuple[int | None, int]) -> None:
        """Have the version stay what it was before a transaction, unless somebody else has written since."""
        written = self._read()
        # Asked last: who wrote before ``written`` was read is noticed here.
        if before[0] is not None and written is not None and _writes_of_others(writer) == before[1]:
            self._same = written, before[0]

    def _read(self) -> int | None:
        if not self._using.acquire(blocking=False):
            return None
        try:
            return None if self._connection is None else self._connection.execute("PRAGMA data_version").get
        except apsw.Error:
            return None
        finally:
            self._using.release()

    def close(self) -> None:
        """Close the connection."""
        with self._using:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()


def _writes_of_others(connection: Connection) -> int:
    """A number that changes with every write through another connection."""
    return int(connection.execute("PRAGMA data_version").get)


class MainFile:
    """The main file of a store that is open for writing. Any number of threads may ask."""

    def __init__(self, path: Path) -> None:
        """Remember what the file holds now. Blocks for as long as opening a file does."""
        self._path = path
        self._lock = threading.Lock()
        self._log_reader = open_file.open_reader(path, 0.0)
        self._key = _marks(self._log_reader)[0]
        self.overwritten = False
        self._known = self._first_content(os.stat(path))  # noqa: PTH116 - as above

    def close(self) -> None:
        """Close what it reads with."""
        with self._lock:
            self._log_reader.close()

    def is_own(self) -> bool:
        """Whether the file holds what this store wrote; once it does not, it never does again."""
        found = os.stat(self._path)  # noqa: PTH116 - as above
        if not self.overwritten and (found.st_size, found.st_mtime_ns) == self._known.size_and_time:
            return True
        with self._lock:
            if not self.overwritten:
                self._compare(found)
            return not self.overwritten

    def _compare(self, found: os.stat_result) -> None:
        content = self._settled(found)
        if content is not None and not self._can_follow(content):
            # A checkpoint that is under way mixes old and new pages, which look like another store's: look once more.
            time.sleep(_SETTLING)
            content = self._settled(os.stat(self._path), content)  # noqa: PTH116 - as above
        if content is None:
            return  # in the middle of a checkpoint; the next call looks again
        if self._can_follow(content):
            self._known = content
        else:
            self._give_up()

    def _settled(self, found: os.stat_result, before: _Content | None = None) -> _Content | None:
        """What the file holds; ``None`` while it changes, or when it has changed since ``before``."""
        try:
            content = self._read(found)
            if self._log_state() != content.log:
                return None  # pages and log were read on two sides of the end of a checkpoint
        except apsw.NotADBError:
            content = _Content((found.st_size, found.st_mtime_ns), key="")
        except (apsw.Error, OSError):
            return None
        return content if before is None or before.size_and_time == content.size_and_time else None

    def _can_follow(self, content: _Content) -> bool:
        """Whether a checkpoint can have turned the known content into this one."""
        known = self._known
        if content.key not in (None, self._key):
            return False
        if any(content.counters.get(name, count) < count for name, count in known.counters.items()):
            return False
        if content.log != known.log or known.header in (b"", content.header):
            return True
        # No checkpoint has ended. One may be under way, or its process is gone: then the first page is one of the log.
        return content.header in self._logged_headers()

    def _first_content(self, found: os.stat_result) -> _Content:
        try:
            return self._read(found)
        except (apsw.Error, OSError):
            # A checkpoint is under way, or was cut off by a crash. The file makes sense together with its -wal file,
            # and nothing is known of it alone.
            return _Content((found.st_size, found.st_mtime_ns), log=self._log_state())

    def _read(self, found: os.stat_result) -> _Content:
        size_and_time = (found.st_size, found.st_mtime_ns)
        log = self._log_state()
        if found.st_size < _HEADER:
            return _Content(size_and_time, log=log)
        with closing(open_file.open_aside(self._path)) as connection:
            return _Content(size_and_time, self._header(), log, *_marks(connection))

    def _header(self) -> bytes:
        # Through SQLite: closing a file of our own would release the locks that it holds on it.
        file = apsw.VFSFile("", str(self._path), [apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_MAIN_DB, 0])
        try:
            return file.xRead(_HEADER, 0)
        finally:
            file.xClose()

    def _log_state(self) -> tuple[bytes, int]:
        _, moved = self._log_reader.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
        header = b""
        with suppress(OSError), self._log_path.open("rb") as file:
            header = file.read(_WAL_HEADER)
        return (header, moved) if header else (b"", int(self._log_reader.execute("PRAGMA data_version").get))

    def _logged_headers(self) -> Iterator[bytes]:
        """The first bytes of the first page in all states that the -wal file holds."""
        with suppress(OSError), self._log_path.open("rb") as file:
            page_size = int.from_bytes(file.read(_WAL_HEADER)[8:12])
            while len(frame := file.read(_FRAME_HEADER)) == _FRAME_HEADER:
                page = file.read(page_size)
                if int.from_bytes(frame[:4]) == 1:
                    yield page[:_HEADER]

    @property
    def _log_path(self) -> Path:
        return Path(f"{self._path}-wal")

    def _give_up(self) -> None:
        """Keep the -wal file away from the other content, to which it does not belong."""
        self.overwritten = True
        aside = Path(f"{self._path}-wal.{time.time_ns()}")
        message = sentence("{} was overwritten while it was open, and nothing more is written to it.", self._path)
        try:
            self._log_path.rename(aside)
        except FileNotFoundError:  # another process was first
            _log.error("%s", message)  # the trace says nothing
        except OSError:
            _log.error("%s Delete %s before it is opened again.", message, self._log_path)  # likewise
        else:
            _log.error("%s The last writes to the store before are in %s.", message, aside)


def _marks(connection: Connection) -> tuple[object, dict[str, int]]:
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    key: object = None
    if "meta" in names:
        key = connection.execute("SELECT value FROM meta WHERE key = 'cursor_key'").get
    if "sqlite_sequence" not in names:
        return key, {}
    return key, {str(name): int(count) for name, count in connection.execute("SELECT name, seq FROM sqlite_sequence")}
