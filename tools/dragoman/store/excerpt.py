"""Finds the passage of a text that shows why it was found, whatever the case and accents of either."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final

from dragoman.store.index_terms import INDEXED

_WORD: Final = re.compile(r"[^\W_]+")
_MOST: Final = 50
_LEAD: Final = 3
_SNAP: Final = 15
_ACCENTED: Final = range(0x00C0, 0x0700)
_MORE_ACCENTED: Final = range(0x1E00, 0x2000)


def excerpt(text: str, words: Sequence[str], width: int) -> tuple[str | None, tuple[tuple[int, int], ...]]:
    """The passage of ``text`` around the first of ``words`` that occurs in it.

    Args:
        text: The text as it was written.
        words: Words and phrases as they were typed.
        width: Characters that the passage may have.

    Returns:
        The passage, ``None`` when the beginning of the text does as well; and where in it the words stand.
    """
    finds = list(islice(_finds(text[:INDEXED], words), _MOST))
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


def _finds(text: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    expressions = _expressions(tuple(words))
    if expressions is None:
        return
    beginning, anywhere = expressions
    folded, origins = _folded(text)
    expression = beginning if beginning.search(folded) else anywhere
    shown = 0
    for found in expression.finditer(folded):
        start, end = found.span()
        if origins is not None:
            # One letter may fold to two, of which only one was found, and marks after a letter belong to it.
            start, end = origins[start], max(origins[end], origins[end - 1] + 1)
        if start >= shown:
            shown = end
            yield start, end


@lru_cache(maxsize=64)
def _expressions(words: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]] | None:
    """What finds the words at the beginnings of words, and anywhere; the same for all hits of a search."""
    patterns = [pattern for word in words if (pattern := _pattern(word))]
    if not patterns:
        return None
    either = "|".join(sorted(patterns, key=len, reverse=True))
    return re.compile(rf"(?<![^\W_])(?:{either})"), re.compile(either)


def _pattern(word: str) -> str:
    folded, _ = _folded(word)
    pieces: list[str] = _WORD.findall(folded)
    return r"[\W_]{1,9}".join(map(re.escape, pieces)) if pieces else re.escape(folded.strip())


def _folded(text: str) -> tuple[str, list[int] | None]:
    """The text to search in, and for each of its characters and its end where that is in ``text``."""
    if text.isascii():
        return text.lower(), None
    origins: list[int] = []
    pieces: list[str] = []
    for at, char in enumerate(text):
        piece = _fold(char)
        pieces.append(piece)
        origins.extend([at] * len(piece))
    origins.append(len(text))
    return "".join(pieces), origins


@lru_cache(maxsize=8192)
def _fold(char: str) -> str:
    if ord(char) in _ACCENTED or ord(char) in _MORE_ACCENTED or unicodedata.combining(char):
        bare = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
        return bare.casefold()
    return unicodedata.normalize("NFKC", char).casefold()
