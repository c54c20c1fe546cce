"""A message of the full-text index as PostgreSQL holds it: a ``tsvector`` of our own lexemes with their positions.

The positions of ``parts`` follow those of ``body`` after a gap, so that no phrase reaches from one into the other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, islice
from typing import Final, NamedTuple

from dragoman.store.index_terms import lexemes
from dragoman.store.sql.connection import IndexRow

LAST_POSITION: Final = 16_383
"""PostgreSQL gives all later words this position."""

MOST_POSITIONS: Final = 255
"""Positions of one lexeme that PostgreSQL keeps."""

_POSITIONS: Final = tuple(f"':{position} '" for position in range(1, MOST_POSITIONS + 4))
"""What stands between a lexeme and the next one, for each position from 1 on."""

_LONGEST: Final = 900
_CUT: Final = "\ue002"
_LARGEST: Final = 900_000
"""Bytes of a ``tsvector``, which may have 1,048,575."""

_OTHER: Final = re.compile("[\ue000-\ue1ff]")
"""Stands in each lexeme of ``parts`` and ``scope``, and in none of ``body``."""


class IndexEntry(NamedTuple):
    """What is stored of a message.

    Attributes:
        vector: Text of the ``tsvector``.
        size: Number of its lexemes, each counted as often as it occurs.
        words: Each lexeme once.
        is_long: Some positions are lost, so phrases have to be looked for in the text.
    """

    vector: str
    size: int
    words: AbstractSet[str]
    is_long: bool


def entry_of(row: IndexRow) -> IndexEntry:
    """The entry of a message."""
    body, parts, scope = (_words(column) for column in row[1:])
    size = len(body) + len(parts) + len(scope)
    starts = (1, len(body) + 2, size - len(scope) + 4)
    if size > MOST_POSITIONS:
        return _long_entry(zip((body, parts, scope), starts, strict=True), size)
    # PostgreSQL itself puts the positions of one lexeme together, in much less time.
    if size == len(body):
        return IndexEntry(_placed(zip(body, _POSITIONS, strict=False)), size, set(body), is_long=False)
    vector = [
        pair
        for words, start in zip((body, parts, scope), starts, strict=True)
        for pair in zip(words, _POSITIONS[start - 1 :], strict=False)
    ]
    return IndexEntry(_placed(vector), size, {*body, *parts, *scope}, is_long=False)


def _placed(words: Iterable[tuple[str, str]]) -> str:
    """The text of a vector of words and what stands between them and the next ones."""
    return f"'{''.join(chain.from_iterable(words))}"[:-2]


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


def _words(column: str) -> list[str]:
    """The lexemes of a column as the index has them."""
    if not column:
        return []
    found = lexemes(column)
    return found if len(column) * 4 <= _LONGEST else [index_word(word) for word in found]


def _long_entry(columns: Iterable[tuple[Sequence[str], int]], size: int) -> IndexEntry:
    positions: dict[str, list[int]] = {}
    for words, start in columns:
        for position, word in enumerate(words, start):
            positions.setdefault(word, []).append(position)
    is_long = size + 4 > LAST_POSITION or any(len(found) > MOST_POSITIONS for found in positions.values())
    return IndexEntry(_vector(positions), size, positions.keys(), is_long)


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
