"""From lines to records: what begins with date and time, and the lines that belong to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from dragoman.archives.notes import Notes
from dragoman.archives.sources import File
from dragoman.archives.text import lines
from dragoman.archives.whatsapp.dates import LineHead, parse_head

_LONGEST_TEXT: Final = 1 << 20
"""Characters of one message; what exceeds them is left out, for no message of WhatsApp is so long."""


@dataclass(slots=True)
class Record:
    """One entry of a chat.

    Attributes:
        head: Its date and time.
        first: Its first line as the file has it.
        lines: The text behind the head, line by line.
        line: Number of the first line, from 1.
    """

    head: LineHead
    first: str
    line: int
    lines: list[str] = field(default_factory=list[str])
    size: int = 0

    def raw_lines(self) -> Iterator[str]:
        """All its lines as they stand in the file."""
        yield self.first
        yield from self.lines[1:]


def read_records(file: File, shape: str | None, notes: Notes | None = None) -> Iterator[Record]:
    """The entries of a chat in the order of the file.

    Args:
        file: The text.
        shape: Shape of the heads that count; without it, that of the first one.
        notes: Where lines are counted that are too long.
    """
    record: Record | None = None
    with file.open() as content:
        for number, line in lines(content, notes, file.label):
            head = parse_head(line)
            if head is not None and (shape is None or head.shape == shape):
                shape = head.shape
                if record is not None:
                    yield record
                record = Record(head, line, number, [head.rest])
            elif record is not None and record.size < _LONGEST_TEXT:
                record.lines.append(line)
                record.size += len(line)
    if record is not None:
        yield record
