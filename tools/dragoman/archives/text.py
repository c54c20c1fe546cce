"""Bytes of archives to text: encodings, lines, and characters that no text should hold."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, Final

LONGEST_LINE: Final = 16 << 20
"""Bytes of a line; the rest of a longer one is passed over."""

LONGEST_NAME: Final = 200
"""Characters of a name. Each mention repeats it, so a long one would blow up a text."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def encoding_of(beginning: bytes) -> tuple[str, int]:
    """The encoding that a byte order mark names, and the length of the mark; UTF-8 without one."""
    for mark, encoding in _MARKS:
        if beginning.startswith(mark):
            return encoding, len(mark)
    return "utf-8", 0


def decode(data: bytes, *, complete: bool = True) -> str:
    """Decode bytes as the byte order mark says, else as UTF-8, else as Windows-1252; never fails.

    Args:
        data: The bytes.
        complete: ``False`` when they may end within a character.
    """
    encoding, length = encoding_of(data)
    if length:
        return codecs.getincrementaldecoder(encoding)("replace").decode(data[length:], final=complete)
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data, final=complete)
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def without_surrogates(text: str) -> str:
    """The text with U+FFFD for halves of surrogate pairs, which stand for no character."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def clean(text: str) -> str:
    """A message's text: line ends are LF, outer white space is off, every character is one."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return without_surrogates(text).strip()


def clean_name(text: str) -> str:
    """The name of a person or a channel, cut to :data:`LONGEST_NAME` characters."""
    return clean(text)[:LONGEST_NAME]


def lines(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines of a text file with their numbers from 1, without line ends.

    Each line is decoded by itself: files are met whose lines have different encodings.
    """
    beginning = stream.read(4)
    encoding, length = encoding_of(beginning)
    if encoding != "utf-8":
        yield from enumerate(_wide_lines(stream, encoding, beginning[length:]), 1)
        return
    first = beginning[length:]
    number = 0
    # The first bytes may hold line ends.
    while b"\n" in first:
        line, _, first = first.partition(b"\n")
        number += 1
        yield number, decode(line).removesuffix("\r")
    for raw in byte_lines(stream, first):
        number += 1
        yield number, decode(raw).rstrip("\r\n")


def byte_lines(stream: BinaryIO, first: bytes = b"") -> Iterator[bytes]:
    """The lines of a stream with their ends; what exceeds :data:`LONGEST_LINE` is passed over.

    Args:
        stream: The stream.
        first: Bytes that were read from it already, without a line end.
    """
    while line := first + stream.readline(LONGEST_LINE):
        first = b""
        rest = line
        while not rest.endswith(b"\n") and len(rest) >= LONGEST_LINE:
            rest = stream.readline(LONGEST_LINE)
            if not rest:
                break
        yield line


def _wide_lines(stream: BinaryIO, encoding: str, first: bytes) -> Iterator[str]:
    """The lines of a text whose characters have two or four bytes."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    text = decoder.decode(first)
    while chunk := stream.read(1 << 16):
        *whole, text = (text + decoder.decode(chunk)).split("\n")
        for line in whole:
            yield line.removesuffix("\r")
        text = text[:LONGEST_LINE]
    if text:
        yield text.removesuffix("\r")
