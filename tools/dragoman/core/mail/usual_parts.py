"""Takes the parts of a mail apart that is written as the standard wants it, in few steps and without reading lines.

What it does not expect it leaves to the reader of lines, which makes the same of all that is taken here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from dragoman.core.mail.parts import HEAD_LINES, Part, PartHead, read_part_head

_MOST_PARTS: Final = 50
_DEEPEST: Final = 4
_LONGEST_HEAD: Final = 512
_LINE_END: Final = b"\r\n"
_EMPTY_LINE: Final = b"\r\n\r\n"


def take_usual_parts(part: Part, data: bytes, start: int) -> bool:
    """Take the body of a multipart; false, and nothing is taken, where it is not as expected.

    Args:
        part: The multipart, whose head was read.
        data: The mail.
        start: The place behind the head.
    """
    return part.media_type.startswith("multipart/") and _take(part, data, (start, len(data)), 0)


def _take(part: Part, data: bytes, place: tuple[int, int], depth: int) -> bool:
    boundary, (start, end) = part.parameters.get("boundary", "").strip(), place
    mark = f"--{boundary}".encode("utf-8", "surrogateescape")
    if not boundary or depth >= _DEEPEST:
        return False
    line = b"\n" + mark
    first = at = data.find(line, start - 1, end) + 1
    parts: list[Part] = []
    while at and data.startswith(_LINE_END, at + len(mark)) and len(parts) < _MOST_PARTS:
        head_at = at + len(mark) + len(_LINE_END)
        at = data.find(line, head_at - 1, end) + 1
        child = Part(number=f"{part.number}.{len(parts) + 1}" if part.number else str(len(parts) + 1))
        if not at or not _take_part(child, part.media_type, data, (head_at, at), depth):
            return False
        parts.append(child)
    if not parts or not _is_last(data, at + len(mark), end):
        return False
    if first > start:
        part.add_slice(data, start, first)
    part.parts = parts
    return True


def _take_part(part: Part, around: str, data: bytes, place: tuple[int, int], depth: int) -> bool:
    start, end = place
    head_end = data.find(_EMPTY_LINE, start - len(_LINE_END), end)
    if not 0 <= head_end - start + len(_LINE_END) <= _LONGEST_HEAD:
        return False
    head = _known_head(data[start : head_end + len(_LINE_END)], around)
    if head is None:
        return False
    part.take_head(head)
    body = head_end + len(_EMPTY_LINE)
    if part.media_type.startswith("multipart/"):
        return _take(part, data, (body, end), depth + 1)
    if body < end:
        part.add_slice(data, body, end)
    return True


def _is_last(data: bytes, at: int, end: int) -> bool:
    """Whether what follows a boundary ends its parts."""
    return data.startswith(b"--", at) and (at + 2 == end or data.startswith(_LINE_END, at + 2))


@lru_cache(maxsize=256)
def _known_head(data: bytes, around: str) -> PartHead | None:
    """What the head of a part says; ``None`` where it may end before. The same few heads stand in most mails."""
    return read_part_head(data, around) if HEAD_LINES.fullmatch(data) else None
