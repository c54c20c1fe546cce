"""Takes a mail apart: line by line, so that memory is bounded however large it is, or in large steps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, cast

from dragoman.core.mail.parts import HEAD_LIMIT, HEAD_LINES, Part
from dragoman.core.mail.usual_parts import take_usual_parts

# Bounds for a hostile mail: each part is an object, and each level one more boundary to compare lines with.
_MOST_PARTS: Final = 1000
_DEEPEST: Final = 50
_SHORTEST_BOUNDARY: Final = len(b"--b")
_BLANKS: Final = (b"\r\n", b"\n")
_BLANK: Final = frozenset({b"\n", b"\r\n", b"\r"})


class _PartReader:
    """Reads a mail line by line, or several lines at once.

    Attributes:
        root: The mail, complete after :meth:`close`.
    """

    def __init__(self) -> None:
        self.root = Part()
        self._stack = [self.root]
        self._boundaries: list[tuple[bytes, Part]] = []
        self._in_head = True
        self._ended = False
        self._count = 1
        self._untold: Part | None = None  # a multipart whose boundary is not told

    def feed(self, line: bytes) -> None:
        """Take the next line, with its end."""
        if line.startswith(b"--"):
            if self._untold is not None and not self._in_head and len(line.rstrip()) > _SHORTEST_BOUNDARY:
                self._boundaries.append((line.rstrip(), self._untold))
                self._untold = None
            if self._boundaries and self._is_boundary(line):
                return
        if not self._in_head:
            if not self._ended:
                self._stack[-1].add_body(line)
        elif line in _BLANK:
            self._end_head()
        elif cast("re.Match[bytes]", HEAD_LINES.match(line)).end():
            self._stack[-1].add_head(line)
        else:
            # A head that breaks off: what follows is the body.
            self._end_head()
            self._stack[-1].add_body(line)

    def feed_from(self, data: bytes, start: int) -> int:
        """Take the lines from a place on, as many as go together; the place behind them."""
        if not self._in_head:
            end = self._end_of_lines(data, start)
            if end > start:
                if not self._ended:
                    self._stack[-1].add_slice(data, start, end)
                return end
        else:
            end = cast("re.Match[bytes]", HEAD_LINES.match(data, start)).end()
            if end > start:
                self._stack[-1].add_head(data[start:end])
            for blank in _BLANKS:
                if data.startswith(blank, end):
                    self._end_head()
                    return end + len(blank)
            if end > start:
                return end
        end = data.find(b"\n", start) + 1 or len(data)
        self.feed(data[start:end])
        return end

    def _end_of_lines(self, data: bytes, start: int) -> int:
        """The place before the next line of a body that may be a boundary."""
        mark = b"--"
        if self._untold is None and len(self._boundaries) <= 1:
            if not self._boundaries:
                return len(data)
            mark = self._boundaries[0][0]
        return start if data.startswith(mark, start) else data.find(b"\n" + mark, start) + 1 or len(data)

    def close(self) -> None:
        """The mail is complete."""
        if self._in_head:
            self._end_head()

    def take_known_head(self, data: bytes, known: Part) -> int:
        """Take the head of the mail, which was read before as that of ``known``; the place behind it.

        A head that breaks off is not taken: the server, which gave its fields, may see its end elsewhere. Nor is one
        that says something else of the body, because some servers write mails anew for each reading.
        """
        end = cast("re.Match[bytes]", HEAD_LINES.match(data)).end()
        for blank in _BLANKS:
            if data.startswith(blank, end) and end <= HEAD_LIMIT and _fits(data[:end], known):
                self.root.take_known_head(data[:end], known)
                self._begin_body(self.root)
                return end + len(blank)
        return 0

    def _end_head(self) -> None:
        part = self._stack[-1]
        part.end_head(self._stack[-2].media_type if len(self._stack) > 1 else "")
        self._begin_body(part)

    def _begin_body(self, part: Part) -> None:
        self._in_head = False
        boundary = part.parameters.get("boundary", "").strip()
        if not part.media_type.startswith("multipart/") or len(self._boundaries) >= _DEEPEST:
            return
        if not boundary:
            self._untold = part
        else:
            self._boundaries.append((f"--{boundary}".encode("utf-8", "surrogateescape"), part))

    def _is_boundary(self, line: bytes) -> bool:
        """Whether the line ends a part; if so, go on behind it."""
        # White space behind a boundary does not count (RFC 2046, 5.1.1).
        bare = line.rstrip()
        # From the innermost: the boundary of an outer part ends all parts within it (RFC 2046, 5.1.2).
        for place in range(len(self._boundaries) - 1, -1, -1):
            boundary, part = self._boundaries[place]
            if bare == boundary and self._count < _MOST_PARTS:
                self._leave(place, part)
                self._begin(part)
                return True
            if bare.startswith(boundary) and bare[len(boundary) :].lstrip() == b"--":
                self._leave(place, part)
                self._boundaries.pop()
                self._ended = True  # what follows within is for no reader
                self._in_head = False
                return True
        return False

    def _leave(self, place: int, part: Part) -> None:
        if self._in_head:
            self._end_head()
        del self._boundaries[place + 1 :]
        del self._stack[self._stack.index(part) + 1 :]

    def _begin(self, around: Part) -> None:
        number = str(len(around.parts) + 1)
        part = Part(number=f"{around.number}.{number}".removeprefix("."))
        around.parts.append(part)
        self._stack.append(part)
        self._in_head, self._ended = True, False
        self._count += 1


def _fits(head: bytes, known: Part) -> bool:
    """Whether a head says of the body what is known of it."""
    lower = head.lower()
    if (b"\ncontent-transfer-encoding" in lower) != bool(known.encoding):
        return False
    words = (known.media_type, known.encoding, known.parameters.get("boundary", "").lower())
    return all(word.encode("utf-8", "surrogateescape") in lower for word in words)


def read_parts(lines: Iterable[bytes]) -> Part:
    """A mail of its lines."""
    reader = _PartReader()
    feed = reader.feed
    for line in lines:
        feed(line)
    reader.close()
    return reader.root


def read_whole(data: bytes, known: Part | None = None) -> Part:
    """A mail that is held as a whole; only its heads, and lines that may be boundaries, are looked at one by one.

    Args:
        data: The mail.
        known: What was made of its head before.
    """
    reader = _PartReader()
    at = 0 if known is None else reader.take_known_head(data, known)
    if at and take_usual_parts(reader.root, data, at):
        return reader.root
    while at < len(data):
        at = reader.feed_from(data, at)
    reader.close()
    return reader.root


def read_head(data: bytes) -> Part:
    """A mail of which only the head is read."""
    part = Part()
    part.add_head(cast("re.Match[bytes]", HEAD_LINES.match(data))[0])
    part.end_head("")
    return part
