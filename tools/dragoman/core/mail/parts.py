"""The parts of a mail, read line by line: memory is bounded however large the mail is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from dragoman.core.mail.headers import Headers
from dragoman.core.mail.transfer import decode_transfer

TEXT_LIMIT: Final = 1 << 20
"""Bytes of a text that are kept."""

_HEAD_LIMIT: Final = 256 << 10
_OTHER_LIMIT: Final = 64 << 10
_MOST_PARTS: Final = 1000
_DEEPEST: Final = 50
_HEADER_LINE: Final = re.compile(rb"[!-9;-~]+[ \t]*:|[ \t]")
_FOREIGN: Final = re.compile(rb"[^A-Za-z0-9+/]+")
_ESCAPES: Final = re.compile(rb"=[0-9A-Fa-f]{2}")


@dataclass(slots=True)
class Part:
    """A mail or a part of one.

    Attributes:
        number: Its section number as in IMAP, such as ``2.1``; empty for the whole mail.
        parts: What a multipart holds.
        cut: More of the text came than is kept.
    """

    number: str = ""
    parts: list[Part] = field(default_factory=list["Part"])
    cut: bool = False
    headers: Headers = field(default_factory=lambda: Headers([]))
    media_type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict[str, str])
    disposition: str = ""
    disposition_parameters: dict[str, str] = field(default_factory=dict[str, str])
    encoding: str = ""
    _head: list[bytes] = field(default_factory=list[bytes])
    _head_size: int = 0
    _body: bytearray = field(default_factory=bytearray)
    _size: int = 0
    _end: int = 0

    @property
    def is_multipart(self) -> bool:
        """Whether other parts are in it."""
        return self.media_type.startswith("multipart/") and bool(self.parts)

    @property
    def content(self) -> bytes:
        """The decoded content, as much of it as is kept."""
        return decode_transfer(bytes(self._body).removesuffix(b"\n").removesuffix(b"\r"), self.encoding)

    @property
    def size(self) -> int:
        """Bytes of the decoded content, all of it."""
        if self.encoding == "base64":
            return self._size * 3 // 4
        return max(0, self._size - self._end)

    def add_head(self, line: bytes) -> None:
        """Take a line of the head."""
        if self._head_size < _HEAD_LIMIT:
            self._head.append(line)
            self._head_size += len(line)

    def end_head(self, around: str) -> None:
        """Learn from the head what the part is; ``around`` is the type of the part that holds it."""
        self.headers = Headers(self._head)
        self._head = []
        default = "message/rfc822" if around == "multipart/digest" else "text/plain"
        type_, self.parameters = self.headers.parameters("content-type")
        self.media_type = type_ if "/" in type_ else {"text": "text/plain", "html": "text/html"}.get(type_, default)
        self.disposition, self.disposition_parameters = self.headers.parameters("content-disposition")
        self.encoding = self.headers.raw("content-transfer-encoding").partition(";")[0].strip().strip('"').lower()

    def add_body(self, line: bytes) -> None:
        """Take a line of the body: keep it, or only count it."""
        is_text = self.media_type.startswith(("text/", "multipart/"))
        room = (TEXT_LIMIT if is_text else _OTHER_LIMIT) - len(self._body)
        self._body += line[: max(0, room)]
        self.cut = self.cut or len(line) > room
        if self.encoding == "base64":
            self._size += len(_FOREIGN.sub(b"", line))
        elif self.encoding == "quoted-printable":
            soft = len(line) - len(line.rstrip(b"\r\n")) + 1 if line.rstrip(b"\r\n").endswith(b"=") else 0
            self._size += len(line) - 2 * len(_ESCAPES.findall(line)) - soft
        else:
            self._size += len(line)
        self._end = 2 if line.endswith(b"\r\n") else int(line.endswith(b"\n"))


class PartReader:
    """Reads a mail line by line.

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

    def feed(self, line: bytes) -> None:
        """Take the next line, with its end."""
        if line.startswith(b"--") and self._boundaries and self._is_boundary(line):
            return
        part = self._stack[-1]
        if not self._in_head:
            if not self._ended:
                part.add_body(line)
        elif line in (b"\n", b"\r\n", b"\r"):
            self._end_head()
        elif _HEADER_LINE.match(line):
            part.add_head(line)
        else:
            # A head that breaks off: what follows is the body.
            self._end_head()
            self._stack[-1].add_body(line)

    def close(self) -> None:
        """The mail is complete."""
        if self._in_head:
            self._end_head()

    def _end_head(self) -> None:
        self._in_head = False
        part = self._stack[-1]
        part.end_head(self._stack[-2].media_type if len(self._stack) > 1 else "")
        boundary = part.parameters.get("boundary", "").strip()
        if part.media_type.startswith("multipart/") and boundary and len(self._boundaries) < _DEEPEST:
            self._boundaries.append((f"--{boundary}".encode("utf-8", "surrogateescape"), part))

    def _is_boundary(self, line: bytes) -> bool:
        """Whether the line ends a part; if so, go on behind it."""
        bare = line.rstrip()
        for place in range(len(self._boundaries) - 1, -1, -1):
            boundary, part = self._boundaries[place]
            if bare == boundary and self._count < _MOST_PARTS:
                self._leave(place, part)
                self._begin(part)
                return True
            if bare == boundary + b"--":
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


def read_parts(lines: Iterable[bytes]) -> Part:
    """A mail of its lines."""
    reader = PartReader()
    for line in lines:
        reader.feed(line)
    reader.close()
    return reader.root
