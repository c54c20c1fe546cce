"""The HTML alternative of a text that uses Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_LONGEST: Final = 100_000  # characters; longer texts are sent as they are
_HINTS: Final = re.compile(r"[*_`#\[|~]|^\s{0,3}(?:[-+>]|\d{1,9}[.)])", re.MULTILINE)
_SIGNATURE: Final = "\n-- \n"
_PLAIN: Final = frozenset({"paragraph_open", "paragraph_close", "inline", "text", "softbreak", "hardbreak"})
_LINKS: Final = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
_PAGE: Final = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n{}</body></html>\n'


def html_of(text: str) -> str:
    """The HTML of a text; empty when the text uses no Markdown, and would only say the same."""
    if len(text) > _LONGEST or not _HINTS.search(text):
        return ""
    body, rule, signature = text.partition(_SIGNATURE)
    parser = _parser()
    tokens = parser.parse(body)
    if not _uses_markdown(tokens):
        return ""
    made: str = parser.renderer.render(tokens, parser.options, {})
    return _PAGE.format(made + (_signature_html(signature) if rule else ""))


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415  # only for texts that may use Markdown

    parser = MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False, "breaks": True})
    parser.disable(["image", "code", "lheading", "reference"])  # indented lines of people are no code
    parser.validateLink = _is_link  # type: ignore[method-assign]
    return parser


def _is_link(url: str) -> bool:
    return _LINKS.match(url) is not None


def _uses_markdown(tokens: Sequence[Token]) -> bool:
    return any(token.type not in _PLAIN or _uses_markdown(token.children or ()) for token in tokens)


def _signature_html(signature: str) -> str:
    from html import escape  # noqa: PLC0415  # as above

    lines = "<br>\n".join(escape(line) for line in signature.splitlines())
    return f"<p>-- <br>\n{lines}</p>\n"
