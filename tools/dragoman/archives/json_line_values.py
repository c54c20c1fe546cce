"""The values of JSON Lines, one a line, in any encoding that has a mark."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import BinaryIO, Final

from dragoman.archives.json_blocks import decode
from dragoman.archives.json_mending import parse
from dragoman.archives.notes import Notes
from dragoman.archives.text import LONGEST_LINE, LONGEST_MARK, encoding_of, pass_over_line, wide_lines
from dragoman.core.lazy_pattern import lazy_pattern

_LINE: Final = lazy_pattern(rb"[^\n]*+\n|[^\n]++")


def json_lines(stream: BinaryIO, notes: Notes, file: str) -> Iterator[tuple[int, object]]:
    """The values of JSON Lines with their line numbers from 1.

    Args:
        stream: The file.
        notes: Where lines that cannot be read are counted.
        file: How the user knows the file.
    """
    beginning = stream.read(LONGEST_MARK)
    encoding, length = encoding_of(beginning)
    found: Iterator[tuple[int, object]]
    if encoding == "utf-8":
        found = _narrow_values(stream, beginning, notes, file)
    else:
        found = _wide_values(wide_lines(stream, encoding, beginning[length:]), notes, file)
    return found


def _narrow_values(stream: BinaryIO, beginning: bytes, notes: Notes, file: str) -> Iterator[tuple[int, object]]:
    # The bytes that were read to find a mark may hold several short lines.
    first = _LINE.findall(beginning + stream.readline(LONGEST_LINE))
    rest = iter(partial(stream.readline, LONGEST_LINE), b"")
    for number, line in enumerate(chain(first, rest), 1):
        if not line.endswith(b"\n") and len(line) >= LONGEST_LINE and pass_over_line(stream):
            notes.skip("a line longer than 16 MiB", file, number)
            continue
        try:
            value = decode(line)
        except (ValueError, RecursionError):
            # The fast parser refuses a byte order mark, which only a first line has.
            text = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").strip()
            if not text:
                continue
            yield from _mended_values(text, number, notes, file)
            continue
        yield number, value


def _mended_values(text: str, number: int, notes: Notes, file: str) -> Iterator[tuple[int, object]]:
    """The values of a line that is no plain JSON: damaged ones, or several between carriage returns."""
    for part in filter(str.strip, text.split("\r")):
        try:
            value = parse(part)
        except ValueError as error:
            notes.skip("no valid JSON", file, number, getattr(error, "colno", None))
        else:
            yield number, value


def _wide_values(lines: Iterator[tuple[str, bool]], notes: Notes, file: str) -> Iterator[tuple[int, object]]:
    """The values of a text whose characters have two or four bytes."""
    for number, (line, is_cut) in enumerate(lines, 1):
        if is_cut:
            notes.skip("a line longer than 1 MiB", file, number)
        elif line.strip():
            try:
                value = parse(line)
            except ValueError as error:
                notes.skip("no valid JSON", file, number, getattr(error, "colno", None))
            else:
                yield number, value
