"""Transfer encodings, tolerant of what mailers break."""

from __future__ import annotations

import binascii
import re
from typing import Final

_FOREIGN: Final = re.compile(rb"[^A-Za-z0-9+/]+")
_SPACED: Final = re.compile(rb"[^\s][ \t]+[^\s]|[^A-Za-z0-9+/=\s-]|--|__")
_WORDS: Final = 3  # of a line that begins a text which is not encoded at all
_ESCAPE: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_SOFT_BREAK: Final = re.compile(rb"=[ \t]*(?:\r?\n|$)")
_TRAILING: Final = re.compile(rb"(?<![ \t])[ \t]+(\r?\n)")  # from the start of a run: else quadratic


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """The content of a body in a transfer encoding; an unknown encoding is taken as none."""
    if encoding == "base64":
        return _with_plain_end(data) if _SPACED.search(data) else decode_base64(data)
    if encoding == "quoted-printable":
        return decode_quoted_printable(_SOFT_BREAK.sub(b"", _TRAILING.sub(rb"\1", data)))
    return data


def _with_plain_end(data: bytes) -> bytes:
    """Decode base64 behind which a mailing list has written its footer as plain lines, or which is plain itself."""
    lines = data.splitlines(keepends=True)
    for place, line in enumerate(lines):
        plain = line.strip()
        if plain and _SPACED.search(plain):
            above = lines[place - 1].strip() if place else b""
            if above[-1:] not in (b"", b"=") or (not place and len(plain.split()) < _WORDS):
                break  # a line that was broken on its way
            return decode_base64(b"".join(lines[:place])) + b"\n\n" + b"".join(lines[place:])
    return decode_base64(data)


def decode_base64(data: bytes) -> bytes:
    """Decode, passing over foreign bytes and missing padding; pieces with padding of their own follow each other."""
    return b"".join(_decode_piece(_FOREIGN.sub(b"", piece)) for piece in data.split(b"="))


def _decode_piece(letters: bytes) -> bytes:
    left = len(letters) % 4
    return binascii.a2b_base64(letters[:-1] if left == 1 else letters + b"=" * (-left % 4))


def decode_quoted_printable(data: bytes) -> bytes:
    """Decode; a wrong escape stays as it is."""
    return _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), data)
