"""Saves what a damaged store still gives into a new one.

Rows are read from the pages directly, so one damaged page costs the rows on it and no others. Indexes and counters
are made anew. The damaged file is not changed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from dragoman.core import paths
from dragoman.core.errors import InvalidArgument, NotFound, Unavailable
from dragoman.core.safe_text import sentence
from dragoman.store.sqlite import errors, open_file
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.maintenance import mending
from dragoman.store.sqlite.maintenance.lost_rows import Column, LostRows, Table
from dragoman.store.sqlite.maintenance.raw_pages import PageFile, Value
from dragoman.store.sqlite.maintenance.verify import verify
from dragoman.store.sqlite.schema import MIGRATIONS

Progress = Callable[[str], object]

_PATIENCE: Final = 5.0
_SEQUENCE: Final = "sqlite_sequence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """What could be saved.

    Attributes:
        rows: How many rows of each table.
        unreadable: How many rows or pages made no sense.
        problems: What is wrong with the new store; empty for a sound one.
    """

    rows: Mapping[str, int]
    unreadable: int
    problems: tuple[str, ...]


def salvage(old: Path, new: Path, progress: Progress | None = None) -> Salvage:
    """Read every row that a damaged store still gives, and write a new store with them. Blocks.

    Args:
        old: The damaged file; it is not changed. Nobody should be using it.
        new: Where the new store goes; nothing may be there.
        progress: Is told what is done next.

    Raises:
        DragomanError: Nothing could be read, or the new file cannot be written. Then there is no new file.
    """
    old, new = paths.expanded(old).absolute(), paths.expanded(new).absolute()
    tell = progress or _tell_nobody
    with errors.explained(str(new)):
        _require_free(old, new)
        with _folder_beside(new) as folder:
            tell("copying")
            copy = _copy(old, folder)
            tell("reading")
            fresh = folder / "new.db"
            os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            rows, unreadable = _read_into(fresh, copy)
            if not any(rows.values()):
                raise Unavailable(sentence("Nothing in {} can be read.", old), hint="Restore a backup.")
            tell("making the index")
            mending.mend(fresh)
            # Before it gets its name: nobody should find a file that is only half saved.
            problems = verify(fresh).problems
            fresh.rename(new)
            return Salvage(rows=rows, unreadable=unreadable, problems=problems)


def _tell_nobody(_step: str) -> None:
    """Nobody wants to know how far it is."""


def _require_free(old: Path, new: Path) -> None:
    if not old.is_file():
        raise NotFound(sentence("There is no file {}.", old), hint="Name the damaged file.")
    if os.path.lexists(new):
        raise InvalidArgument(sentence("{} exists already.", new), hint="Name a new file.")
    open_file.prepare_folder(new)


@contextmanager
def _folder_beside(new: Path) -> Generator[Path]:
    # Beside the target, so that the last step is a rename on one disk.
    folder = Path(tempfile.mkdtemp(prefix=f".{new.name}.", dir=new.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(old: Path, folder: Path) -> Path:
    """A copy of the file into which its -wal file is folded, where SQLite can still do that."""
    copy = folder / "old.db"
    shutil.copyfile(old, copy)
    wal = Path(f"{old}-wal")
    if wal.exists():
        shutil.copyfile(wal, f"{copy}-wal")
        # A -wal file that is damaged too is left out; the main file is read without it.
        with suppress(apsw.Error):
            con = open_file.open_own(copy)
            try:
                con.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                con.close()
    return copy


def _read_into(fresh: Path, damaged: Path) -> tuple[Counter[str], int]:
    """Fill a new file, which has the tables of the damaged one's version, with the rows that can be read."""
    with PageFile(damaged) as pages:
        # A damaged header may hold any number.
        version = pages.version if 0 < pages.version <= len(MIGRATIONS) else len(MIGRATIONS)
        con = open_file.open_first(fresh, MIGRATIONS[:version], _PATIENCE)
        try:
            # Rows come in the order of the pages, so those that they refer to may come later.
            con.execute("PRAGMA foreign_keys = OFF")
            con.execute("BEGIN")
            lost = LostRows(pages, _tables(con))
            rows: Counter[str] = Counter()
            for table, row in lost.rows():
                rows[table.name] += _insert(con, table, row)
            del rows[_SEQUENCE]
            mending.complete(con)
            con.execute("COMMIT")
        finally:
            con.close()
    return rows, lost.unreadable


def _tables(con: Connection) -> list[Table]:
    """Our tables without the full-text indexes, which are made anew."""
    listed = list(con.execute("PRAGMA main.table_list"))
    virtual = tuple(f"{name}_" for _, name, kind, *_ in listed if kind == "virtual")
    tables = [
        Table(name, _columns(con, name, has_rowids=not stored_like_index), not stored_like_index)
        for _, name, kind, _, stored_like_index, _ in listed
        if kind == "table" and name != "sqlite_schema" and not name.startswith(virtual)
    ]
    return sorted(tables, key=lambda table: table.name)


def _columns(con: Connection, table: str, *, has_rowids: bool) -> list[Column]:
    return [
        Column(
            name,
            kind,
            # SQLite's own table declares no constraints; without some of ours it would take the rows of others.
            nullable=not required and table != _SEQUENCE,
            is_rowid=has_rowids and bool(key) and kind == "INTEGER",
            may_be_missing=(not required or default is not None) and table != _SEQUENCE,
        )
        for _, name, kind, required, default, key in con.execute(f"PRAGMA table_info({table})")
    ]


def _insert(con: Connection, table: Table, row: tuple[Value, ...]) -> int:
    if table.name == _SEQUENCE:
        return _raise_sequence(con, row)
    names = ", ".join(column.name for column in table.columns[: len(row)])
    marks = ", ".join("?" * len(row))
    # A new file has values of its own there; the old ones keep cursors valid.
    verb = "REPLACE" if table.name == "meta" else "INSERT OR IGNORE"
    try:
        con.execute(f"{verb} INTO {table.name}({names}) VALUES({marks})", row)
    except apsw.ConstraintError:  # the audit log refuses a second line of the same number
        return 0
    return con.changes()


def _raise_sequence(con: Connection, row: tuple[Value, ...]) -> int:
    """Go on counting where the damaged file stopped, so that no number is given twice."""
    name, last = row
    if not isinstance(last, int):
        return 0
    con.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, name))
    if not con.changes():
        con.execute("INSERT INTO sqlite_sequence(name, seq) VALUES(?, ?)", (name, last))
    return 0
