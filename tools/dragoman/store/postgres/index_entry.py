"""A message of the full-text index as PostgreSQL holds it: a ``tsvector`` of our own lexemes with their positions.

The positions of ``parts`` follow those of ``body`` after a gap, so that no phrase reaches from one into the other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from dragoman.store.index_terms import lexemes
from dragoman.store.sql.connection import IndexRow

LAST_POSITION: Final = 16_383
"""PostgreSQL gives all later words this position."""

MOST_POSITIONS: Final = 255
"""Positions of one lexeme that PostgreSQL keeps."""

_LONGEST: Final = 900
_CUT: Final = "\ue002"
_LARGEST: Final = 900_000
"""Bytes of a ``tsvector``, which may have 1,048,575."""

_OTHER: Final = re.compile("[\ue000-\ue1ff]")
"""Stands in each lexeme of ``parts`` and ``scope``, and in none of ``body``."""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What is stored of a message.

    Attributes:
        vector: Text of the ``tsvector``.
        size: Number of its lexemes, each counted as often as it occurs.
        words: Each lexeme once.
        is_long: Some positions are lost, so phrases have to be looked for in the text.
    """

    vector: str
    size: int
    words: Sequence[str]
    is_long: bool


def entry_of(row: IndexRow) -> IndexEntry:
    """The entry of a message."""
    _, body, parts, scope = row
    positions: dict[str, list[int]] = {}
    size = _add(positions, body, 1)
    size += _add(positions, parts, size + 2)
    size += _add(positions, scope, size + 4)
    is_long = size + 4 > LAST_POSITION or any(len(found) > MOST_POSITIONS for found in positions.values())
    return IndexEntry(_vector(positions), size, tuple(positions), is_long)


def index_word(word: str) -> str:
    """A lexeme as the index has it: PostgreSQL takes none above 2,046 bytes."""
    if len(word) * 4 <= _LONGEST or len(word.encode()) <= _LONGEST:
        return word
    return f"{index_beginning(word)}{_CUT}{hashlib.sha256(word.encode()).hexdigest()}"


def index_beginning(word: str) -> str:
    """The beginning of a lexeme as the index has it."""
    return word if len(word) * 4 <= _LONGEST else word.encode()[:_LONGEST].decode(errors="ignore")


def is_of_body(word: str) -> bool:
    """Whether a lexeme is a word of the text itself."""
    found = _OTHER.search(word)
    return found is None or found[0] == _CUT


def is_of_scope(word: str) -> bool:
    """Whether a lexeme is a label, or says what a message has."""
    return word.startswith("\ue000")


def _add(positions: dict[str, list[int]], column: str, start: int) -> int:
    """Note the lexemes of a column at their positions; returns how many there are."""
    if not column:
        return 0
    found = lexemes(column)
    for position, word in enumerate(found, start):
        if len(word) * 4 > _LONGEST:
            word = index_word(word)  # noqa: PLW2901 - the same word, shorter
        positions.setdefault(word, []).append(position)
    return len(found)


def _vector(positions: Mapping[str, Sequence[int]]) -> str:
    # A lexeme holds no quotation mark and no backslash.
    if sum(len(word) * 3 + 2 * len(found) + 8 for word, found in positions.items()) <= _LARGEST:
        return " ".join(f"'{word}':{_listed(found)}" for word, found in positions.items())
    parts: list[str] = []
    left = _LARGEST
    for word in positions:
        left -= len(word.encode()) + 8
        if left < 0:
            break
        parts.append(f"'{word}'")
    return " ".join(parts)


def _listed(positions: Sequence[int]) -> str:
    if len(positions) == 1:
        return str(min(positions[0], LAST_POSITION))
    return ",".join([str(min(position, LAST_POSITION)) for position in islice(positions, MOST_POSITIONS)])
