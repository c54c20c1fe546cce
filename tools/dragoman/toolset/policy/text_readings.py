"""The ways in which a service may read a text before it looks for links and mentions."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

_ENTITY_ROUNDS: Final = 3
_BLANK_LETTERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc")
_WIDE_STOP: Final = "\u3002"
_STYLING: Final = re.compile(r"<[^<>\n]{0,200}>|[*_~`|]")


def readings(text: str) -> list[str]:
    """All readings of a text, without repetition: a check that asks has to look at each of them.

    Services differ in what they undo: character references (``&#64;``), full width, invisible characters,
    mark-up inside of words. One drops an invisible character, another one takes it for the end of a word;
    an ideographic full stop may separate the labels of a host, or end a sentence.
    """
    if text.isascii() and not any(char in text for char in "&<*_~`|") and text.replace("\n", "").isprintable():
        return [text]
    plain = unicodedata.normalize("NFKC", _undo_references(text))
    joined = _joined(plain)
    parted = "".join(" " if char == _WIDE_STOP or _is_invisible(char) else char for char in plain)
    return list(dict.fromkeys((joined, parted, _STYLING.sub("", joined))))


def joined_reading(text: str) -> str:
    """The reading without invisible characters, in which every kind of dot is a dot."""
    return _joined(unicodedata.normalize("NFKC", text))


def _joined(plain: str) -> str:
    return "".join(char for char in plain if not _is_invisible(char)).replace(_WIDE_STOP, ".")


def _undo_references(text: str) -> str:
    for _ in range(_ENTITY_ROUNDS):
        undone = html.unescape(text)
        if undone == text:
            break
        text = undone
    return text


def _is_invisible(char: str) -> bool:
    return char not in "\n\t\r" and (char in _BLANK_LETTERS or unicodedata.category(char) in ("Cf", "Mn", "Me", "Cc"))
