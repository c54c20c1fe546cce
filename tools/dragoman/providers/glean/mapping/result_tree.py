"""Taking results apart: a result can be a whole conversation, or hold others beneath it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from dragoman.providers.glean.mapping.mapping import from_document
from dragoman.providers.glean.mapping.wire import Result
from dragoman.providers.kit.wire import or_empty

MESSAGES: Final = "CONVERSATION_MESSAGES"
_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """A message, and what it was found in.

    Attributes:
        whole: The conversation document that it is a part of.
        beneath: The result that it was clustered under.
    """

    result: Result
    whole: Result | None = None
    beneath: Result | None = None


def flatten_results(results: Iterable[Result] | None, depth: int = 0) -> Iterator[Piece]:
    """The messages in some results: the parts of a whole conversation instead of it, then what is clustered."""
    for result in results or ():
        parts = list(parts_of(result))
        if parts and depth < _DEEPEST:
            for piece in flatten_results(parts, depth + 1):
                yield Piece(piece.result, piece.whole or result, piece.beneath)
        else:
            yield Piece(result)
        if depth < _DEEPEST:
            for piece in flatten_results(clustered_of(result), depth + 1):
                yield Piece(piece.result, piece.whole, piece.beneath or result)


def parts_of(result: Result) -> Iterator[Result]:
    """The messages of a whole conversation, in the newer or the older form."""
    for related in or_empty(result.related_results):
        if related.relation == MESSAGES:
            yield from or_empty(related.results)
            if not related.results:
                yield from (from_document(document) for document in or_empty(related.documents))


def clustered_of(result: Result) -> Iterator[Result]:
    """The results that are shown beneath this one."""
    yield from or_empty(result.clustered_results)
    for cluster in or_empty(result.all_clustered_results):
        yield from or_empty(cluster.clustered_results)
