"""The directory of a zip file, member by member: a million of them take no memory."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from dragoman.archives.sources.streams import Section, buffered

ENCRYPTED: Final = 0x1
STREAMED: Final = 0x8
UTF8: Final = 0x800

_END: Final = struct.Struct("<4sHHHHIIH")
_END64: Final = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR: Final = struct.Struct("<4sIQI")
_MEMBER: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_EXTRA: Final = struct.Struct("<HH")

_MEMBER_MARK: Final = b"PK\x01\x02"
LOCAL_MARK: Final = b"PK\x03\x04"
_LONGEST_COMMENT: Final = 1 << 16
_CHUNK: Final = 64 << 10
_FULL: Final = 0xFFFFFFFF
_FULL_COUNT: Final = 0xFFFF
_LINK: Final = 0o120000
_TYPE: Final = 0o170000


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A member as the zip file tells it.

    Attributes:
        name: The raw path.
        position: Where its local header begins.
        link: Whether it is a symbolic link.
    """

    name: str
    flags: int
    method: int
    checksum: int
    packed: int
    size: int
    position: int
    link: bool = False


class NoDirectoryError(Exception):
    """The directory is missing or damaged, as in a zip file that is cut off."""


def members(raw: BinaryIO) -> Iterator[ZipMember]:
    """The members that the directory lists.

    Args:
        raw: The zip file, seekable.

    Raises:
        NoDirectoryError: There is no directory that makes sense; members before that are right.
    """
    start, size, count, shift = _directory(raw)
    directory = buffered(Section(raw, start + shift, size, lambda _: None))
    try:
        for _ in range(count):
            yield _member(directory, shift)
    except EOFError:
        raise NoDirectoryError from None


def members_without_directory(raw: BinaryIO) -> Iterator[ZipMember]:
    """The whole members at the beginning of a zip file that is cut off, found by their own headers."""
    position = 0
    while True:
        raw.seek(position)
        header = raw.read(LOCAL.size)
        if len(header) < LOCAL.size or not header.startswith(LOCAL_MARK):
            return
        _, _, flags, method, _, _, checksum, packed, size, name_length, extra_length = LOCAL.unpack(header)
        name = raw.read(name_length)
        packed, size, _ = _large(raw.read(extra_length), packed, size, 0)
        begin = position + LOCAL.size + name_length + extra_length
        # The sizes stand behind the content, so its end is found by unpacking it.
        if flags & STREAMED and not packed:
            found = _measure(raw, begin, method)
            if found is None:
                return
            packed, size = found
            checksum = 0
            end = _after_descriptor(raw, begin + packed)
        else:
            end = begin + packed
        raw.seek(0, io.SEEK_END)
        if end > raw.tell():
            return
        yield ZipMember(_name(name, flags), flags, method, checksum, packed, size, position)
        position = end


def _directory(raw: BinaryIO) -> tuple[int, int, int, int]:
    """Where the directory begins, its size, how many members it has, and by how much all positions are off."""
    file_size = raw.seek(0, io.SEEK_END)
    # The end record stands before a comment of any length up to 64 KiB.
    tail_start = max(0, file_size - _LONGEST_COMMENT - _END.size)
    raw.seek(tail_start)
    tail = raw.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise NoDirectoryError
    _, _, _, _, count, size, start, _ = _END.unpack_from(tail, at)
    end = tail_start + at
    if (_FULL in (start, size) or count == _FULL_COUNT) and end >= _LOCATOR.size:
        raw.seek(end - _LOCATOR.size)
        mark, _, place, _ = _LOCATOR.unpack(raw.read(_LOCATOR.size))
        if mark == b"PK\x06\x07":
            raw.seek(place)
            large = raw.read(_END64.size)
            if len(large) < _END64.size or not large.startswith(b"PK\x06\x06"):
                raise NoDirectoryError
            *_, count, size, start = _END64.unpack(large)
            return start, size, count, 0
    # Positions count from the first member, which other data may precede.
    shift = end - size - start
    if shift < 0 or start + size > file_size:
        raise NoDirectoryError
    return start, size, count, shift


def _member(directory: BinaryIO, shift: int) -> ZipMember:
    fields = _MEMBER.unpack(_exactly(directory, _MEMBER.size))
    mark, _, _, flags, method, _, _, checksum, packed, size, names, extras, comments, _, _, attributes, place = fields
    if mark != _MEMBER_MARK:
        raise NoDirectoryError
    name = _exactly(directory, names)
    packed, size, place = _large(_exactly(directory, extras), packed, size, place)
    _exactly(directory, comments)
    # The upper half holds the mode of Unix.
    link = attributes >> 16 & _TYPE == _LINK
    return ZipMember(_name(name, flags), flags, method, checksum, packed, size, place + shift, link)


def _large(extra: bytes, packed: int, size: int, place: int) -> tuple[int, int, int]:
    """The numbers of a member, with those that do not fit into 32 bits taken from its extra field."""
    at = 0
    while at + _EXTRA.size <= len(extra):
        kind, length = _EXTRA.unpack_from(extra, at)
        at += _EXTRA.size
        if kind == 1:
            numbers = [
                int.from_bytes(extra[i : i + 8], "little") for i in range(at, min(at + length, len(extra)) - 7, 8)
            ]
            values = iter(numbers)
            size = next(values, size) if size == _FULL else size
            packed = next(values, packed) if packed == _FULL else packed
            place = next(values, place) if place == _FULL else place
        at += length
    return packed, size, place


def _name(raw: bytes, flags: int) -> str:
    """The name: UTF-8 if it says so or is so, else the standard's old code page."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace") if flags & UTF8 else raw.decode("cp437")


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _measure(raw: BinaryIO, begin: int, method: int) -> tuple[int, int] | None:
    """Compressed and real size of a deflated member that tells neither; ``None`` when it is cut off."""
    if method != 8:  # noqa: PLR2004 - the format's number of deflate
        return None
    raw.seek(begin)
    inner = zlib.decompressobj(-zlib.MAX_WBITS)
    read = written = 0
    try:
        while not inner.eof:
            data = inner.unconsumed_tail
            if not data:
                data = raw.read(_CHUNK)
                read += len(data)
            if not data:
                return None
            written += len(inner.decompress(data, 1 << 20))
    except zlib.error:
        return None
    return read - len(inner.unused_data), written


def _after_descriptor(raw: BinaryIO, end: int) -> int:
    """Where the next member begins: a member of unknown size is followed by 12 to 24 bytes about it."""
    raw.seek(end)
    following = raw.read(28)
    # With or without a mark, and with sizes of four or eight bytes.
    return next((end + size for size in (16, 12, 24, 20) if following[size : size + 2] == b"PK"), end + 16)
