"""Counts tokens of o200k exactly; imported only for an answer that may be near its limit.

The vocabulary lies beside this file: its tokens of more than one byte, in the order in which they are merged. It takes
some tens of milliseconds and 20 MiB, so everything that needs no proof is estimated instead.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from bisect import bisect_right
from functools import cache, lru_cache
from heapq import heapify, heappop, heappush
from importlib.resources import files
from itertools import accumulate
from typing import Final

_MOST_PIECES: Final = 1 << 15
_LONGEST: Final = 48
_MOST_KINDS: Final = 1 << 12
_SPACES: Final = frozenset("\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000").union(map(chr, range(0x2000, 0x200B)))

# Every character stands for its kind: letters and digits of ASCII for those of all scripts, these two for letters
# without case and for marks.
_CASELESS, _MARK = "\x01", "\x02"
_PIECE: Final = re.compile(
    r"[^\r\nA-Za-z0-9\x01]?(?:[A-Z\x01\x02]*[a-z\x01\x02]+|[A-Z\x01\x02]+[a-z\x01\x02]*)(?:'(?i:s|t|re|ve|m|ll|d))?"
    r"|[0-9]{1,3}| ?[^\sA-Za-z0-9\x01]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    re.ASCII,
)
_KINDS: Final = {"Lu": "A", "Lt": "A", "Ll": "a", "Lm": _CASELESS, "Lo": _CASELESS}
_OTHER: Final = {"M": _MARK, "N": "0"}
_NOT_ASCII: Final = re.compile(r"[^\x00\x03-\x7f]")
_BETWEEN_WORDS: Final = re.compile(r" (?<=\S )")
_START: Final = "\0"


def count(text: str) -> int:
    """Tokens of a text."""
    if _START in text:
        return _count_pieces(text)
    # A space after a visible character always begins a piece, so words can be counted one by one.
    return sum(map(_WORDS.__getitem__, _BETWEEN_WORDS.split(_START + text)))


def _count_pieces(text: str) -> int:
    return sum(map(_PIECES.__getitem__, _taken_apart(text)))


def _taken_apart(text: str) -> list[str]:
    """The pieces within which bytes are merged."""
    rare = [found.start() for found in _NOT_ASCII.finditer(text)]
    kinds = text
    # In their order, so that what stands for others is replaced before them.
    for char in sorted({text[at] for at in rare}):
        kinds = kinds.replace(char, _kind_of(char))
    pieces: list[str] = _PIECE.findall(kinds)
    if rare:
        ends = list(accumulate(map(len, pieces)))
        for index in {bisect_right(ends, at) for at in rare}:
            pieces[index] = text[ends[index] - len(pieces[index]) : ends[index]]
    return pieces


@lru_cache(_MOST_KINDS)
def _kind_of(char: str) -> str:
    """The character of ASCII that stands for a character; two of ASCII are taken."""
    if char == "\u017f":
        return "s"  # which ends a word after an apostrophe, as s does
    if char in _SPACES:
        return "\t"
    category = unicodedata.category(char)
    return _KINDS.get(category) or _OTHER.get(category[0], "!")


class _Pieces(dict[str, int]):
    """Tokens by piece; words come again and again, so those that were seen last are looked up."""

    def __missing__(self, piece: str) -> int:
        tokens = _merged(piece.encode("utf-8", "replace"), _ranks())
        if len(piece) <= _LONGEST:
            if len(self) >= _MOST_PIECES:
                self.clear()
            self[piece] = tokens
        return tokens


class _Words(dict[str, int]):
    """Tokens by word, without the space before it; the first word of a text has a sign instead."""

    def __missing__(self, word: str) -> int:
        tokens = _count_pieces(word[1:] if word[:1] == _START else f" {word}")
        if len(word) <= _LONGEST:
            if len(self) >= _MOST_PIECES:
                self.clear()
            self[word] = tokens
        return tokens


_PIECES: Final = _Pieces()
_WORDS: Final = _Words()


def _merged(piece: bytes, ranks: dict[bytes, int]) -> int:
    """How many tokens stay of the bytes of a piece when neighbours are merged, those of the lowest rank first."""
    if len(piece) == 1 or piece in ranks:
        return 1
    size = len(piece)
    end = list(range(1, size + 1))  # where the token that begins here ends; 0 when none begins here
    before = list(range(-1, size - 1))  # where the token before it begins
    heap = [(rank, at, at + 2) for at in range(size - 1) if (rank := ranks.get(piece[at : at + 2])) is not None]
    heapify(heap)
    tokens = size
    while heap:
        _, start, stop = heappop(heap)
        middle = end[start]
        if not 0 < middle < stop or end[middle] != stop:
            continue  # one of the two was merged with another
        end[start], end[middle] = stop, 0
        tokens -= 1
        pairs = [(start, end[stop])] if stop < size else []
        if stop < size:
            before[stop] = start
        if before[start] >= 0:
            pairs.append((before[start], stop))
        for first, last in pairs:
            rank = ranks.get(piece[first:last])
            if rank is not None:
                heappush(heap, (rank, first, last))
    return tokens


@cache
def _ranks() -> dict[bytes, int]:
    data = files("dragoman.rendering.budget").joinpath("o200k.zlib").read_bytes()
    tokens = zlib.decompress(data).split(b"\xff")
    return dict(zip(tokens, range(len(tokens)), strict=True))
