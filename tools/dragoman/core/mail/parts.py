"""The parts of a mail, read line by line: memory is bounded however large the mail is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from dragoman.core.mail.headers import Headers
from dragoman.core.mail.transfer import base64_letters, decode_transfer, without_soft_breaks

TEXT_LIMIT: Final = 1 << 20
"""Bytes of a text that are kept."""

_HEAD_LIMIT: Final = 256 << 10
_OTHER_LIMIT: Final = 64 << 10
_MOST_PARTS: Final = 1000
_LINE: Final = 78  # bytes of a line of base64, with its end
_DEEPEST: Final = 50
_SHORTEST_BOUNDARY: Final = len(b"--b")
_BLANK: Final = frozenset({b"\n", b"\r\n", b"\r"})
_HEADER_LINE: Final = re.compile(rb"[!-9;-~]+[ \t]*:|[ \t]")
_HEADER_LINES: Final = re.compile(rb"^(?:[!-9;-~]+[ \t]*:|[ \t])", re.MULTILINE)
_HEAD_END: Final = re.compile(rb"\n\r?\n")
_ESCAPES: Final = re.compile(rb"=[0-9A-Fa-f]{2}")


_NO_HEADERS: Final = Headers([])


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
    headers: Headers = _NO_HEADERS
    media_type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict[str, str])
    disposition: str = ""
    disposition_parameters: dict[str, str] = field(default_factory=dict[str, str])
    encoding: str = ""
    _head: list[bytes] = field(default_factory=list[bytes])
    _head_size: int = 0
    _body: bytearray = field(default_factory=bytearray)
    _room: int = 0
    _dropped: int = 0
    _end: bytes = b""

    @property
    def is_multipart(self) -> bool:
        """Whether other parts are in it."""
        return self.media_type.startswith("multipart/") and bool(self.parts)

    def walk(self) -> Iterator[Part]:
        """It and all parts in it."""
        yield self
        for part in self.parts:
            yield from part.walk()

    @property
    def content(self) -> bytes:
        """The decoded content, as much of it as is kept."""
        return decode_transfer(bytes(self._body).removesuffix(b"\n").removesuffix(b"\r"), self.encoding)

    @property
    def size(self) -> int:
        """Bytes of the decoded content, all of it."""
        size = self._counted(bytes(self._body)) + self._dropped
        if self.encoding == "base64":
            return size * 3 // 4
        return max(0, size - (len(self._end) - len(self._end.rstrip(b"\r\n"))))

    def add_head(self, line: bytes) -> None:
        """Take a line of the head."""
        if self._head_size < _HEAD_LIMIT:
            self._head.append(line)
            self._head_size += len(line)

    def end_head(self, around: str) -> None:
        """Learn from the head what the part is; ``around`` is the type of the part that holds it."""
        self.headers = Headers(self._head)
        self._head = []
        names = self.headers.names
        default = "message/rfc822" if around == "multipart/digest" else "text/plain"
        type_, self.parameters = self.headers.parameters("content-type")
        self.headers.charset = self.parameters.get("charset", "")
        self.media_type = type_ if "/" in type_ else {"text": "text/plain", "html": "text/html"}.get(type_, default)
        if "content-disposition" in names:
            self.disposition, self.disposition_parameters = self.headers.parameters("content-disposition")
        if "content-transfer-encoding" in names:
            encoding, _, _ = self.headers.raw("content-transfer-encoding").partition(";")
            self.encoding = encoding.strip().strip('"').lower()
        if self.media_type.startswith(("text/", "multipart/")):
            self._room = TEXT_LIMIT
        elif self.media_type.startswith("message/"):
            self._room = _OTHER_LIMIT

    def add_body(self, line: bytes) -> None:
        """Take a line of the body: keep it, or only count it."""
        self._end = line
        if self._room >= len(line):
            self._body += line
            self._room -= len(line)
        else:
            self._room, self.cut = 0, True
            self._dropped += self._counted(line)

    def take_body(self, body: bytes) -> bool:
        """Take the whole body at once, unless it holds parts or is too long to be kept."""
        if self.media_type.startswith("multipart/") or self._room < len(body):
            return False
        self._end = body[body.rfind(b"\n", 0, -1) + 1 :]
        self._body += body
        self._room -= len(body)
        return True

    def end_early(self, missing: int, *, read: bool) -> None:
        """Note that bytes of the body on the wire are missing; ``read``: others of it were kept."""
        if missing > 0:
            self.cut = self.cut or read
            self._dropped += missing - 2 * -(-missing // _LINE) if self.encoding == "base64" else missing

    def _counted(self, data: bytes) -> int:
        """How many letters of base64, else bytes after decoding, some lines have."""
        if self.encoding == "base64":
            return len(base64_letters(data))
        if self.encoding == "quoted-printable":
            return len(without_soft_breaks(data)) - 2 * len(_ESCAPES.findall(data))
        return len(data)


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
        elif _HEADER_LINE.match(line):
            self._stack[-1].add_head(line)
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
        if not part.media_type.startswith("multipart/") or len(self._boundaries) >= _DEEPEST:
            return
        if not boundary:
            self._untold = part
        else:
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
    feed = reader.feed
    for line in lines:
        feed(line)
    reader.close()
    return reader.root


def read_whole(data: bytes) -> Part:
    """A mail that is held as a whole; one without parts, as most are, is not taken apart by lines."""
    blank = _HEAD_END.search(data)
    end = blank.start() + 1 if blank else 0
    if blank is None or data.count(b"\n", 0, end) != len(_HEADER_LINES.findall(data, 0, end)):
        return read_parts(BytesIO(data))
    reader = PartReader()
    for line in BytesIO(data[:end]):
        reader.root.add_head(line)
    reader.feed(b"\n")
    body = data[blank.end() :]
    if not reader.root.take_body(body):
        for line in BytesIO(body):
            reader.feed(line)
        reader.close()
    return reader.root


def make_part(number: str, head: bytes, body: bytes | None, *, around: str, octets: int = 0) -> Part:
    """A part that was read alone.

    Args:
        number: Its section number.
        head: Its header fields.
        body: Its body as it is on the wire, or the beginning of it; ``None`` when it was not read.
        around: The type of the part that holds it; empty when none does.
        octets: Bytes of the whole body on the wire.
    """
    part = Part(number=number)
    for line in head.splitlines(keepends=True):
        if line in _BLANK:
            break
        part.add_head(line)
    part.end_head(around)
    for line in (body or b"").splitlines(keepends=True):
        part.add_body(line)
    part.end_early(octets - len(body or b""), read=body is not None)
    return part


def read_head(lines: Iterable[bytes]) -> Part:
    """A mail of which only the head is read."""
    part = Part()
    is_header = _HEADER_LINE.match
    for line in lines:
        if line in _BLANK or not is_header(line):
            break
        part.add_head(line)
    part.end_head("")
    return part
