"""Files as they lie on disk: one file, a compressed one, and a folder."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from dragoman.archives.notes import Notes
from dragoman.archives.sources.container import Container, Entry, Progress, is_junk, readable_name
from dragoman.archives.sources.streams import Decompressed, Section, buffered
from dragoman.core.safe_text import sentence

_DATABASE: Final = b"SQLite format 3\x00"
_LOG: Final = "-wal"
_SMALL: Final = 64 << 10


class SingleFile(Container):
    """One file; of a database also the log beside it, which holds its latest changes.

    Args:
        raw: The file, seekable; closed with the container.
        path: Where it lies; ``None`` for a temporary copy.
        label: How the user knows it.
        depth: How many archives are around it.
        notes: Where damage is told.
        progress: Counts the bytes that are read.
        kind: How it is compressed.
    """

    def __init__(
        self, raw: BinaryIO, path: Path | None, label: str, depth: int, notes: Notes, progress: Progress, kind: str = ""
    ) -> None:
        super().__init__(label, depth, notes)
        self._raw = raw
        self._path = path
        self._progress = progress
        self._kind = kind
        self._log = self._log_beside()

    @property
    def name(self) -> str:
        """The folder that holds it on disk: there many exports say what a file is about."""
        return (self._path.absolute().parent.name if self._path else "") or super().name

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def entries(self) -> Iterator[Entry]:
        """The file, and the log."""
        size = self._raw.seek(0, os.SEEK_END)
        name = readable_name(Path(self.label).name or self.label)
        if self._kind:
            yield Entry(readable_name(self.name), -1, packed=size)
            return
        yield Entry(name, size, packed=size)
        if self._log is not None:
            size = self._log.stat().st_size
            yield Entry(f"{name}{_LOG}", size, packed=size)

    def open(self, entry: Entry) -> BinaryIO:
        """The content of either."""
        if self._log is not None and entry.name.endswith(_LOG):
            return buffered(Section(self._log.open("rb"), 0, None, self._progress.count, owned=True))
        section = Section(self._raw, 0, entry.packed, self._progress.count)
        return buffered(Decompressed(section, self._kind, self.label, self.notes) if self._kind else section)

    def label_of(self, path: str) -> str:
        """It is known by its own path."""
        del path
        return self.label

    def path_of(self, entry: Entry) -> Path | None:
        """Where it lies, unless it is compressed."""
        return self._log if entry.name.endswith(_LOG) and self._log else None if self._kind else self._path

    def _log_beside(self) -> Path | None:
        if self._path is None or self._kind:
            return None
        self._raw.seek(0)
        log = self._path.with_name(f"{self._path.name}{_LOG}")
        return log if self._raw.read(len(_DATABASE)) == _DATABASE and log.is_file() else None


class DiskFolder(Container):
    """The regular files of a folder at any depth. Links are not followed, devices and pipes not opened."""

    def __init__(self, path: Path, label: str, notes: Notes, progress: Progress) -> None:
        super().__init__(label, 0, notes)
        self._path = path
        self._root = os.path.join(path, "")  # noqa: PTH118 - with the separator behind it
        self._progress = progress
        self._odd_names: dict[str, str] = {}

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self._path.resolve().name

    def close(self) -> None:
        """Each file is closed when it was read."""

    def entries(self) -> Iterator[Entry]:
        """The files, folder by folder."""
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            found: list[str] = []
            for item in self._scan(folder):
                name = f"{folder}/{item.name}" if folder else item.name
                if is_junk(name):
                    continue
                if item.is_symlink():
                    self.notes.skip("a link", self.label_of(name))
                elif item.is_dir(follow_symlinks=False):
                    found.append(name)
                else:
                    status = item.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode):
                        size = status.st_size
                        yield Entry(self._readable(name), size, packed=size, changed=status.st_mtime_ns)
                    else:
                        self.notes.skip("a device or a pipe", self.label_of(name))
            # Reversed, because the last one is taken next.
            waiting.extend(sorted(found, reverse=True))

    def open(self, entry: Entry) -> BinaryIO:
        """The content of a file; a small one is read at once, for folders are met that hold a million of them."""
        try:
            raw = open(f"{self._root}{self._odd_names.get(entry.name, entry.name)}", "rb")  # noqa: PTH123, SIM115 - a Path takes as long as the rest; closed below or with the section
            data = _read_small(raw) if entry.size <= _SMALL else None
        except OSError as error:
            self.notes.skip(sentence("a file that cannot be read ({})", error.strerror), self.label_of(entry.name))
            return io.BytesIO()
        if data is None:
            return buffered(Section(raw, 0, None, self._progress.count, owned=True))
        self._progress.count(len(data))
        return io.BytesIO(data)

    def path_of(self, entry: Entry) -> Path | None:
        """Where the file lies."""
        return self._path_of(entry.name)

    def location_of(self, path: str) -> str:
        """Where a file lies, by its name on disk."""
        return f"{self.label}/{self._odd_names.get(path, path)}"

    def _readable(self, name: str) -> str:
        readable = readable_name(name)
        if readable != name:
            self._odd_names[readable] = name
        return readable

    def _path_of(self, name: str) -> Path:
        return self._path / self._odd_names.get(name, name)

    def _scan(self, folder: str) -> Iterator[os.DirEntry[str]]:
        """What lies in a folder, one by one: the items of a large one remember more than memory should hold."""
        try:
            with os.scandir(self._path / folder) as items:
                yield from items
        except OSError as error:
            self.notes.skip(sentence("a folder that cannot be read ({})", error.strerror), self.label_of(folder))


def _read_small(raw: BinaryIO) -> bytes | None:
    """All of a small file, which is closed then; ``None`` where it has grown since it was listed."""
    data = b""
    try:
        data = raw.read(_SMALL + 1)
    finally:
        if len(data) <= _SMALL:
            raw.close()
    return data if len(data) <= _SMALL else None
