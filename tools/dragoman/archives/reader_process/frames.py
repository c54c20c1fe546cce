"""Messages between the two processes of an import: a length, a word, a value of any kind, and plain rows."""

from __future__ import annotations

import copyreg
import io
import marshal
import pickle
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, BinaryIO, Final

_LENGTH: Final = 8

Frame = tuple[str, Any, Any]
"""A word that says what it is, a value, and rows of plain values."""


def _frozen(mapping: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(mapping)


def _reduce_mapping(mapping: Mapping[Any, Any]) -> tuple[Any, ...]:
    return _frozen, (dict(mapping),)


_REDUCERS: Final = {**copyreg.dispatch_table, MappingProxyType: _reduce_mapping}
"""How to write also the frozen mappings of the model."""


def _to_bytes(value: object) -> bytes:
    written = io.BytesIO()
    pickler = pickle.Pickler(written, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _REDUCERS
    pickler.dump(value)
    return written.getvalue()


def write_frame(stream: BinaryIO, word: str, value: object = None, rows: Any = None) -> None:
    """Send a frame, however long the other side takes.

    Raises:
        OSError: Nobody reads the stream any more.
    """
    # Rows are most of it, and plain values take a third of the time of others.
    data = marshal.dumps((word, _to_bytes(value), rows))
    stream.write(len(data).to_bytes(_LENGTH, "little"))
    stream.write(data)
    stream.flush()


def read_frame(stream: BinaryIO) -> Frame:
    """The next frame.

    Raises:
        EOFError: The other side has ended.
    """
    length = int.from_bytes(_read(stream, _LENGTH), "little")
    # Only our own process has the other end of the pipe.
    word, value, rows = marshal.loads(_read(stream, length))  # noqa: S302 - as said
    return word, pickle.loads(value), rows  # noqa: S301 - as said


def _read(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data
