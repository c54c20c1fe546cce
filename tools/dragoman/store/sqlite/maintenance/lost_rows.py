"""Finds the rows of known tables on the pages of a damaged file, also where the tree of a table is broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dragoman.store.sqlite.maintenance.raw_pages import (
    INDEX_INTERIOR,
    INDEX_LEAF,
    TABLE_INTERIOR,
    TABLE_LEAF,
    Cell,
    DamagedPageError,
    PageFile,
    Value,
)

_SCHEMA_ROOT: Final = 1
_SCHEMA_COLUMNS: Final = 5
_KINDS: Final = {"table", "index", "trigger", "view"}
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {"INTEGER": (int,), "TEXT": (str, bytes), "BLOB": (bytes,)}


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the table declares it.

    Attributes:
        is_rowid: It is another name of the row's number.
        may_be_missing: A row that was written before the column was added may end before it.
    """

    name: str
    type: str
    nullable: bool
    is_rowid: bool
    may_be_missing: bool

    def takes(self, value: Value) -> bool:
        """Whether a sound row may have this value here."""
        if value is None:
            return self.nullable or self.is_rowid
        return isinstance(value, _TYPES.get(self.type, (object,)))


@dataclass(frozen=True, slots=True)
class Table:
    """A table of ours. ``has_rowids`` is false for those that are stored like an index."""

    name: str
    columns: Sequence[Column]
    has_rowids: bool

    def row(self, cell: Cell) -> tuple[Value, ...] | None:
        """The values of a cell, if it is a row of this table."""
        values = cell.values
        if (cell.rowid is not None) != self.has_rowids or len(values) > len(self.columns):
            return None
        if not all(column.may_be_missing for column in self.columns[len(values) :]):
            return None
        if not all(column.takes(value) for column, value in zip(self.columns, values, strict=False)):
            return None
        return tuple(cell.rowid if c.is_rowid else v for c, v in zip(self.columns, values, strict=False))


class LostRows:
    """The rows of some tables, read from the pages of one file.

    Attributes:
        unreadable: How many cells and pages made no sense so far.
    """

    def __init__(self, pages: PageFile, tables: Sequence[Table]) -> None:
        self.unreadable = 0
        self._pages = pages
        self._tables = {table.name: table for table in tables}
        self._leaves: dict[str, list[int]] = {}
        self._broken: set[str] = set(self._tables)
        # What was deleted must not come back, so free pages count as read from the beginning.
        self._owned = _free_pages(pages)
        self._read_trees()

    def rows(self) -> Iterator[tuple[Table, tuple[Value, ...]]]:
        """Each row with its table: first those of sound trees, then those that no tree leads to."""
        given: dict[str, set[Value]] = {name: set() for name in self._tables}
        for name, leaves in self._leaves.items():
            table = self._tables[name]
            for cell in self._cells(leaves):
                row = table.row(cell)
                if row is None:
                    self.unreadable += 1
                    continue
                given[name].add(cell.rowid)
                yield table, row
        for number in range(1, self._pages.count + 1):
            # Free pages hold what was deleted, and those of trees were read or belong to something else.
            if number not in self._owned:
                yield from self._orphans(number, given)

    def _orphans(self, number: int, given: Mapping[str, set[Value]]) -> Iterator[tuple[Table, tuple[Value, ...]]]:
        cells = list(self._cells([number], counted=False))
        for name in sorted(self._broken):
            table = self._tables[name]
            rows = [table.row(cell) for cell in cells]
            is_known = table.has_rowids and any(cell.rowid in given[name] for cell in cells)
            # All cells of a page are of one table, so one that does not fit rules the table out.
            if cells and None not in rows and not is_known:
                given[name].update(cell.rowid for cell in cells)
                yield from ((table, row) for row in rows if row is not None)
                return

    def _read_trees(self) -> None:
        for name, root in self._roots().items():
            leaves, whole = self._walk(root)
            if name in self._tables:
                self._leaves[name] = leaves
                if whole:
                    self._broken.discard(name)

    def _roots(self) -> dict[str, int]:
        leaves, _ = self._walk(_SCHEMA_ROOT)
        everywhere = (page for page in range(1, self._pages.count + 1) if page not in self._owned)
        roots: dict[str, int] = {}
        for cell in self._cells([*leaves, *everywhere], counted=False):
            if len(cell.values) != _SCHEMA_COLUMNS or cell.values[0] not in _KINDS:
                continue
            name, root = cell.values[1], cell.values[3]
            if isinstance(name, str) and isinstance(root, int) and root > 0:
                # The tree of the schema is read first, and is right where both have a row of one name.
                roots.setdefault(name, root)
        return roots

    def _walk(self, root: int) -> tuple[list[int], bool]:
        """The pages with rows below a root, and whether all of the tree could be read."""
        leaves: list[int] = []
        whole, waiting = True, [root]
        while waiting:
            number = waiting.pop()
            try:
                kind = self._pages.kind(number)
                children = self._pages.children(number) if kind in (TABLE_INTERIOR, INDEX_INTERIOR) else []
            except DamagedPageError:
                kind, children = 0, []
            # A page that another tree has already would give its rows twice.
            if kind not in (TABLE_LEAF, TABLE_INTERIOR, INDEX_LEAF, INDEX_INTERIOR) or number in self._owned:
                whole = False
                continue
            self._owned.add(number)
            waiting.extend(reversed(children))
            if kind != TABLE_INTERIOR:
                leaves.append(number)
        return leaves, whole

    def _cells(self, numbers: Sequence[int], *, counted: bool = True) -> Iterator[Cell]:
        for number in numbers:
            try:
                for cell in self._pages.cells(number):
                    if cell is not None:
                        yield cell
                    elif counted:
                        self.unreadable += 1
            except DamagedPageError:
                self.unreadable += counted


def _free_pages(pages: PageFile) -> set[int]:
    try:
        return pages.free_pages()
    except DamagedPageError:
        return set()
