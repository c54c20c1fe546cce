"""How many tokens a text costs, estimated without a tokenizer."""

from __future__ import annotations

import math
import re
from typing import Final

_WORDS: Final = re.compile(r"[A-Za-z]+")
_OTHER: Final = re.compile(r"[0-9]{1,3}|[^\sA-Za-z0-9\x80-\U0010ffff]+")
_WIDE: Final = re.compile("[\x80-\U0010ffff]")


def estimate(text: str) -> int:
    """Tokens of a text."""
    return math.ceil(measure(text))


def measure(text: str) -> float:
    """Tokens of a text, not rounded."""
    words = _WORDS.findall(text)
    return sum(1 + max(0, len(w) - 7) * 0.2 for w in words) + len(_OTHER.findall(text)) + len(_WIDE.findall(text)) * 0.9 + text.count("\n")
