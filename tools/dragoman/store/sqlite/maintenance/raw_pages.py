"""Reads the pages of an SQLite file without SQLite, which gives up at the first damaged one.

See https://www.sqlite.org/fileformat2.html. Every function takes bytes that may be anything, and raises
:class:`DamagedPageError` for those that make no sense.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

Value = int | float | str | bytes | None

TABLE_LEAF: Final = 0x0D
TABLE_INTERIOR: Final = 0x05
INDEX_LEAF: Final = 0x0A
INDEX_INTERIOR: Final = 0x02

_SIZES: Final = frozenset(1 << bits for bits in range(9, 17))
_USUAL_SIZE: Final = 4096
_HEADER: Final = 100
"""Bytes at the beginning of the file, before the first page's own header."""
_MOST_RESERVED: Final = 32
_LONGEST_VARINT: Final = 9
_CONTINUED: Final = 0x80
_FLOAT: Final = 7
"""The serial type of a number with a fraction; below it are integers, 8 and 9 are the numbers 0 and 1."""
_CONSTANTS: Final[dict[int, Value]] = {0: None, 8: 0, 9: 1}
_UNUSED_TYPES: Final = (10, 11)
_FIRST_SIZED: Final = 12
"""From here on a serial type says how many bytes a text or a blob has."""
_LONGEST_RECORD: Final = 1 << 30
_MOST_COLUMNS: Final = 100
_MOST_FREE_PAGES: Final = 1 << 24
_WIDTHS: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8}
"""Bytes of the numbers by their serial type."""


class DamagedPageError(ValueError):
    """The bytes are no page, cell or record."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of a table page, or one entry of an index page, whose ``rowid`` is ``None``."""

    rowid: int | None
    values: tuple[Value, ...]


