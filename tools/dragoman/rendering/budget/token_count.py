"""Counts tokens of o200k exactly; imported only for an answer that may be near its limit.

The vocabulary lies beside this file: its tokens of more than one byte, in the order in which they are merged. It takes
some tens of milliseconds and 20 MiB, so everything that needs no proof is estimated instead.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator
from functools import cache
from heapq import heapify, heappop, heappush
from importlib.resources import files
from typing import Final

_MOST_PIECES: Final = 1 << 15
_LONGEST: Final = 48
_CONTRACTION: Final = re.compile("'(?:s|t|re|ve|m|ll|d)", re.IGNORECASE)
_SPACES: Final = frozenset("\t\x0b\x0c\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000").union(
    map(chr, range(0x2000, 0x200B))
)
_KINDS: Final = {"Lu": "U", "Lt": "U", "Ll": "L", "Lm": "O", "Lo": "O"}
_PIECE: Final = re.compile(  # over the kinds of characters: words, up to three digits, signs, white space
    "(?P<word>[ SPM/]?(?:[UOM]*[LOM]+|[UOM]+[LOM]*))|N{1,3}| ?[PM/]+[R/]*|[ SR]*R+|[ SR]+(?![^ SR])|[ SR]+"
)


def count(text: str) -> int:
    """Tokens of a text."""
    return sum(map(_PIECES.__getitem__, _taken_apart(text)))


def _taken_apart(text: str) -> Iterator[str]:
    """The pieces within which bytes are merged."""
    kinds = text.translate(_KIND_OF)
    at = 0
    while at < len(text):
        found = _PIECE.match(kinds, at)
        end = at + 1 if found is None else found.end()
        if found is not None and found["word"] and text.startswith("'", end):
            contraction = _CONTRACTION.match(text, end)
            end = end if contraction is None else contraction.end()
        yield text[at:end]
        at = end


class _KindOf(dict[int, str]):
    """The kind of a character by its code, found out when it occurs first."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        category = unicodedata.category(char)
        if char in " /":
            kind = char
        elif char in "\r\n":
            kind = "R"
        else:
            kind = "S" if char in _SPACES else _KINDS.get(category, category[0] if category[0] in "MN" else "P")
        self[code] = kind
        return kind


_KIND_OF: Final = _KindOf()


class _Pieces(dict[str, int]):
    """Tokens by piece; words come again and again, so those that were seen last are looked up."""

    def __missing__(self, piece: str) -> int:
        tokens = _merged(piece.encode("utf-8", "replace"), _ranks())
        if len(piece) <= _LONGEST:
            if len(self) >= _MOST_PIECES:
                self.clear()
            self[piece] = tokens
        return tokens


_PIECES: Final = _Pieces()


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
