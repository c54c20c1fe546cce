"""Copies a store to a file while servers use it, and puts such a copy in the store's place.

A copy is one file in one consistent state. Whoever reads the target at any moment, also after a crash, finds either
what was there before or the whole copy.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import apsw

from dragoman.core import paths
from dragoman.core.errors import Conflict, DragomanError, InvalidArgument, NotFound
from dragoman.core.safe_text import sentence
from dragoman.store.sqlite import errors, migrate, open_file
from dragoman.store.sqlite.connection import Connection

Progress = Callable[[int, int], object]
"""Is called with the pages that are done and all pages."""

_PAGES_AT_ONCE: Final = 2000
_PATIENCE: Final = 5.0  # seconds that another program may hold a lock


def back_up(store: Path, target: Path, progress: Progress | None = None) -> int:
    """Write a copy of the store, also while servers write to it. Blocks.

    Args:
        store: The file to copy; it is not changed.
        target: Where the copy goes. An earlier copy there is replaced, any other file is refused.
        progress: Is told how far it has come.

    Returns:
        The size of the copy in bytes.

    Raises:
        DragomanError: There is no store, it is damaged, or the copy cannot be written. The target is as before.
    """
    store, target = _absolute(store), _absolute(target)
    with errors.explained(str(store)):
        _require_store(store)
    with errors.explained(str(target)):
        _require_other_file(store, target)
        open_file.prepare_folder(target)
        if target.exists():
            _require_store(target)
        # The old copy stays until the new one is whole: at any moment there is one that can be restored.
        # Copied first, so that readers of the old copy are kept out only while the two change places.
        with _copy_beside(store, target, progress) as copy, _closed_to_others(target) if target.exists() else _free():
            copy.replace(target)
            _sync_folder(target.parent)
        return target.stat().st_size


def restore(source: Path, store: Path, progress: Progress | None = None) -> Path | None:
    """Put a copy in the place of the store. Blocks.

    The store that was there is renamed, not deleted.

    Args:
        source: The copy; it is not changed.
        store: The file that servers use; it need not exist.
        progress: Is told how far it has come.

    Returns:
        The new name of the store that was there, ``None`` when there was none.

    Raises:
        Conflict: Another process has the store open.
        DragomanError: The copy is damaged or no store, or the disk refuses. The store is as before.
    """
    source, store = _absolute(source), _absolute(store)
    with errors.explained(str(source)):
        _require_store(source)
    with errors.explained(str(store)):
        _require_other_file(source, store)
        open_file.prepare_folder(store)
        exists = store.exists()
        # Closed first: what a server writes during the copying would be lost with the old file.
        with _closed_to_others(store) if exists else _free(), _copy_beside(source, store, progress) as copy:
            former = _put_aside(store) if exists else None
            copy.replace(store)
            _sync_folder(store.parent)
            return former


def _absolute(path: Path) -> Path:
    return paths.expanded(path).absolute().resolve()


def _require_store(path: Path) -> None:
    """Refuse what is no store that this version can read."""
    if not path.exists():
        raise NotFound(sentence("There is no file {}.", path), hint="Name the file of a store.")
    if path.is_dir():
        raise InvalidArgument(sentence("{} is a folder.", path), hint="Name a file.")
    with _reading(path) as con:
        migrate.require_known_version(con, path)


def _require_other_file(one: Path, other: Path) -> None:
    if one == other or (other.exists() and one.samefile(other)):
        raise InvalidArgument(sentence("{} is the store itself.", other), hint="Name another file.")


@contextmanager
def _reading(path: Path) -> Generator[Connection]:
    con = open_file.open_existing(path, _PATIENCE)
    try:
        yield con
    finally:
        con.close()


@contextmanager
def _copy_beside(source: Path, target: Path, progress: Progress | None) -> Generator[Path]:
    """A checked copy in the folder of the target, so that renaming it replaces the target at once."""
    copy = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        # SQLite would make it readable to all.
        os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        _copy(source, copy, progress)
        # Before it gets its name, or a power cut could leave the name with half of the content.
        _sync(copy)
        yield copy
    finally:
        for leftover in (copy, Path(f"{copy}-journal")):
            with suppress(FileNotFoundError):
                leftover.unlink()


def _copy(source: Path, copy: Path, progress: Progress | None) -> None:
    with _reading(source) as reader:
        writer = open_file.open_own(copy)
        try:
            # One read transaction for the whole copy: others may write meanwhile, and the copy does not start again.
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            with writer.backup("main", reader, "main") as running:
                done = False
                while not done:
                    done = running.step(_PAGES_AT_ONCE)
                    if progress is not None:
                        progress(running.page_count - running.remaining, running.page_count)
            reader.execute("ROLLBACK")
            # A copy is one file, without a -wal file that could be forgotten.
            writer.execute("PRAGMA journal_mode = DELETE").fetchone()
            _require_sound(writer, source)
        finally:
            writer.close()


def _require_sound(con: Connection, source: Path) -> None:
    if con.execute("PRAGMA quick_check(1)").get != "ok":
        raise errors.damaged(str(source))


@contextmanager
def _closed_to_others(path: Path) -> Generator[None]:
    """Keep every other process out of a store, with nothing left in its -wal file."""
    try:
        con = open_file.open_alone(path)
    except (apsw.BusyError, apsw.LockedError):
        raise Conflict(
            sentence("{} is in use by another process.", path),
            hint="Stop every Dragoman server that uses it, then try again.",
        ) from None
    except (apsw.NotADBError, apsw.CorruptError):
        # Nobody can work with it, and it is put aside as it is.
        yield
        return
    try:
        yield
    finally:
        con.close()


@contextmanager
def _free() -> Generator[None]:
    """Nobody uses a file that does not exist."""
    yield


def _put_aside(store: Path) -> Path:
    """Give the store a second name; the first one stays until the copy takes it."""
    former = store.with_name(f"{store.name}.{time.strftime('%Y%m%dT%H%M%S')}.replaced")
    for number in range(2, 100):
        if not former.exists():
            break
        former = store.with_name(f"{store.name}.{time.strftime('%Y%m%dT%H%M%S')}-{number}.replaced")
    try:
        # A rename would leave a moment without any store.
        former.hardlink_to(store)
    except OSError:
        store.rename(former)  # a file system without hard links
    with suppress(FileNotFoundError):
        Path(f"{store}-wal").rename(f"{former}-wal")  # of a damaged store; it would spoil the copy
    Path(f"{store}-shm").unlink(missing_ok=True)
    return former


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system lets folders be opened."""
    with suppress(OSError, DragomanError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