class PageFile:
    """The pages of one file, numbered from 1."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        header = self._file.read(_HEADER).ljust(_HEADER, b"\0")
        # Offsets of the database header: page size 16, reserved bytes 20, free list 32, user version 60.
        size = int.from_bytes(header[16:18])
        # The format writes 65536 as 1; a damaged header is taken for the usual size.
        self.page_size = 65536 if size == 1 else size if size in _SIZES else _USUAL_SIZE
        self._reserved = header[20] if header[20] <= _MOST_RESERVED else 0
        # A file that was cut off ends within a page, which still may have whole rows.
        self.count = -(-path.stat().st_size // self.page_size)
        self.version = int.from_bytes(header[60:64])
        self._first_free = int.from_bytes(header[32:36])

    def __enter__(self) -> Self:
        """Go on."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def free_pages(self) -> set[int]:
        """The pages that the file says are unused: what stands there was deleted."""
        found: set[int] = set()
        trunk = self._first_free
        # A damaged list may lead in circles.
        while 0 < trunk <= self.count and trunk not in found and len(found) < _MOST_FREE_PAGES:
            page = self._read(trunk)
            found.add(trunk)
            trunk, leaves = struct.unpack(">II", page[:8])
            # A damaged count would reach beyond the page.
            leaves = min(leaves, len(page) // 4 - 2)
            found.update(struct.unpack(f">{leaves}I", page[8 : 8 + 4 * leaves]))
        return found

    def kind(self, number: int) -> int:
        """The type byte of a page."""
        page = self._read(number)
        return page[_start(number)]

    def children(self, number: int) -> list[int]:
        """The pages below an interior page.

        Raises:
            DamagedPageError: It is none.
        """
        page = self._read(number)
        start = _start(number)
        if page[start] not in (TABLE_INTERIOR, INDEX_INTERIOR):
            raise DamagedPageError
        pointers = self._pointers(page, start, 12)
        below = [int.from_bytes(page[at : at + 4]) for at in pointers]
        # The right-most child is in the page's header, not in a cell.
        return [*below, int.from_bytes(page[start + 8 : start + 12])]

    def cells(self, number: int) -> Iterator[Cell | None]:
        """The rows of a leaf, or the entries of an index page; ``None`` for each that makes no sense.

        Raises:
            DamagedPageError: The page is no such page.
        """
        page = self._read(number)
        start = _start(number)
        kind = page[start]
        if kind not in (TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR):
            raise DamagedPageError
        for at in self._pointers(page, start, 12 if kind == INDEX_INTERIOR else 8):
            try:
                yield self._cell(page, at + 4 * (kind == INDEX_INTERIOR), is_table=kind == TABLE_LEAF)
            except DamagedPageError:
                yield None

    def _read(self, number: int) -> bytes:
        if not 0 < number <= self.count:
            raise DamagedPageError
        self._file.seek((number - 1) * self.page_size)
        page = self._file.read(self.page_size)
        return page.ljust(self.page_size, b"\0")

    def _pointers(self, page: bytes, start: int, header: int) -> list[int]:
        count = int.from_bytes(page[start + 3 : start + 5])
        first = start + header
        if first + 2 * count > len(page):
            raise DamagedPageError
        pointers = struct.unpack(f">{count}H", page[first : first + 2 * count])
        return [at for at in pointers if first + 2 * count <= at < len(page)]

    def _cell(self, page: bytes, at: int, *, is_table: bool) -> Cell:
        length, at = _varint(page, at)
        rowid: int | None = None
        if is_table:
            rowid, at = _varint(page, at)
            # SQLite writes numbers below 0 in two's complement of 64 bits.
            rowid -= (rowid >> 63) << 64
        return Cell(rowid, _record(self._payload(page, at, length, is_table=is_table)))

    def _payload(self, page: bytes, at: int, length: int, *, is_table: bool) -> bytes:
        """The bytes of a record, of which the end may stand on other pages."""
        usable = self.page_size - self._reserved
        # The values X, M and K of the file format: how much of a record its own page holds.
        most = usable - 35 if is_table else (usable - 12) * 64 // 255 - 23
        if length <= most:
            return page[at : at + length]
        # Before it is read: a damaged length would have all pages joined.
        if length > min(_LONGEST_RECORD, self.count * self.page_size):
            raise DamagedPageError
        least = (usable - 12) * 32 // 255 - 23
        local = least + (length - least) % (usable - 4)
        local = local if local <= most else least
        parts = [page[at : at + local]]
        following = int.from_bytes(page[at + local : at + local + 4])
        missing = length - local
        while missing > 0:
            more = self._read(following)
            parts.append(more[4 : 4 + min(missing, usable - 4)])
            missing -= usable - 4
            following = int.from_bytes(more[:4])
        return b"".join(parts)


def _start(number: int) -> int:
    """Where the header of a page begins: on the first page behind that of the file."""
    return _HEADER if number == 1 else 0


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(data[at : at + _LONGEST_VARINT], 1):
        if index == _LONGEST_VARINT:
            # The ninth byte has no sign that more follow, so all of its bits count.
            return value << 8 | byte, at + index
        value = value << 7 | byte & 0x7F
        if byte < _CONTINUED:
            return value, at + index
    raise DamagedPageError


def _record(data: bytes) -> tuple[Value, ...]:
    header, at = _varint(data, 0)
    if header > len(data):
        raise DamagedPageError
    types: list[int] = []
    while at < header:
        kind, at = _varint(data, at)
        types.append(kind)
    # None of our tables has nearly as many; so it is a page of something else.
    if len(types) > _MOST_COLUMNS:
        raise DamagedPageError
    values: list[Value] = []
    for kind in types:
        value, at = _value(data, at, kind)
        values.append(value)
    return tuple(values)


def _value(data: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind in _CONSTANTS:
        return _CONSTANTS[kind], at
    if kind in _UNUSED_TYPES:
        raise DamagedPageError
    width = _WIDTHS[kind] if kind in _WIDTHS else (kind - _FIRST_SIZED) // 2
    content = data[at : at + width]
    if len(content) < width:
        raise DamagedPageError
    return _decoded(content, kind), at + width


def _decoded(content: bytes, kind: int) -> Value:
    if kind == _FLOAT:
        number: float = struct.unpack(">d", content)[0]
        return number
    if kind in _WIDTHS:
        return int.from_bytes(content, signed=True)
    if kind % 2 == 0:
        return content
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise DamagedPageError from None
