"""Texts on their way: what is no UTF-8 is refused before it is sent, and what nobody can see is left out.

Newsletters pad their previews with hundreds of zero-width characters. Joiners stay inside emoji and between letters of
scripts that need them, and so do signs that are formatting characters by category only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from dragoman.core.errors import InvalidArgument, NotFound

_INVISIBLE: Final = re.compile(  # category Cf, but for the visible signs of Arabic, Syriac and Kaithi
    "(?P<flag>\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)"  # England, Scotland, Wales: spelled with tag characters
    "|[\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
_JOINERS: Final = frozenset("\u200c\u200d")
_FIRST_JOINING: Final = 0x0590  # Latin, Greek, Cyrillic and Armenian letters are never joined
_FIRST_EMOJI: Final = 0x2190


def require_id(identifier: str) -> str:
    """An id that can be asked for.

    Raises:
        NotFound: Nothing can have it.
    """
    if not identifier or not _encodable(identifier):
        raise NotFound("There is nothing with this id.", hint="Copy references as the tools show them.")
    return identifier


def require_text(text: str) -> str:
    """A text that can be sent.

    Raises:
        InvalidArgument: It has half a character in it.
    """
    if not _encodable(text):
        raise InvalidArgument("The text has half a character in it.", hint="Write it again.")
    return text


def require_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels that can be sent."""
    return {require_text(key): require_text(value) for key, value in labels.items()}


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def visible(text: str) -> str:
    """The text without invisible format characters (Unicode category Cf), but for those that writing needs."""
    return text if text.isascii() else _INVISIBLE.sub(_keep_if_needed, text)


def _keep_if_needed(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    if match.lastgroup == "flag":
        return match[0]
    # At the edge of a text a joiner joins nothing and only hides something.
    inside = match[0] in _JOINERS and start > 0 and end < len(text)
    return match[0] if inside and _joins(text[start - 1]) and _joins(text[end]) else ""


def _joins(char: str) -> bool:
    """Whether a joiner beside this character can change what is seen."""
    category = unicodedata.category(char)
    emoji = ord(char) >= _FIRST_EMOJI and category in {"So", "Sk", "Sm", "Mn"}
    return emoji or (ord(char) >= _FIRST_JOINING and category[0] in "LM")
