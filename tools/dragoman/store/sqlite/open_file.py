"""Opens connections to one file: makes it, checks that it is ours, brings its tables up to date."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

import apsw

from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import sentence
from dragoman.store.sqlite import errors, migrate
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.connection_setup import execute_all, set_up
from dragoman.store.sqlite.locks import retrying
from dragoman.store.sqlite.schema import APPLICATION_ID, Migration

T = TypeVar("T")

_ROOM: Final = 1 << 20
"""Bytes that have to fit on the disk for the file to count as writable."""

_READ_WRITE: Final = apsw.SQLITE_OPEN_READWRITE
_READ: Final = apsw.SQLITE_OPEN_READONLY
_URI: Final = apsw.SQLITE_OPEN_URI


def prepare_folder(path: Path) -> None:
    """Make the missing folders, for this user only.

    Raises:
        DragomanError: One of them cannot be made, or a directory stands in the file's place.
    """
    try:
        # One by one: mkdir(parents=True) gives the folders between the default rights.
        for folder in reversed([folder for folder in path.parents if not folder.exists()]):
            folder.mkdir(mode=0o700, exist_ok=True)
    except (NotADirectoryError, FileExistsError) as error:
        raise _no_folder(path) from error
    except OSError as error:
        raise errors.explain(error, str(path)) from error
    if not path.parent.is_dir():
        raise _no_folder(path)
    if path.is_dir():
        raise InvalidArgument(sentence("{} is a folder.", path), hint="Name a file for the messages.")


def _no_folder(path: Path) -> InvalidArgument:
    return InvalidArgument(sentence("The folder of {} cannot be made.", path), hint="Choose another path.")


def open_first(path: Path | None, migrations: Sequence[Migration], patience: float) -> Connection:
    """The connection that proves the file; it writes where that is possible.

    Raises:
        apsw.Error: As SQLite fails, for :func:`errors.explain`.
        DragomanError: The file is another program's, or from a newer version.
    """
    connection = _connection(":memory:", _READ_WRITE) if path is None else _open_file(path)
    try:
        _prepare(connection, patience)
        migrate.migrate(connection, str(path), migrations, patience)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path, patience: float) -> Connection:
    """One more connection, which cannot write."""
    connection = _connection(str(path), _READ)
    try:
        set_up(connection, patience)
        # The path may have been replaced by something else since the first connection was made.
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def open_writer(path: Path, patience: float) -> Connection:
    """One more connection that writes, for work of its own."""
    connection = _connection(str(path), _READ_WRITE)
    set_up(connection, patience)
    return connection


def open_unchanging(path: Path, version: int) -> Connection | None:
    """A connection that reads a file whose folder takes no further file; it does not see later changes.

    Returns:
        ``None`` when the file is not of that version, or part of it is in a -wal file.
    """
    wal = Path(f"{path}-wal")
    if not path.exists() or (wal.exists() and wal.stat().st_size > 0):
        return None
    connection = open_aside(path)
    if connection.execute("PRAGMA application_id").get != APPLICATION_ID or migrate.version(connection) != version:
        connection.close()
        return None
    return connection


def open_existing(path: Path, patience: float) -> Connection:
    """A connection that reads a file as it is: it makes none, and brings no table up to date."""
    try:
        return open_reader(path, patience)
    except (apsw.CantOpenError, apsw.ReadOnlyError):
        return open_aside(path)  # a copy in a folder that may not be written


def open_aside(path: Path) -> Connection:
    """A connection that reads only what the main file holds, without the -wal file and without any lock."""
    return _connection(f"{path.as_uri()}?immutable=1", _READ | _URI)


def open_own(path: Path) -> Connection:
    """A connection to a file of our own that nobody else uses."""
    return _connection(str(path), _READ_WRITE)


def open_alone(path: Path) -> Connection:
    """A connection that keeps every other one out until it is closed; the file has no -wal any more.

    Raises:
        apsw.BusyError: Another connection is open, in whichever process.
    """
    connection = _connection(str(path), _READ_WRITE)
    try:
        # Exclusive first: then the lock that leaving WAL takes is not given back.
        execute_all(connection, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE")
    except BaseException:
        connection.close()
        raise
    return connection


def require_room(path: Path) -> None:
    """Fail as the system does where nothing more fits beside the file."""
    import tempfile  # noqa: PLC0415  # takes time, and few ask

    # Really written: the free space that the system tells leaves quotas out.
    with tempfile.TemporaryFile(dir=path.parent) as file:
        file.write(bytes(_ROOM))


def _open_file(path: Path) -> Connection:
    try:
        # SQLite would make it readable to all; its -wal and -shm files get the rights of the file.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600))
    except OSError:
        if not path.exists():
            raise
        return _open_unwritable(path)
    return _connection(str(path), _READ_WRITE)


def _open_unwritable(path: Path) -> Connection:
    connection = _connection(str(path), _READ)
    try:
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except (apsw.CantOpenError, apsw.ReadOnlyError):
        connection.close()
        # Without the right to make a -shm file, only a file that nobody changes can be read.
        return open_aside(path)
    return connection


def _connection(name: str, flags: int) -> Connection:
    return apsw.Connection(name, flags=flags)


def _prepare(connection: Connection, patience: float) -> None:
    set_up(connection, patience)
    # The first look at the file: fails on anything that is no database.
    retrying(lambda: connection.execute("SELECT count(*) FROM sqlite_schema").fetchone(), patience)
    if not connection.readonly("main") and connection.filename:
        if migrate.is_foreign(connection):
            raise errors.foreign(connection.filename)
        retrying(lambda: connection.execute("PRAGMA journal_mode = WAL").fetchone(), patience)
