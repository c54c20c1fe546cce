"""Encoded words of headers, also those that stand where the standard forbids them."""

from __future__ import annotations

import re
from typing import Final

from dragoman.core.mail.charset import decode
from dragoman.core.mail.transfer import decode_base64, decode_quoted_printable

WORD: Final = re.compile(
    r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*(?:(?<!=)\?(?!=)[^?]*){0,3})\?="  # some mailers write question marks plainly
)

_BLANK: Final = re.compile(r"[ \t]*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
# RFC 2231, 5, lets a language follow the charset.
_LANGUAGE: Final = re.compile(r"\*.*")


def decode_words(text: str) -> str:
    """The text with encoded words decoded, and without control characters.

    The bytes of neighbours in one charset are joined first: a character may be split between them.
    """
    if "=?" not in text:
        return _CONTROL.sub(" ", text)
    pieces: list[str] = []
    charset, waiting, end = "", b"", 0
    for found in WORD.finditer(text):
        between = text[end : found.start()]
        name = _LANGUAGE.sub("", found[1]).lower()
        if not waiting or name != charset or _BLANK.fullmatch(between) is None:
            pieces.append(decode(waiting, charset))
            waiting = b""
            # Blanks between two encoded words are not part of the text.
            if not pieces[-1] or _BLANK.fullmatch(between) is None:
                pieces.append(between)
        charset, end = name, found.end()
        waiting += _bytes_of(found[2], found[3])
    pieces += [decode(waiting, charset), text[end:]]
    return _CONTROL.sub(" ", "".join(pieces))


def _bytes_of(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    # In the Q encoding an underscore is a blank (RFC 2047, 4.2).
    return decode_base64(raw) if encoding in "bB" else decode_quoted_printable(raw.replace(b"_", b" "))
