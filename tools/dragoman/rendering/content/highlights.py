"""Excerpts of search hits, with the matching words highlighted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Hit
from dragoman.core.sanitize import clean_aligned, extends
from dragoman.rendering.budget.token_estimate import costs_more, take

HIGHLIGHT: Final = "**"
LEFT_OUT: Final = "..."
_PART_OF_LINE: Final = lazy_pattern(r"\S(?:[^\n]*\S)?")
_JOINER: Final = "\u200d"
_NON_JOINER: Final = "\u200c"
_FURTHEST: Final = 32


def highlighted_excerpt(hit: Hit, called: str, tokens: float, dress: Callable[[str], str]) -> str:
    """The excerpt as text: ``... around **the match** ...``, cleaned.

    Args:
        hit: What was found.
        called: How the message is called, to name where the rest can be read.
        tokens: What the passage may cost.
        dress: What the form does to a cleaned text.
    """
    source = hit.message.text if hit.excerpt is None else hit.excerpt
    start = 0 if hit.excerpt is None else max(hit.message.text.find(hit.excerpt), 0)
    _, end, _ = take(source, 0, tokens, dress)
    text = dress(_highlighted(source[:end], hit.highlights))
    # The marks cost as well, and a text of many short matches can have more of them than words.
    while end and costs_more(text, tokens * 1.5):
        end = end * 3 // 4
        text = dress(_highlighted(source[:end], hit.highlights))
    text = text.strip("\n ")
    left = len(hit.message.text) - start - end
    if hit.excerpt is None and left > 0:
        return f"{text} {LEFT_OUT} (+{left:,} chars, get_message {called})"
    ends_early = end < len(source) or (left > 0 and source in hit.message.text)
    before = f"{LEFT_OUT} " if start else ""
    return f"{before}{text}{f' {LEFT_OUT}' if ends_early else ''}"


def _highlighted(text: str, highlights: tuple[tuple[int, int], ...]) -> str:
    """The text cleaned as a whole, so that a find beside a joiner or within an emoji breaks neither."""
    shown, find = clean_aligned(text)
    pieces: list[str] = []
    done = 0
    for start, end in _spans(text, shown, highlights, find):
        pieces += [shown[done:start], HIGHLIGHT, shown[start:end], HIGHLIGHT]
        done = end
    return "".join([*pieces, shown[done:]])


def _spans(
    text: str, shown: str, highlights: tuple[tuple[int, int], ...], find: Callable[[int], int | None]
) -> Iterator[tuple[int, int]]:
    """Where the highlights stand in the cleaned text; one that overlaps the one before or leaves the text is left."""
    done = 0
    for first, last in sorted(highlights):
        # A service may count in other units than we do, and marks in the wrong place are worse than none.
        if not 0 <= first < last <= len(text):
            continue
        start, end = _outwards(text, first, -1, find), _outwards(text, last, 1, find)
        if start is not None and end is not None and done <= start < end:
            done = end
            # Marked line by line, and never the white space around it.
            for part in _PART_OF_LINE.finditer(shown, start, end):
                yield part.span()


def _outwards(text: str, at: int, step: int, find: Callable[[int], int | None]) -> int | None:
    """The nearest boundary on the way out that is within no emoji and no code, as a place in the cleaned text."""
    for position in range(at, at + _FURTHEST * step, step):
        if not 0 <= position <= len(text):
            return None
        found = None if _divides(text, position) else find(position)
        if found is not None:
            return found
    return None


def _divides(text: str, position: int) -> bool:
    """Whether a mark here would stand within one character of several code points."""
    return 0 < position < len(text) and (
        text[position - 1] == _JOINER or (text[position] != _NON_JOINER and extends(text[position]))
    )
