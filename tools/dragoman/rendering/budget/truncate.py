"""Parts of foreign texts: cleaned, and cut to a number of tokens.

Texts may be huge. Only as much of one is looked at as can be shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dragoman.core.sanitize import clean, clean_line, cut
from dragoman.rendering.budget.token_estimate import measure

_CHARACTERS_PER_TOKEN: Final = 12
_WORST_TOKENS_PER_CHARACTER: Final = 4
_LOOK_BACK: Final = 5
_HURRY: Final = 0.97


def costs_more(text: str, tokens: float) -> bool:
    """Whether a text costs more than a number of tokens. A text that is clearly small is not counted."""
    return len(text) * _WORST_TOKENS_PER_CHARACTER > tokens and measure(text) > tokens


def clip(line: str, tokens: float) -> str:
    """A cleaned line, cut to a number of tokens; ``…`` marks what is missing."""
    # Counting takes most of the time of laying out, and most lines are clearly small.
    if len(line) * _WORST_TOKENS_PER_CHARACTER <= tokens:
        return line
    cost = measure(line)
    whole = line
    while cost > tokens and line:
        line = cut(whole, min(int(len(line) * tokens / cost * _HURRY), len(line) - 1))
        cost = measure(line + "…")
    return line if line is whole else line.rstrip() + "…"


def one_line(text: str, limit: int, tokens: float) -> str:
    """Foreign text on one line of at most so many characters and tokens."""
    return clip(clean_line(text, limit), tokens)


def take(text: str, start: int, tokens: float, dress: Callable[[str], str]) -> tuple[str, int, float]:
    """As much of a text from ``start`` on as a number of tokens holds.

    Args:
        text: As the service gave it.
        start: Characters to skip.
        tokens: What the piece may cost.
        dress: What the form does to a cleaned text: indent it, or escape it.

    Returns:
        The piece, cleaned and dressed; where in ``text`` it ends; its cost, or more when it is clearly small.
    """
    if not start and len(text) * _WORST_TOKENS_PER_CHARACTER <= tokens:
        piece = dress(clean(text))
        cost = float(len(piece) * _WORST_TOKENS_PER_CHARACTER)
        if cost <= tokens:
            return piece, len(text), cost
    start = min(start, len(text))
    # No more than can be shown is cleaned: a text may have megabytes.
    end = min(len(text), start + int(tokens * _CHARACTERS_PER_TOKEN))
    while True:
        piece = dress(clean(text[start:end]))
        most = len(piece) * _WORST_TOKENS_PER_CHARACTER
        cost = most if most <= tokens else measure(piece)
        if cost <= tokens or end <= start:
            return piece, end, cost
        length = min(int((end - start) * tokens / cost * _HURRY), end - start - 1)
        end = start + _good_end(text[start : start + length + 1], length)


def _good_end(text: str, length: int) -> int:
    """A place to cut near ``length``: after a line or a word, else not within one character."""
    lowest = length - length // _LOOK_BACK
    for between in "\n ":
        found = text.rfind(between, lowest, length)
        if found > 0:
            return found + 1
    return len(cut(text, length)) or length
