"""Transfer encodings, tolerant of what mailers break.

Texts may be large: no single step here is one that other threads would have to wait for.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FOREIGN: Final = bytes(set(range(256)) - set(_LETTERS))
_USUAL: Final = _LETTERS + b"=\r\n"
_HEX: Final = re.compile(rb"[0-9A-Fa-f]{2}")
_WRONG_ESCAPE: Final = re.compile(rb"=(?![0-9A-Fa-f]{2})")
_ODD_ESCAPE: Final = re.compile(rb"=(?![0-9A-Fa-f]{2}|\r?\n)")
_BLANK_AT_END: Final = re.compile(rb"\n(?:(?<=[ \t]\n)|(?<=[ \t]\r\n))")
_TRAILING: Final = re.compile(rb"(?<![ \t])[ \t]+(\r?\n)")  # from the start of a run: else quadratic
_PLAIN: Final = re.compile(rb"[^\s][ \t]+[^\s]|[^A-Za-z0-9+/=\s-]|--|__")
_UUENCODED: Final = frozenset({"x-uuencode", "uuencode", "x-uue", "uue", "x-uu"})
_LENGTH: Final = 0x3F  # of a line of uuencode, in its first letter
_WORDS: Final = 3  # of a line that begins a text which is not encoded at all


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """The content of a body in a transfer encoding; an unknown encoding is taken as none."""
    if encoding == "base64":
        return _with_plain_end(data) if data.translate(None, _USUAL) else decode_base64(data)
    if encoding == "quoted-printable":
        if _ODD_ESCAPE.search(data) or _BLANK_AT_END.search(data) or data.endswith((b" ", b"\t")):
            return decode_quoted_printable(without_soft_breaks(data))
        return binascii.a2b_qp(data)
    return decode_uu(data) if encoding in _UUENCODED else data


def decode_uu(data: bytes) -> bytes:
    """The content of uuencode: of its lines, without those that begin and end it. What is none stays as it is."""
    lines = data.splitlines()
    begin = next((place for place, line in enumerate(lines) if line.startswith(b"begin ")), None)
    if begin is None:
        return data
    return b"".join(map(_decode_line, lines[begin + 1 : _end_of(lines, begin)]))


def _end_of(lines: list[bytes], begin: int) -> int:
    return next((place for place in range(begin + 1, len(lines)) if lines[place].strip() == b"end"), len(lines))


def _decode_line(line: bytes) -> bytes:
    count = (line[0] - 32) & _LENGTH if line else 0
    # Some mailers cut blanks at the end of a line off, others write a checksum there.
    letters = line[1 : 1 + -(-count // 3) * 4]
    try:
        return binascii.a2b_uu(line[:1] + letters)[:count]
    except binascii.Error:
        return b""


def _with_plain_end(data: bytes) -> bytes:
    """Decode base64 behind which a mailing list has written its footer as plain lines, or which is plain itself."""
    lines = data.splitlines(keepends=True)
    for place, line in enumerate(lines):
        plain = line.strip()
        if plain and _PLAIN.search(plain):
            above = lines[place - 1].strip() if place else b""
            if above[-1:] not in (b"", b"=") or (not place and len(plain.split()) < _WORDS):
                break  # a line that was broken on its way
            return decode_base64(b"".join(lines[:place])) + b"\n\n" + b"".join(lines[place:])
    return decode_base64(data)


def decode_base64(data: bytes) -> bytes:
    """Decode, passing over foreign bytes and missing padding; pieces with padding of their own follow each other."""
    return b"".join(_decode_piece(base64_letters(piece)) for piece in data.split(b"="))


def base64_letters(data: bytes) -> bytes:
    """What of some bytes are letters of base64."""
    return data.translate(None, _FOREIGN)


def _decode_piece(letters: bytes) -> bytes:
    # A single letter at the end holds six bits, which are no byte.
    left = len(letters) % 4
    return binascii.a2b_base64(letters[:-1] if left == 1 else letters + b"=" * (-left % 4))


def without_soft_breaks(data: bytes) -> bytes:
    """Quoted-printable without line breaks that are none, and without blanks at the ends of its lines."""
    if _BLANK_AT_END.search(data):
        data = _TRAILING.sub(rb"\1", data)
    bare = data.rstrip(b" \t")
    data = bare[:-1] if bare.endswith(b"=") else data
    return data.replace(b"=\r\n", b"").replace(b"=\n", b"")


def decode_quoted_printable(data: bytes) -> bytes:
    """Decode; a wrong escape stays as it is."""
    if not _WRONG_ESCAPE.search(data):
        return binascii.a2b_qp(data)
    first, *pieces = data.split(b"=")
    return first + b"".join(_unescaped(piece) for piece in pieces)


def _unescaped(piece: bytes) -> bytes:
    return binascii.unhexlify(piece[:2]) + piece[2:] if _HEX.match(piece) else b"=" + piece
