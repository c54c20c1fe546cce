"""Opens what a path, a pipe, or a file within an archive holds."""

from __future__ import annotations

import os
import select
import shutil
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO, Final, cast

from dragoman.archives.notes import Notes
from dragoman.archives.sources.container import DEEPEST, Container, Progress
from dragoman.archives.sources.files import File
from dragoman.archives.sources.single import DiskFolder, SingleFile
from dragoman.archives.sources.streams import Decompressed, Section, buffered, packed_kind
from dragoman.archives.sources.tar_archive import TarArchive, is_tar
from dragoman.archives.sources.zip_archive import MARKS, ZipArchive
from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import sentence, unquoted

_HEAD: Final = 1024
_CHUNK: Final = 1 << 20
_PATIENCE: Final = 1.0
"""Seconds in which somebody has to begin to write into a named pipe."""


def open_path(path: Path, notes: Notes, progress: Progress) -> Container:
    """What a path holds. A pipe is copied to a temporary file first.

    Raises:
        InvalidArgument: It cannot be opened, or is a device.
    """
    label = str(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            return DiskFolder(path, label, notes, progress)
        if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            raise InvalidArgument(sentence("{} is a device, and may never end.", path), hint="Give the path of a file.")
        raw = _open_pipe(path) if stat.S_ISFIFO(status.st_mode) else path.open("rb")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidArgument(sentence("{} cannot be read ({}).", path, unquoted(reason))) from None
    if stat.S_ISREG(status.st_mode):
        return _open_file(raw, path, label, 0, notes, progress)
    with raw:
        return open_stream(raw, label, notes, progress)


def _open_pipe(path: Path) -> BinaryIO:
    """A named pipe. One that nobody writes into is empty: opening it would wait for ever."""
    raw = open(path, "rb", buffering=0, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))  # noqa: SIM115 - for the flag; the caller closes it
    # Opened without waiting; a short wait shows whether anybody writes.
    select.select([raw], [], [], _PATIENCE)
    os.set_blocking(raw.fileno(), True)
    return cast("BinaryIO", raw)


def open_stream(stream: BinaryIO, label: str, notes: Notes, progress: Progress) -> Container:
    """What a pipe brings, by a temporary copy: some formats are read twice."""
    return _open_file(_copy(stream), None, label, 0, notes, progress)


def open_nested(file: File, beginning: bytes, progress: Progress) -> Container | None:
    """What a file of an archive holds if it is an archive or compressed; ``None`` if it is neither, or too deep.

    Args:
        file: The file.
        beginning: Its first bytes.
        progress: Counts the bytes that are read.
    """
    if not is_packed(beginning):
        return None
    notes, depth = file.container.notes, file.container.depth + 1
    if depth > DEEPEST:
        notes.skip("an archive that lies too deep within others", file.label)
        return None
    with file.open() as content:
        return _open_file(_copy(content), None, file.label, depth, notes, progress)


def is_packed(beginning: bytes) -> bool:
    """Whether a file that begins so holds files, or one that is compressed."""
    return beginning.startswith(MARKS) or is_tar(beginning) or packed_kind(beginning) is not None


def _open_file(raw: BinaryIO, path: Path | None, label: str, depth: int, notes: Notes, progress: Progress) -> Container:
    raw.seek(0)
    beginning = raw.read(_HEAD)
    kind = packed_kind(beginning)
    if beginning.startswith(MARKS):
        return ZipArchive(raw, label, depth, notes, progress)
    if is_tar(beginning):
        return TarArchive(raw, label, depth, notes, progress)
    if kind is None:
        return SingleFile(raw, path, label, depth, notes, progress)
    content = buffered(Decompressed(Section(raw, 0, None, lambda _: None), kind, label, notes))
    # The limit also ends an archive that unpacks to itself.
    if depth < DEEPEST and is_packed(content.read(_HEAD)):
        content = buffered(Decompressed(Section(raw, 0, None, lambda _: None), kind, label, notes))
        with raw:
            return _open_file(_copy(content), None, label, depth + 1, notes, progress)
    return SingleFile(raw, path, label, depth, notes, progress, kind)


def _copy(stream: BinaryIO) -> BinaryIO:
    """A temporary file with the stream's content; it goes when it is closed."""
    target = cast("BinaryIO", tempfile.TemporaryFile(prefix="dragoman-"))  # noqa: SIM115 - the container closes it
    shutil.copyfileobj(stream, target, _CHUNK)
    return target
