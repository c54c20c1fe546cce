"""The messages in search results, and their texts. Pure.

A result can be a whole conversation, or hold others beneath it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dragoman.core.html_text import to_text
from dragoman.providers.glean.mapping.wire import Document, Result, Snippet
from dragoman.providers.kit.wire import or_empty

MESSAGES: Final = "CONVERSATION_MESSAGES"
# Answers come from outside, and could nest without end.
_DEEPEST: Final = 4
_MARKS: Final = str.maketrans("", "", "\ue006\ue007")
_LAST: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Piece:
    """A message, with the conversation document (``whole``) or result (``beneath``) in which it was found."""

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


def text_of(result: Result) -> tuple[str, bool]:
    """The text, and whether it is only an excerpt."""
    content = result.document.content if result.document else None
    whole = (
        "\n".join(or_empty(result.full_text_list))
        or result.full_text
        or "\n".join(or_empty(content.full_text_list if content else None))
    )
    if whole:
        return whole, False
    excerpt = "\n".join(text for one in in_order(or_empty(result.snippets)) if (text := snippet_text(one)))
    return excerpt, bool(excerpt)


def in_order(snippets: Sequence[Snippet]) -> list[Snippet]:
    """Snippets in the order of the text; those without a place last."""
    return sorted(snippets, key=lambda one: _LAST if one.snippet_text_ordering is None else one.snippet_text_ordering)


def snippet_text(snippet: Snippet) -> str:
    """The text of a snippet, in the newer or the older form."""
    text = snippet.text or (snippet.snippet or "").translate(_MARKS)
    if snippet.mime_type != "text/html":
        return text
    return "\n".join(line for line in to_text(text).splitlines() if line)


def from_document(document: Document) -> Result:
    """A document in the form of a result, so that both are mapped alike."""
    # Without validation: the document has passed it as a part of the answer.
    return Result.model_construct(url=document.url, title=document.title, document=document)
