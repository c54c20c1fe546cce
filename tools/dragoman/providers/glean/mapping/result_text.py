"""The text of a result, from the best place that has one. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Final

from dragoman.providers.glean.mapping.wire import Result, Snippet
from dragoman.providers.kit.wire import or_empty

_MARKS: Final = str.maketrans("", "", "\ue006\ue007")
_LAST: Final = 1 << 62
_HIDDEN: Final = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_BREAK: Final = re.compile(r"<br\s*/?>|</(?:p|div|li|tr|h[1-6]|blockquote|pre)\s*>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[a-z!][^<>]*>", re.IGNORECASE)


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
    return plain_text(text) if snippet.mime_type == "text/html" else text


def plain_text(markup: str) -> str:
    """Markup as the text that it shows."""
    text = _TAG.sub("", _BREAK.sub("\n", _HIDDEN.sub("", markup)))
    return html.unescape(text).strip()
