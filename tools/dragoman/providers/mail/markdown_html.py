"""The HTML alternative of a text that uses Markdown."""

from __future__ import annotations

from html import escape
from typing import Final

from dragoman.providers.kit.markdown import LONGEST, markdown_to_html

_SIGNATURE: Final = "\n-- \n"
_PAGE: Final = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n{}</body></html>\n'


def html_of(text: str, below: str = "") -> str:
    """The HTML of a text, with more HTML below; empty when the text uses no Markdown, and would only say the same."""
    body, rule, signature = text.partition(_SIGNATURE)
    made = markdown_to_html(body) if len(text) <= LONGEST else ""
    return _PAGE.format(made + (_signature_html(signature) if rule else "") + below) if made else ""


def _signature_html(signature: str) -> str:
    lines = "<br>\n".join(escape(line) for line in signature.splitlines())
    return f"<p>-- <br>\n{lines}</p>\n"
