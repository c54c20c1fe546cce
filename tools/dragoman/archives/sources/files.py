"""What a format reads: its files and folders, with what lies beside them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

from dragoman.archives.head import SIZE as HEAD_SIZE
from dragoman.archives.head import Head
from dragoman.archives.notes import Notes
from dragoman.archives.sources.container import Container
from dragoman.archives.sources.index import FileIndex, Row, entry_of

# An archive decides how many files a folder has, so memory needs a bound.
_LISTED: Final = 1000


@dataclass(frozen=True)
class File:
    """A file of an archive."""

    _index: FileIndex
    _row: Row

    @property
    def name(self) -> str:
        """Its own name, without folders."""
        return self._row[3]

    @property
    def path(self) -> str:
        """Its path within its container."""
        return entry_of(self._row).name

    @property
    def size(self) -> int | None:
        """Bytes of its content, where that is known before it is read."""
        return self._row[4] if self._row[4] >= 0 else None

    @property
    def checksum(self) -> int:
        """CRC-32 of its content as the archive tells it; 0 when it does not."""
        return self._row[8]

    @property
    def changed(self) -> int:
        """When it was last changed, in nanoseconds since 1970; 0 when unknown."""
        return self._row[9]

    @property
    def label(self) -> str:
        """How the user knows it: the path that they gave, and the path within."""
        return self.container.label_of(self.path)

    @property
    def reference(self) -> str:
        """A ``file:`` address of where it lies, for attachments that stay in the archive."""
        place = self.container.location_of(self.path)
        return f"file:{quote(place.encode('utf-8', 'surrogateescape'))}"

    @property
    def folder(self) -> Folder:
        """The folder that holds it."""
        return Folder(self._index, self._row[1], self._row[2])

    @property
    def container(self) -> Container:
        """What holds it."""
        return self._index.containers[self._row[1]]

    def head(self) -> Head:
        """Its beginning."""
        if self.size == 0:
            return Head(name=self.name)
        with self.open() as content:
            return Head(content.read(HEAD_SIZE), self.name)

    def open(self) -> BinaryIO:
        """Its content from the beginning; damage ends it with a note."""
        return self.container.open(entry_of(self._row))

    def take(self, taker: str) -> None:
        """Note that a format reads it."""
        self._index.take_file(self._row[0], taker)

    def beside(self, path: str) -> File | None:
        """A file by its path from this one's folder."""
        return self.folder.file(path)

    @contextmanager
    def on_disk(self, *endings: str) -> Generator[Path]:
        """The path of the file itself, or of a temporary copy, for readers that need one.

        Args:
            *endings: What is added to its name for files that belong to it; those that lie beside it are copied too.
        """
        place = self.container.path_of(entry_of(self._row))
        if place is not None:
            yield place
            return
        with tempfile.TemporaryDirectory(prefix="dragoman-") as folder:
            copy = Path(folder, "copy")
            for ending in ("", *endings):
                file = self.beside(f"{self.name}{ending}")
                if file is not None:
                    with file.open() as content, copy.with_name(f"copy{ending}").open("wb") as target:
                        shutil.copyfileobj(content, target, 1 << 20)
            yield copy


@dataclass(frozen=True)
class Folder:
    """A folder of an archive.

    Attributes:
        path: Its path within its container; empty for the outermost.
    """

    _index: FileIndex
    _container: int
    path: str

    @property
    def name(self) -> str:
        """Its own name; the outermost folder is called as its container."""
        return self.path.rpartition("/")[2] or self._index.containers[self._container].name

    @property
    def label(self) -> str:
        """How the user knows it."""
        return self._index.containers[self._container].label_of(self.path)

    def take(self, taker: str) -> None:
        """Note that a format reads it and everything in it."""
        self._index.take_folder(self._container, self.path, taker)

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of the first thousand files directly in it."""
        return frozenset(row[3] for row in self._index.files(self._container, self.path, _LISTED))

    @cached_property
    def folder_names(self) -> frozenset[str]:
        """Names of the first thousand folders directly in it."""
        return frozenset(path.rpartition("/")[2] for path in self._index.folders(self._container, self.path, _LISTED))

    def files(self) -> Iterator[File]:
        """The files directly in it, by name."""
        return (File(self._index, row) for row in self._index.files(self._container, self.path))

    def folders(self) -> Iterator[Folder]:
        """The folders directly in it, by name."""
        return (Folder(self._index, self._container, path) for path in self._index.folders(self._container, self.path))

    def all_files(self) -> Iterator[File]:
        """The files in it at any depth, by folder and name."""
        return (File(self._index, row) for row in self._index.below(self._container, self.path))

    def folder(self, path: str) -> Folder:
        """A folder within it, which need not exist; ``..`` is the one around it."""
        steps = self.path.split("/") if self.path else []
        for step in path.split("/"):
            if step == "..":
                # At the root this changes nothing, so no path leads out of the container.
                steps = steps[:-1]
            elif step not in ("", "."):
                steps.append(step)
        return Folder(self._index, self._container, "/".join(steps))

    def file(self, path: str) -> File | None:
        """A file by its path from this folder."""
        folder, _, name = path.rpartition("/")
        place = self.folder(folder)
        row = self._index.find(self._container, place.path, name)
        return None if row is None else File(self._index, row)


class Source:
    """The files and folders that were recognised as one format.

    Attributes:
        notes: Where entries that are left out are counted.
    """

    def __init__(self, index: FileIndex, taker: str, notes: Notes) -> None:
        self._index = index
        self._taker = taker
        self.notes = notes

    def files(self) -> Iterator[File]:
        """The files that were recognised by themselves, by container, folder and name."""
        return (File(self._index, row) for row in self._index.taken_files(self._taker))

    def folders(self) -> Iterator[Folder]:
        """The folders that were recognised as a whole."""
        for container, path in self._index.taken_folders(self._taker):
            yield Folder(self._index, container, path)
