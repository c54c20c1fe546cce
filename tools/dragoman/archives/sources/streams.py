"""Streams over parts of a file, stored and compressed. They end where the data are damaged, and say so in a note."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO, Final, LiteralString, Protocol

from dragoman.archives.notes import Notes
from dragoman.core.safe_text import sentence

LARGEST_RATIO: Final = 200
"""How many times larger than its compressed form a file may be, once it is larger than :data:`HARMLESS`."""

HARMLESS: Final = 1 << 30
"""Bytes up to which any ratio is allowed."""

PACKED: Final = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
"""Compressed single files by their first bytes."""

_CHUNK: Final = 64 << 10
_BUFFER: Final = 256 << 10
# The file itself says how much memory it needs, which may be 4 GiB.
_XZ_MEMORY: Final = 128 << 20

Count = Callable[[int], None]


class _Decompressor(Protocol):
    """The part of the decompressors of the standard library that is used here."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Deflate:
    """Deflate with the interface of the other decompressors."""

    def __init__(self, window: int) -> None:
        self._inner = zlib.decompressobj(window)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _decompressor(kind: str) -> _Decompressor:
    if kind == "bzip2":
        return bz2.BZ2Decompressor()
    if kind == "xz":
        return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    # A negative window is deflate without a header, as in zip files; 16 more is that of gzip.
    return _Deflate(-zlib.MAX_WBITS if kind == "deflate" else zlib.MAX_WBITS | 16)


class _Reader(io.RawIOBase):
    """A stream of which only the next bytes have to be told."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self.next_bytes(len(view))
        view[: len(data)] = data
        return len(data)

    def next_bytes(self, size: int) -> bytes:
        """At most ``size`` bytes; none at the end."""
        raise NotImplementedError


class Section(_Reader):
    """Bytes of a file from a position on.

    Args:
        raw: The file; it is sought before each read, so that several sections can share it.
        position: Where the section begins.
        size: Its length in bytes; ``None`` for all that follow.
        count: Is told how many bytes were read.
        owned: The file is closed with the section.
    """

    def __init__(self, raw: BinaryIO, position: int, size: int | None, count: Count, *, owned: bool = False) -> None:
        super().__init__()
        self._owned = owned
        self._raw = raw
        self._position = position
        self._end = None if size is None else position + size
        self._count = count

    def close(self) -> None:
        """Close the file too, if it is the section's own."""
        if self._owned:
            self._raw.close()
        super().close()

    def next_bytes(self, size: int) -> bytes:
        """The next bytes of the file."""
        self._raw.seek(self._position)
        data = self._raw.read(size if self._end is None else min(size, self._end - self._position))
        self._position += len(data)
        self._count(len(data))
        return data


class Decompressed(_Reader):
    """The content of a compressed stream.

    Args:
        packed: The compressed stream.
        kind: ``deflate``, ``gzip``, ``bzip2`` or ``xz``.
        label: How the user knows the file.
        notes: Is told when the data are damaged, end too early, or grow without end.
        checksum: CRC-32 of the content, where it is known.
    """

    def __init__(self, packed: _Reader, kind: str, label: str, notes: Notes, checksum: int | None = None) -> None:
        super().__init__()
        self._packed = packed
        self._kind = kind
        self._label = label
        self._notes = notes
        self._checksum = checksum
        self._inner = _decompressor(kind)
        self._pending = b""
        self._sum = self._read = self._written = 0
        self._ended = False

    def next_bytes(self, size: int) -> bytes:
        """The next bytes of the content."""
        if self._ended:
            return b""
        try:
            data = self._decompress(size)
        except (zlib.error, OSError, lzma.LZMAError):
            return self._end("is damaged; what stands before the damage was read")
        if data is None:
            return self._end("ends too early; everything before that was read")
        self._written += len(data)
        if self._written > HARMLESS and self._written > LARGEST_RATIO * self._read:
            return self._end("grows more than 200 times when it is decompressed; the rest was not read")
        if self._checksum is not None:
            self._sum = zlib.crc32(data, self._sum)
            if not data and self._sum != self._checksum:
                return self._end("has a wrong checksum; its content may be damaged")
        return data

    def _end(self, what: LiteralString) -> bytes:
        self._ended = True
        self._notes.tell(sentence("{:300} " + what + ".", self._label))
        return b""

    def _decompress(self, size: int) -> bytes | None:
        """The next bytes, none at the end; ``None`` when the end is missing."""
        while True:
            if self._inner.eof and not self._begin_next_part():
                return b""
            packed = self._next_packed() if self._inner.needs_input else b""
            data = self._inner.decompress(packed, size)
            if data:
                return data
            if not packed and not self._inner.eof:
                return None

    def _next_packed(self) -> bytes:
        packed, self._pending = self._pending, b""
        if not packed:
            packed = self._packed.next_bytes(_CHUNK)
            self._read += len(packed)
        return packed

    def _begin_next_part(self) -> bool:
        """Whether a further compressed part follows, which all forms but deflate may have."""
        if self._kind == "deflate":
            return False
        rest = self._inner.unused_data or self._next_packed()
        # Padding behind the last part is passed over, as gzip does.
        if packed_kind(rest) != self._kind:
            return False
        self._inner, self._pending = _decompressor(self._kind), rest
        return True


def packed_kind(beginning: bytes) -> str | None:
    """How a file is compressed, by its first bytes."""
    return next((kind for mark, kind in PACKED.items() if beginning.startswith(mark)), None)


def buffered(raw: io.RawIOBase) -> BinaryIO:
    """A stream with a buffer, for reading by line."""
    return io.BufferedReader(raw, _BUFFER)
