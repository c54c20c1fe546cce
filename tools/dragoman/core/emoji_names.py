"""Emoji by the short names that chat services write between colons.

The names are in ``emoji_names.txt``, which is read when one is looked up first. Flags and skin tones follow a rule.
A name that is not known stays as it is.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

_FLAG: Final = re.compile(r"(?:flag-)?([a-z])([a-z])")
_SHORT_FLAGS: Final = frozenset({"cn", "de", "es", "fr", "gb", "uk", "it", "jp", "kr", "ru", "us"})
_TONES: Final = {f"skin-tone-{tone}": chr(0x1F3F9 + tone) for tone in range(2, 7)}
_REGIONAL: Final = 0x1F1E6 - ord("a")
_VARIATION: Final = "\ufe0f"
_JOINER: Final = "\u200d"


def emoji_of(name: str) -> str:
    """The emoji that a short name such as ``+1::skin-tone-3`` stands for; ``:name:`` when it is not known."""
    base, *tones = name.strip(":").split("::")
    emoji = _names().get(base) or _flag(base)
    if not emoji:
        return f":{name.strip(':')}:"
    for tone in tones:
        # A tone stands in the place of the sign that asks for colours, before whatever is joined.
        first, joiner, rest = emoji.partition(_JOINER)
        emoji = first.removesuffix(_VARIATION) + _TONES.get(tone, "") + joiner + rest
    return emoji


def emoji_of_codes(codes: str) -> str:
    """The emoji of code points such as ``1f44d-1f3fc``; empty when they are none."""
    try:
        return "".join(chr(int(code, 16)) for code in codes.split("-"))
    except (ValueError, OverflowError):
        return ""


def _flag(name: str) -> str:
    found = _FLAG.fullmatch(name)
    if found is None or (not name.startswith("flag-") and name not in _SHORT_FLAGS):
        return ""
    letters = "gb" if found[1] + found[2] == "uk" else found[1] + found[2]
    return "".join(chr(_REGIONAL + ord(letter)) for letter in letters)


@cache
def _names() -> dict[str, str]:
    table = Path(__file__).with_name("emoji_names.txt").read_text("utf-8")
    lines = (line.split() for line in table.splitlines() if not line.startswith("#"))
    return dict(lines)
