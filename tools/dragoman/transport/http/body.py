"""Bodies of answers: unpacked within a bound, read as JSON whatever they call themselves."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Final, Protocol

from pydantic_core import from_json

_PIECE: Final = 65_536  # bytes that one step of unpacking makes at most
_GZIP: Final = 16 + zlib.MAX_WBITS
_PLAIN: Final = frozenset({"", "identity"})
_ZLIB_HEADER: Final = 0x78


class UnreadableBodyError(Exception):
    """A body that is too large, packed in an unknown or broken way, or cut. The text says which."""


class Unpacker(Protocol):
    """Takes a body as it comes and gives it unpacked, in pieces of bounded size."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Unpack the next part."""
        ...

    def finish(self) -> None:
        """Check that nothing is missing."""
        ...


class _Member(Protocol):
    """A ``zlib.decompressobj``, whose own type has no public name."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Plain:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        return


class _Inflater:
    """Gzip (of several members) and deflate (with or without its header)."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._member: _Member | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        piece = b""
        while data or len(piece) == _PIECE:  # a full piece may have left output inside the member
            member = self._member = self._member or zlib.decompressobj(self._bits(data))
            try:
                piece = member.decompress(data, _PIECE)
            except zlib.error:
                raise UnreadableBodyError("is packed in a broken way") from None
            if piece:
                yield piece
            data = member.unconsumed_tail
            if member.eof:
                data = member.unused_data.lstrip(b"\0") if self._gzip else b""
                self._member = None if data else member

    def finish(self) -> None:
        if self._member is not None and not self._member.eof:
            raise UnreadableBodyError("was cut off")

    def _bits(self, data: bytes) -> int:
        if self._gzip:
            return _GZIP
        return zlib.MAX_WBITS if data[0] & 0x7F == _ZLIB_HEADER else -zlib.MAX_WBITS


def unpacker(encoding: str) -> Unpacker:
    """What unpacks a ``Content-Encoding``.

    Raises:
        UnreadableBodyError: It is one that was not asked for.
    """
    name = encoding.strip().lower()
    if name in _PLAIN:
        return _Plain()
    if name in {"gzip", "x-gzip", "deflate"}:
        return _Inflater(gzip=name != "deflate")
    raise UnreadableBodyError("is packed in a way that was not asked for")


async def unpacked(raw: AsyncIterator[bytes], encoding: str, limit: int) -> AsyncIterator[bytes]:
    """A body unpacked, piece by piece.

    Raises:
        UnreadableBodyError: It is larger than ``limit`` bytes, or cannot be unpacked.
    """
    unpack = unpacker(encoding)
    total = 0
    async for data in raw:
        for piece in unpack.feed(data):
            total += len(piece)
            if total > limit:
                raise UnreadableBodyError(f"is larger than {limit // (1 << 20) or 1} MiB")
            yield piece
    unpack.finish()


def parse_json(body: bytes) -> object:
    """Read JSON. Broken characters in it (bad UTF-8, half a surrogate pair) become U+FFFD.

    Raises:
        ValueError: It is no JSON.
    """
    try:
        return from_json(body)
    except ValueError:
        text = body.decode(json.detect_encoding(body), "replace")
    try:
        whole = json.dumps(json.loads(text), ensure_ascii=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return from_json(whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
