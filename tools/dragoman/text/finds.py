"""The passage that a search found, with what was found in it highlighted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from dragoman.model import Hit
from dragoman.sanitize import clean
from dragoman.text.excerpt import take
from dragoman.text.tokens import measure

HIGHLIGHT: Final = "**"
LEFT_OUT: Final = "..."


def excerpt_of(hit: Hit, called: str, tokens: float, dress: Callable[[str], str]) -> str:
    """The excerpt as text: ``... around **what** was found ...``, cleaned and dressed.

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
    while end and measure(text) > tokens * 1.5:
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
    return "".join(_pieces(text, highlights))


def _pieces(text: str, highlights: tuple[tuple[int, int], ...]) -> Iterator[str]:
    """Cleaned pieces; a highlight that overlaps the one before or leaves the text is passed over."""
    done = 0
    for start, end in sorted(highlights):
        if done <= start < end <= len(text):
            yield clean(text[done:start])
            yield f"{HIGHLIGHT}{clean(text[start:end])}{HIGHLIGHT}"
            done = end
    yield clean(text[done:])
