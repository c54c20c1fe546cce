"""Encoded words of headers, also those that stand where the standard forbids them."""

from __future__ import annotations

import re
from collections.abc import Sequence
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

_Word = tuple[str, str]
"""The encoding of a word, in small letters, and what is encoded."""


def decode_words(text: str) -> str:
    """The text with encoded words decoded, and without control characters.

    The bytes of neighbours in one charset are joined first: a character may be split between them.
    """
    if "=?" not in text:
        return _CONTROL.sub(" ", text)
    pieces: list[str] = []
    charset, waiting, end = "", list[_Word](), 0
    for found in WORD.finditer(text):
        between = text[end : found.start()]
        name = _LANGUAGE.sub("", found[1]).lower()
        if not waiting or name != charset or _BLANK.fullmatch(between) is None:
            pieces.append(decode(_joined(waiting), charset))
            waiting = []
            # Blanks between two encoded words are not part of the text.
            if not pieces[-1] or _BLANK.fullmatch(between) is None:
                pieces.append(between)
        charset, end = name, found.end()
        waiting.append((found[2].lower(), found[3]))
    pieces += [decode(_joined(waiting), charset), text[end:]]
    return _CONTROL.sub(" ", "".join(pieces))


def _joined(words: Sequence[_Word]) -> bytes:
    """The bytes of neighbours. Some mailers break base64 anywhere, so that neither word is whole without the other."""
    whole: list[_Word] = []
    for encoding, text in words:
        left = len(whole[-1][1]) % 4 if whole and whole[-1][0] == encoding == "b" else 0
        # Where only padding is missing the next word is whole; a single letter is never the end.
        if left == 1 or (left and len(text) % 4):
            whole[-1] = encoding, whole[-1][1] + text
        else:
            whole.append((encoding, text))
    return b"".join(_bytes_of(encoding, text) for encoding, text in whole)


def _bytes_of(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    # In the Q encoding an underscore is a blank (RFC 2047, 4.2).
    return decode_base64(raw) if encoding == "b" else decode_quoted_printable(raw.replace(b"_", b" "))
