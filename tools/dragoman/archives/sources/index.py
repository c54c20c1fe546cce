"""The names of all files of all containers of an import, in a temporary database: a million of them take no memory."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from dragoman.archives.sources.container import Container, Entry
from dragoman.store.sqlite.scratch import open_scratch

_COLUMNS: Final = "number, container, folder, name, size, position, packed, method, checksum, changed"
_SCHEMA: Final = """
CREATE TABLE files(number INTEGER PRIMARY KEY, container INTEGER, folder TEXT, name TEXT, size INTEGER,
  position INTEGER, packed INTEGER, method INTEGER, checksum INTEGER, changed INTEGER,
  taken TEXT);
CREATE TABLE folders(container INTEGER, folder TEXT, parent TEXT, taken TEXT,
  PRIMARY KEY(container, folder)) WITHOUT ROWID;
CREATE INDEX by_parent ON folders(container, parent);
CREATE INDEX by_folder ON files(container, folder, name);
CREATE INDEX by_taker ON files(taken) WHERE taken IS NOT NULL;
"""

_UNPACKED: Final = 4
"""So many times as large is a text when it is unpacked, at the least."""

Row = tuple[int, int, str, str, int, int, int, int, int, int]
"""A file: its number, its container, its folder and name there, and the numbers of its :class:`Entry`."""


class FileIndex:
    """The files of an import.

    Attributes:
        containers: Those that were added, by their numbers.
    """

    def __init__(self) -> None:
        self.containers: list[Container] = []
        self._table = open_scratch(_SCHEMA)
        self._number = 0

    def add(self, container: Container) -> int:
        """Note all files of a container; its number."""
        number = len(self.containers)
        self.containers.append(container)
        statement = "INSERT INTO files VALUES(?,?,?,?,?,?,?,?,?,?,NULL)"
        self._table.executemany(statement, self._rows(container, number))
        return number

    def close(self) -> None:
        """Close all containers and drop the index."""
        for container in reversed(self.containers):
            container.close()
        self._table.close()

    def _rows(self, container: Container, number: int) -> Iterator[Row]:
        folders: set[str] = set()
        self._add_folder(number, "", folders)
        for entry in container.entries():
            folder, _, name = entry.name.rpartition("/")
            if folder not in folders:
                self._add_folder(number, folder, folders)
            self._number += 1
            yield self._number, number, folder, name, *_numbers(entry)

    def _add_folder(self, container: int, folder: str, known: set[str]) -> None:
        """Note a folder and those around it; ``known`` saves most look-ups."""
        if len(known) > 10_000:  # noqa: PLR2004 - bounds memory
            known.clear()
        while folder not in known:
            known.add(folder)
            parent = folder.rpartition("/")[0] if folder else None
            self._table.execute("INSERT OR IGNORE INTO folders VALUES(?,?,?,NULL)", (container, folder, parent))
            folder = parent or ""

    def folders(self, container: int, parent: str, most: int = -1) -> list[str]:
        """The folders directly within one, in order."""
        statement = "SELECT folder FROM folders WHERE container = ? AND parent = ? ORDER BY folder LIMIT ?"
        return [row[0] for row in self._table.execute(statement, (container, parent, most))]

    def files(self, container: int, folder: str, most: int = -1) -> Iterator[Row]:
        """The files directly within a folder, by name."""
        statement = f"SELECT {_COLUMNS} FROM files WHERE container = ? AND folder = ? ORDER BY name LIMIT ?"  # noqa: S608 - our own words
        return iter(self._table.execute(statement, (container, folder, most)))

    def below(self, container: int, folder: str) -> Iterator[Row]:
        """The files within a folder at any depth, by folder and name."""
        # `0` follows `/` in ASCII, so this is a range of the index.
        condition = "" if not folder else " AND (folder = ?2 OR (folder > ?2 || '/' AND folder < ?2 || '0'))"
        statement = f"SELECT {_COLUMNS} FROM files WHERE container = ?1{condition} ORDER BY folder, name"  # noqa: S608 - our own words
        return iter(self._table.execute(statement, (container, folder) if folder else (container,)))

    def find(self, container: int, folder: str, name: str) -> Row | None:
        """The file of that name."""
        statement = f"SELECT {_COLUMNS} FROM files WHERE container = ? AND folder = ? AND name = ? LIMIT 1"  # noqa: S608 - our own words
        row: Row | None = self._table.execute(statement, (container, folder, name)).fetchone()
        return row

    def take_file(self, number: int, taker: str) -> None:
        """Note which format a file is of."""
        self._table.execute("UPDATE files SET taken = ? WHERE number = ?", (taker, number))

    def take_folder(self, container: int, folder: str, taker: str) -> None:
        """Note which format a folder is of."""
        self._table.execute(
            "UPDATE folders SET taken = ? WHERE container = ? AND folder = ?", (taker, container, folder)
        )

    def taken_files(self, taker: str) -> Iterator[Row]:
        """The files of a format, in the order of their containers, folders and names."""
        statement = f"SELECT {_COLUMNS} FROM files WHERE taken = ? ORDER BY container, folder, name"  # noqa: S608 - our own words
        return iter(self._table.execute(statement, (taker,)))

    def taken_folders(self, taker: str) -> list[tuple[int, str]]:
        """Containers and names of the folders of a format."""
        statement = "SELECT container, folder FROM folders WHERE taken = ? ORDER BY container, folder"
        return list(self._table.execute(statement, (taker,)))

    def digest_of_names(self) -> bytes:
        """A digest of the names and sizes of all files."""
        digest = sha256()
        for row in self._table.execute("SELECT folder, name, size FROM files ORDER BY container, folder, name"):
            digest.update(repr(row).encode("utf-8", "surrogatepass"))
        return digest.digest()

    def taken_bytes(self, taker: str) -> tuple[int, int]:
        """Bytes that the files of a format take as they lie, and those of their content; those in its folders too.

        Where the size of a packed content is not known, it counts as several times as large.
        """
        total = content = 0
        for row in self._taken_rows(taker):
            size, packed = row[4], row[6]
            total += packed
            content += size if size >= 0 else packed * _UNPACKED
        return total, content

    def _taken_rows(self, taker: str) -> Iterator[Row]:
        yield from self.taken_files(taker)
        for place in self.taken_folders(taker):
            yield from self.below(*place)


def entry_of(row: Row) -> Entry:
    """The container's entry of a file."""
    _, _, folder, name, *numbers = row
    return Entry(f"{folder}/{name}" if folder else name, *numbers)


def _numbers(entry: Entry) -> tuple[int, int, int, int, int, int]:
    return entry.size, entry.position, entry.packed, entry.method, entry.checksum, entry.changed
