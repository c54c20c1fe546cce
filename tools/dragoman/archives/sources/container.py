"""What holds files: a folder, a zip file, a tar file, or a single file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from dragoman.archives.notes import Notes

DEEPEST: Final = 2
"""How many archives may lie in one another below the one that the user names."""

_JUNK: Final = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"})


class Entry(NamedTuple):
    """A file of a container.

    Attributes:
        name: Its path within the container, with ``/`` between the steps.
        size: Bytes of its content; -1 when unknown.
        position: Where it begins within the container.
        packed: Bytes that it takes there.
        method: How it is compressed.
        checksum: CRC-32 of the content.
        changed: When it was last changed, in nanoseconds since 1970; 0 when unknown.
    """

    name: str
    size: int
    position: int = 0
    packed: int = 0
    method: int = 0
    checksum: int = 0
    changed: int = 0


class Progress:
    """Counts the bytes that are read from the user's files.

    Attributes:
        bytes_read: All of them, also those that are read twice.
    """

    def __init__(self) -> None:
        self.bytes_read = 0

    def count(self, number: int) -> None:
        """Add bytes."""
        self.bytes_read += number


class Container(ABC):
    """What holds files.

    Args:
        label: How the user knows it.
        depth: How many archives are around it.
        notes: Where members that cannot be taken are counted.
    """

    def __init__(self, label: str, depth: int, notes: Notes) -> None:
        self.label = label
        self.depth = depth
        self.notes = notes

    @property
    def name(self) -> str:
        """Its own name without folders and ending."""
        return Path(self.label).stem or self.label

    @abstractmethod
    def entries(self) -> Iterator[Entry]:
        """All files, in the container's order."""

    @abstractmethod
    def open(self, entry: Entry) -> BinaryIO:
        """The content of a file from its beginning, decompressed. Damage ends it with a note."""

    def label_of(self, path: str) -> str:
        """How the user knows a file or folder of it."""
        return f"{self.label}/{path}" if path else self.label

    def location_of(self, path: str) -> str:
        """Where a file or folder of it lies, for an address."""
        return self.label_of(path)

    def path_of(self, entry: Entry) -> Path | None:
        """Where a file lies on disk as it is; ``None`` when it lies within another file."""
        del entry
        return None

    @abstractmethod
    def close(self) -> None:
        """Close what is open; nothing can be read after it."""


class ArchiveFile(Container):
    """A container that is one file, such as a zip or tar file.

    Args:
        raw: The file, seekable; closed with the container.
        label: See :class:`Container`.
        depth: See there.
        notes: See there.
        progress: Counts the bytes that are read.
    """

    def __init__(self, raw: BinaryIO, label: str, depth: int, notes: Notes, progress: Progress) -> None:
        super().__init__(label, depth, notes)
        self._raw = raw
        self._progress = progress

    def close(self) -> None:
        """Close the file."""
        self._raw.close()


def safe_name(name: str) -> str | None:
    """A member's name with ``/`` between its steps; ``None`` when it points out of the archive.

    Nothing is ever written under that name. A name that climbs is refused all the same, for it was made to do harm.
    """
    plain = name.replace("\\", "/").replace("\x00", "")
    if plain.startswith("/") or (plain[1:2] == ":" and plain[:1].isalpha()):
        return None
    steps = [step for step in plain.split("/") if step not in ("", ".")]
    return "/".join(steps) if steps and ".." not in steps else None


def readable_name(name: str) -> str:
    """A name that can be stored and shown: bytes that are no UTF-8 are written out in hexadecimal digits."""
    if name.isascii():
        return name
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def is_junk(name: str) -> bool:
    """Whether a file is what an operating system leaves beside the user's files."""
    steps = name.split("/")
    # macOS puts a file of this kind beside each one where it cannot keep attributes.
    return steps[-1].startswith("._") or not _JUNK.isdisjoint(steps)
