"""Finds the passage of a text that shows why it was found, folded as the index folds it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final

from dragoman.core.folding import fold
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.queries import Term
from dragoman.store.index_terms import INDEXED

_MOST: Final = 50
# Bounds the work of a hostile text; a term is shown once a line anyway.
_MOST_PLACES: Final = 2000
_DECISIVE: Final = 3
_LEAD: Final = 3
_SNAP: Final = 15

# A character with the marks and joiners behind it, which fold together; and the letters of a Hangul syllable.
_CLUSTER: Final = lazy_pattern(
    "[\u1100-\u115f\ua960-\ua97f]+[\u1160-\u11ff\ud7b0-\ud7ff]*"
    "|.[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u0670\u06d6-\u06ed\u0730-\u074a\u08d3-\u08ff"
    "\u093c\u09bc\u0a3c\u0abc\u0b3c\u0cbc\u00ad\u034f\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u2060-\u206f\u20d0-\u20f0"
    "\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\uff9e\uff9f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]*",
    re.DOTALL,
)
_WORD: Final = lazy_pattern(r"[^\W_]+")
_SIGN: Final = lazy_pattern(r"[#$%&+<=>@^|~\\]")


def excerpt(text: str, terms: Sequence[Term], width: int) -> tuple[str | None, tuple[tuple[int, int], ...]]:
    """The passage of ``text`` around the first of ``terms`` that occurs in it.

    Args:
        text: The text as it was written.
        terms: Words and phrases as they were typed.
        width: Characters that the passage may have.

    Returns:
        The passage, ``None`` when the beginning of the text does as well; and where in it the words stand. Each term
        is marked once a line.
    """
    # What lies further back is not in the index, so it did not find the message.
    finds = list(islice(_finds(text[:INDEXED], terms), _MOST))
    if not finds or finds[0][1] <= width:
        return None, tuple(finds)
    start = _start(text, finds[0][0] - width // _LEAD)
    passage = text[start : start + width]
    inside = tuple((a - start, b - start) for a, b in finds if b <= start + width)
    return passage, inside


def _start(text: str, start: int) -> int:
    if start <= 0:
        return 0
    # Begin with a word where one begins nearby.
    for at in range(start, min(start + _SNAP, len(text))):
        if text[at - 1].isspace():
            return at
    return start


def _finds(text: str, terms: Sequence[Term]) -> Iterator[tuple[int, int]]:
    """Where the terms stand, from the beginning on; none overlaps another."""
    folded, origins = _folded(text)
    found = sorted(
        (found.span(), index)
        for index, term in enumerate(dict.fromkeys(terms))
        for found in islice(_places(folded, term), _MOST_PLACES)
    )
    shown = 0
    lines: set[tuple[int, int]] = set()
    for (start, end), index in found:
        if origins is not None:
            # One letter may fold to two, of which only one was found, and marks after a letter belong to it.
            start, end = origins[start], max(origins[end], origins[end - 1] + 1)  # noqa: PLW2901 - the same, in the text
        line = text.rfind("\n", 0, start), index
        # Once a line is enough to see it, and marks cost tokens.
        if start >= shown and line not in lines:
            lines.add(line)
            shown = end
            yield start, end


def _places(folded: str, term: Term) -> Iterator[re.Match[str]]:
    """Where a term stands as a whole word; else where words begin so; else anywhere."""
    for expression in _expressions(term):
        # The strictest form that occurs: the beginnings of other words would hide the word itself.
        if expression.search(folded):
            return expression.finditer(folded)
    return iter(())


@lru_cache(maxsize=256)
def _expressions(term: Term) -> tuple[re.Pattern[str], ...]:
    """What finds a term as a whole word, at the beginning of one, and anywhere; the same for all hits of a search."""
    pattern = _pattern(term)
    if not pattern:
        return ()
    return (
        re.compile(rf"(?<![^\W_]){pattern}(?![^\W_])"),
        re.compile(rf"(?<![^\W_]){pattern}"),
        re.compile(pattern),
    )


def _pattern(term: Term) -> str:
    """Words with anything but letters between them; the signs of a short word belong to it."""
    folded = fold(term.text).strip()
    pieces: list[str] = _WORD.findall(folded)
    # "c" of "c++" stands everywhere, so there the signs are part of what is marked.
    if not pieces or (_SIGN.search(folded) and max(map(len, pieces)) < _DECISIVE):
        return re.escape(folded)
    return r"[\W_]{1,9}".join(map(re.escape, pieces))


def _folded(text: str) -> tuple[str, list[int] | None]:
    """The text to search in, and for each of its characters and its end where that is in ``text``."""
    if text.isascii():
        return text.lower(), None
    origins: list[int] = []
    pieces: list[str] = []
    for cluster in _CLUSTER.finditer(text):
        piece = _fold(cluster[0])
        pieces.append(piece)
        origins.extend([cluster.start()] * len(piece))
    origins.append(len(text))
    return "".join(pieces), origins


@lru_cache(maxsize=8192)
def _fold(cluster: str) -> str:
    return fold(cluster)
