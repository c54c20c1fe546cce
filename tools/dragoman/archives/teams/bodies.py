"""Bodies of Teams messages, and cards, as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Final

from dragoman.archives.fields import JsonObject, is_list, is_object, records_of, text_of
from dragoman.archives.text import clean
from dragoman.core.html_text import to_text
from dragoman.core.lazy_pattern import lazy_pattern

_MENTION: Final = lazy_pattern(r"<at\b([^>]{0,200})>([^<]{0,500})</at>", re.IGNORECASE)
_ID: Final = lazy_pattern(r'\bid\s*=\s*"([^"]{0,50})"', re.IGNORECASE)
_BLANK: Final = lazy_pattern(r"(?:\s|&nbsp;|&#160;|\xa0)*")
_EMOJI: Final = lazy_pattern(r'<emoji\b[^>]{0,500}?\balt="([^"]{0,50})"[^>]{0,500}>(?:</emoji>)?', re.IGNORECASE)
_NO_TEXT: Final = lazy_pattern(r"</?(?:attachment|systemEventMessage)\b[^>]{0,500}>", re.IGNORECASE)
_SIMPLE: Final = lazy_pattern(r"(?:<div>)?<(?:p|div)>([^<&\x00-\x02\xa0]*)</(?:p|div)>(?:</div>)?")
"""One paragraph without anything in it, as most messages are."""

_SPACES: Final = lazy_pattern(r"[ \t\n\r\f]+")
_BREAKS: Final = lazy_pattern(r"[\t\n\r\f]")
_DEEPEST: Final = 12
_LINES: Final = ("title", "subtitle", "activityTitle", "activitySubtitle", "activityText", "text")
_INNER: Final = ("sections", "body", "items", "columns", "rows", "cells", "inlines", "content", "attachments")
_MARKUP: Final = lazy_pattern(r"<[a-zA-Z/]")


def text_of_body(body: JsonObject, mentioned: Mapping[str, str]) -> str:
    """The text that a body shows.

    Args:
        body: The body, of HTML or plain text.
        mentioned: Who is mentioned, by the ids of the mentions.
    """
    content = text_of(body, "content")
    if text_of(body, "contentType") != "html":
        return clean(content)
    simple = _SIMPLE.fullmatch(content)
    if simple is not None:
        text = simple[1]
        # The look takes a tenth of the time of the change, which few texts need.
        return clean(_SPACES.sub(" ", text) if "  " in text or _BREAKS.search(text) else text)
    marked = _NO_TEXT.sub("", _EMOJI.sub(r"\1", _with_mentions(content, mentioned)))
    return clean(to_text(marked, quote="> "))


def _with_mentions(markup: str, mentioned: Mapping[str, str]) -> str:
    """The markup with ``@`` before names. A name in several pieces has a mention for each of its words."""
    parts: list[str] = []
    end, last = 0, ""
    for found in _MENTION.finditer(markup):
        id_ = _ID.search(found[1])
        person = mentioned.get(id_[1], "") if id_ else ""
        between = markup[end : found.start()]
        goes_on = person and person == last and _BLANK.fullmatch(between)
        parts += [between, "" if goes_on or found[2].startswith("@") else "@", found[2]]
        end, last = found.end(), person
    return "".join([*parts, markup[end:]])


def card_text(card: JsonObject) -> str:
    """The texts of a card, a line each."""
    lines = [line for line in _card_lines(card, 0) if line]
    return "\n".join(dict.fromkeys(lines)) or text_of(card, "summary", "fallbackText", "speak")


def _card_lines(part: JsonObject, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    for name in _LINES:
        yield _plain(text_of(part, name))
    for fact in records_of(part, "facts"):
        yield f"{_plain(text_of(fact, 'title', 'name'))}: {_plain(text_of(fact, 'value'))}".strip(": ")
    for name in _INNER:
        inner = part.get(name)
        for one in inner if is_list(inner) else [inner]:
            if is_object(one):
                yield from _card_lines(one, depth + 1)
    for action in (*records_of(part, "buttons"), *records_of(part, "actions")):
        label, address = text_of(action, "title", "name"), text_of(action, "url", "value")
        yield f"{label} ({address})" if address.startswith(("https://", "http://")) and label else ""


def _plain(text: str) -> str:
    return clean(to_text(text) if _MARKUP.search(text) else unescape(text))
