"""A part of a mail: its head, and as much of its body as is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from dragoman.core.mail.headers import Headers
from dragoman.core.mail.transfer import base64_letters, decode_transfer, without_soft_breaks

TEXT_LIMIT: Final = 1 << 20
"""Bytes of a text that are kept."""

HEAD_LIMIT: Final = 256 << 10
"""Bytes of a head that are read."""

_OTHER_LIMIT: Final = 64 << 10
_LINE: Final = 78  # bytes of a line of base64, with its end
_ESCAPES: Final = re.compile(rb"=[0-9A-Fa-f]{2}")

_SHORT_HEAD: Final = 512
HEAD_LINES: Final = re.compile(rb"(?:(?!--|\r?\n)(?:[!-9;-~]+[ \t]*:|[ \t])[^\n]*+(?:\n|\Z))*+")
"""Lines of a head, up to one that may be a boundary."""

_NO_HEADERS: Final = Headers(b"")

_COMMENT: Final = re.compile(r"\([^()]{0,200}\)")
_ENCODINGS: Final = {"base64": "base64", "quotedprintable": "quoted-printable"}
_WITHOUT_MARKS: Final = str.maketrans("", "", " -_'\"")


class PartHead(NamedTuple):
    """What the head of a part says."""

    headers: Headers
    media_type: str
    parameters: Mapping[str, str]
    encoding: str
    disposition: str
    disposition_parameters: Mapping[str, str]


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
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    disposition: str = ""
    disposition_parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    encoding: str = ""
    _head: bytearray = field(default_factory=bytearray)
    _body: bytearray | memoryview = field(default_factory=bytearray)
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
            if part.parts:
                yield from part.walk()
            else:
                yield part

    @property
    def file_name(self) -> str:
        """The file name that it tells, without folders; empty when it tells none."""
        told = self.disposition_parameters.get("filename") or self.parameters.get("name")
        return last_path_element(told) if told else ""

    @property
    def content(self) -> bytes:
        """The decoded content, as much of it as is kept."""
        # The line end before a boundary belongs to the boundary (RFC 2046, 5.1.1).
        return decode_transfer(bytes(self._body).removesuffix(b"\n").removesuffix(b"\r"), self.encoding)

    @property
    def size(self) -> int:
        """Bytes of the decoded content, all of it."""
        size = self._counted(bytes(self._body)) + self._dropped
        if self.encoding == "base64":
            return size * 3 // 4
        return max(0, size - (len(self._end) - len(self._end.rstrip(b"\r\n"))))

    def add_head(self, lines: bytes) -> None:
        """Take lines of the head."""
        room = HEAD_LIMIT - len(self._head)
        self._head += lines if len(lines) <= room else lines[: _whole_lines(lines, room)]

    def end_head(self, around: str) -> None:
        """Learn from the head what the part is; ``around`` is the type of the part that holds it."""
        data = bytes(self._head)
        self._head.clear()
        self.take_head(
            _known_head(data, around) if around and len(data) <= _SHORT_HEAD else read_part_head(data, around)
        )

    def take_known_head(self, data: bytes, known: Part) -> None:
        """Take a head that was read before as part of ``known``; ``data`` are all of its lines."""
        headers = Headers(data, known.headers.charset)
        parameters, others = known.parameters, known.disposition_parameters
        self.take_head(PartHead(headers, known.media_type, parameters, known.encoding, known.disposition, others))

    def take_head(self, head: PartHead) -> None:
        """Learn what the part is from a head that was read."""
        self.headers, self.media_type, self.parameters, self.encoding = head[:4]
        self.disposition, self.disposition_parameters = head[4:]
        if self.media_type.startswith(("text/", "multipart/")):
            self._room = TEXT_LIMIT
        elif self.media_type.startswith("message/"):
            self._room = _OTHER_LIMIT

    def add_slice(self, data: bytes, start: int, end: int) -> None:
        """Take the lines of the body that stand between two places; they are copied when they are needed."""
        if self._body or self._room < end - start:
            self.add_body(data[start:end])
            return
        self._end = data[max(start, data.rfind(b"\n", start, end - 1) + 1) : end]
        self._body = memoryview(data)[start:end]
        self._room -= end - start

    def release(self) -> None:
        """Forget the body."""
        self._body = bytearray()

    def add_body(self, lines: bytes) -> None:
        """Take lines of the body: keep them as far as there is room, and count the others."""
        self._end = lines[_whole_lines(lines, -1) :]
        if isinstance(self._body, memoryview):
            self._body = bytearray(self._body)
        if self._room >= len(lines):
            self._body += lines
            self._room -= len(lines)
            return
        fitting = _whole_lines(lines, self._room)
        self._body += lines[:fitting]
        self._room, self.cut = 0, True
        self._dropped += self._counted(lines[fitting:])

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


def read_part_head(data: bytes, around: str) -> PartHead:
    """What the head of a part says, of all of its lines; ``around`` is the type of the part that holds it."""
    headers = Headers(data)
    # RFC 2046, 5.1.5.
    default = "message/rfc822" if around == "multipart/digest" else "text/plain"
    type_, parameters = headers.parameters("content-type")
    headers.charset = parameters.get("charset", "")
    media_type = type_ if "/" in type_ else {"text": "text/plain", "html": "text/html"}.get(type_, default)
    disposition, others = headers.parameters("content-disposition")
    encoding = _encoding_of(headers.raw("content-transfer-encoding"))
    return PartHead(headers, media_type, parameters, encoding, disposition, others)


def _encoding_of(field: str) -> str:
    """The transfer encoding that a header field names, without comments, and with the marks that mailers forget."""
    name = _COMMENT.sub("", field).partition(";")[0].strip().strip('"').lower()
    return _ENCODINGS.get(name.translate(_WITHOUT_MARKS), name)


@lru_cache(maxsize=256)
def _known_head(data: bytes, around: str) -> PartHead:
    """The same for a part within a mail: the same few heads stand in most mails."""
    return read_part_head(data, around)


def _whole_lines(lines: bytes, room: int) -> int:
    """Bytes of those lines that end before a place."""
    return lines.rfind(b"\n", 0, room) + 1


def last_path_element(path: str) -> str:
    """A file name without the folders before it."""
    plain = path.replace("\r", " ").replace("\n", " ").replace("\\", "/")
    return plain.rpartition("/")[2].strip()


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
    part.add_head(head)
    part.end_head(around)
    if body:
        part.add_body(body)
    part.end_early(octets - len(body or b""), read=body is not None)
    return part
