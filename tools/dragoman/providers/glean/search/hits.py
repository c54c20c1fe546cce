"""From a search result to hits. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from dragoman.core.model import Hit
from dragoman.providers.glean.mapping.mapping import to_message
from dragoman.providers.glean.mapping.result_text import in_order, snippet_text, text_of
from dragoman.providers.glean.mapping.result_tree import Piece
from dragoman.providers.glean.mapping.wire import Result, Snippet
from dragoman.providers.kit.wire import or_empty

_WORD: Final = re.compile(r"\w+")
_SHORTEST: Final = 2


def relevant(pieces: Iterable[Piece], query: str) -> Iterator[Piece]:
    """The pieces that were looked for.

    What was found as a part of something larger counts when it has a word of the query. Where no part has
    one, because the service looks for meaning, all parts of a whole conversation count.
    """
    words = {word.casefold() for word in _WORD.findall(query) if len(word) >= _SHORTEST}
    for _, group in groupby(pieces, key=lambda piece: id(piece.whole) if piece.whole else None):
        parts = list(group)
        matching = [one for one in parts if _has(one.result, words) or (one.whole is None and one.beneath is None)]
        everything = [one for one in parts if one.beneath is None]
        yield from matching or everything


def to_hit(piece: Piece, conversation: str) -> Hit:
    """A hit with the passage that the service shows, where it shows one that is not the whole text."""
    message = to_message(piece.result, conversation)
    first = next((one for one in in_order(or_empty(piece.result.snippets)) if snippet_text(one)), None)
    if first is None:
        return Hit(message=message)
    excerpt = snippet_text(first)
    return Hit(message=message, excerpt=excerpt, highlights=tuple(_highlights(first, excerpt)))


def _highlights(snippet: Snippet, excerpt: str) -> Iterator[tuple[int, int]]:
    """The marked stretches. They count characters of plain text, so those of markup are left out."""
    if snippet.text != excerpt:
        return
    for one in or_empty(snippet.ranges):
        start, end = one.start_index, one.end_index
        if start is not None and end is not None and 0 <= start < end <= len(excerpt):
            yield start, end


def _has(result: Result, words: set[str]) -> bool:
    text = text_of(result)[0].casefold()
    return any(word in text for word in words)
