"""Bytes of archives to text: encodings, lines, and characters that no text should hold."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Final

from dragoman.archives.notes import Notes
from dragoman.core.lazy_pattern import lazy_pattern

LONGEST_LINE: Final = 16 << 20
"""Bytes of a line of JSON; a longer one is passed over."""

_LONGEST_TEXT: Final = 1 << 20
"""Bytes of a line of text; the rest of a longer one is passed over."""

LONGEST_NAME: Final = 200
"""Characters of a name. Each mention repeats it, so a long one would blow up a text."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    # Before UTF-16, whose mark is the beginning of this one.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LONGEST_MARK: Final = 4
_SURROGATE: Final = lazy_pattern("[\ud800-\udfff]")


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
    if data.isascii():
        return data.decode("ascii")
    encoding, length = encoding_of(data)
    if length:
        return codecs.getincrementaldecoder(encoding)("replace").decode(data[length:], final=complete)
    try:
        return data.decode() if complete else codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def without_surrogates(text: str) -> str:
    """The text with U+FFFD for halves of surrogate pairs, which stand for no character."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def clean(text: str) -> str:
    """A message's text: line ends are LF, outer white space is off, every character is one."""
    if text.isascii() and "\r" not in text:
        return text.strip()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return without_surrogates(text).strip()


def clean_name(text: str) -> str:
    """The name of a person or a channel, cut to :data:`LONGEST_NAME` characters."""
    return clean(text)[:LONGEST_NAME]


def lines(stream: BinaryIO, notes: Notes | None = None, file: str = "") -> Iterator[tuple[int, str]]:
    """The lines of a text file with their numbers from 1, without line ends.

    Each line is decoded by itself: files are met whose lines have different encodings.

    Args:
        stream: The file.
        notes: Where lines are counted of which the rest is passed over.
        file: How the user knows the file.
    """
    beginning = stream.read(LONGEST_MARK)
    encoding, length = encoding_of(beginning)
    first = beginning[length:]
    is_narrow = encoding == "utf-8"
    found = _narrow_lines(stream, first) if is_narrow else wide_lines(stream, encoding, first)
    for number, (line, is_cut) in enumerate(found, 1):
        if is_cut and notes is not None:
            notes.skip("the rest of a line longer than 1 MiB", file, number)
        yield number, line


def _narrow_lines(stream: BinaryIO, first: bytes) -> Iterator[tuple[str, bool]]:
    """The lines, and whether they were cut. ``first`` was read already, and may hold line ends."""
    while b"\n" in first:
        line, _, first = first.partition(b"\n")
        yield decode(line).removesuffix("\r"), False
    while raw := first + stream.readline(_LONGEST_TEXT):
        first = b""
        is_cut = not raw.endswith(b"\n") and len(raw) >= _LONGEST_TEXT
        yield decode(raw, complete=not is_cut).rstrip("\r\n"), is_cut and pass_over_line(stream)


def pass_over_line(stream: BinaryIO) -> bool:
    """Pass over the rest of a line; whether there was any."""
    found = False
    while rest := stream.readline(_LONGEST_TEXT):
        found = found or bool(rest.strip())
        if rest.endswith(b"\n"):
            break
    return found


def wide_lines(stream: BinaryIO, encoding: str, first: bytes) -> Iterator[tuple[str, bool]]:
    """The lines of a text whose characters have two or four bytes, and whether they were cut."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    text, is_cut = decoder.decode(first), False
    while chunk := stream.read(1 << 16):
        *whole, text = (text + decoder.decode(chunk)).split("\n")
        for line in whole:
            yield line.removesuffix("\r"), is_cut
            is_cut = False
        is_cut = is_cut or len(text) > _LONGEST_TEXT
        text = text[:_LONGEST_TEXT]
    if text:
        yield text.removesuffix("\r"), is_cut
