"""Blocks of rich text, which Slack's own clients write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from dragoman.core.emoji_names import emoji_of, emoji_of_codes
from dragoman.core.json_fields import JsonObject, count_of, is_list, is_object, record_of, records_of, text_of
from dragoman.core.markdown import Style, code_block, quoted, styled
from dragoman.core.slack.mrkdwn import Markup, called, format_time

# A hostile message may nest without end, and Python's stack has one.
_DEEPEST: Final = 10
_WORDS: Final = ("text", "title", "name", "label")
_ADDRESSES: Final = ("url", "link", "permalink")


class RichText:
    """Writes blocks of rich text as text.

    Args:
        markup: Names what they refer to; says whether Markdown is written.
    """

    def __init__(self, markup: Markup) -> None:
        self._markup = markup

    def to_text(self, block: JsonObject) -> str:
        """All elements, each on lines of its own."""
        return self._elements(block, "\n", 0)

    def _elements(self, block: JsonObject, between: str, depth: int) -> str:
        if depth > _DEEPEST:
            return ""
        parts = [self._element(element, depth + 1) for element in records_of(block, "elements")]
        return between.join(part.removesuffix("\n") if between else part for part in parts)

    def _element(self, element: JsonObject, depth: int) -> str:
        kind = text_of(element, "type")
        if kind == "rich_text_list":
            items = "\n".join(self._list_items(element, depth))
            return quoted(items) if self._markup.markdown and count_of(element, "border") else items
        if kind == "rich_text_quote":
            return quoted(self._elements(element, "", depth))
        if kind == "rich_text_preformatted":
            text = "".join(self._in_code(part) for part in records_of(element, "elements"))
            return code_block(text, text_of(element, "language") if self._markup.markdown else "")
        if kind == "rich_text_section" or (kind not in _ELEMENTS and records_of(element, "elements")):
            return self._elements(element, "", depth)
        return self._styled(element, self._plain(kind, element))

    def _list_items(self, element: JsonObject, depth: int) -> Iterator[str]:
        indent = "  " * min(count_of(element, "indent") or 0, _DEEPEST)
        bullet = "-" if self._markup.markdown else "•"
        first = 1 + (count_of(element, "offset") or 0)
        ordered = text_of(element, "style") == "ordered"
        for number, item in enumerate(records_of(element, "elements"), first):
            begin = f"{indent}{f'{number}.' if ordered else bullet} "
            yield begin + self._element(item, depth + 1).rstrip("\n").replace("\n", f"\n{' ' * len(begin)}")

    def _in_code(self, part: JsonObject) -> str:
        """An element between fences, where nothing is markup."""
        kind, text, url = text_of(part, "type"), text_of(part, "text"), text_of(part, "url")
        if kind in ("text", "link"):
            return f"{text} ({url})" if text and url and text != url and self._markup.markdown else text or url
        return self._plain(kind, part) if self._markup.markdown else text or url

    def _plain(self, kind: str, element: JsonObject) -> str:
        written = _ELEMENTS.get(kind)
        if written is not None:
            return written(element, self._markup)
        return unknown_element(kind, element, self._markup)

    def _styled(self, element: JsonObject, text: str) -> str:
        style = record_of(element, "style")
        if not style or not self._markup.markdown:
            return text
        return styled(text, Style(**{name: style.get(name) is True for name in Style._fields}))


def unknown_element(kind: str, element: JsonObject, markup: Markup) -> str:
    """An element that is a kind of its own: its words, or else what it is, with its id and address."""
    url, text = text_of(element, *_ADDRESSES), text_of(element, *_WORDS)
    if not text and markup.markdown:
        url = url or next(_texts_in(element, _ADDRESSES), "")
        text = " ".join(dict.fromkeys(_texts_in(element, _WORDS)))
    if text or not markup.markdown:
        return markup.link(url, text) if url else text
    id_ = next((value for key in element if key.endswith("_id") and (value := text_of(element, key))), "")
    named = " ".join(part for part in (kind.replace("_", " "), "" if id_ in url else id_) if part)
    return markup.link(url, named) if url else named


def _texts_in(value: object, keys: Sequence[str], depth: int = 0) -> Iterator[str]:
    """The texts of some names in an object and in all that is inside it."""
    if depth > _DEEPEST:
        return
    if is_list(value):
        for one in value:
            yield from _texts_in(one, keys, depth + 1)
    elif is_object(value):
        for key, one in value.items():
            if key in keys and isinstance(one, str):
                yield from filter(None, (one,))
            else:
                yield from _texts_in(one, keys, depth + 1)


def _date(element: JsonObject, markup: Markup) -> str:
    seconds = text_of(element, "timestamp") or str(count_of(element, "timestamp") or "")
    text = text_of(element, "fallback") or (format_time(seconds) if markup.markdown else "") or seconds
    return markup.link(text_of(element, "url"), text) if text_of(element, "url") else text


def _emoji(element: JsonObject, _: Markup) -> str:
    name, tone = text_of(element, "name"), text_of(element, "skin_tone")
    return emoji_of_codes(text_of(element, "unicode")) or emoji_of(f"{name}::skin-tone-{tone}" if tone else name)


_ELEMENTS: Final[dict[str, Callable[[JsonObject, Markup], str]]] = {
    "text": lambda element, _: text_of(element, "text"),
    "link": lambda element, markup: markup.link(text_of(element, "url"), text_of(element, "text")),
    "user": lambda element, markup: _called("@", markup.names.name_of, element, "user_id"),
    "usergroup": lambda element, markup: _called("@", markup.names.group_of, element, "usergroup_id"),
    "channel": lambda element, markup: _called("#", markup.names.title_of, element, "channel_id"),
    "broadcast": lambda element, _: f"@{text_of(element, 'range')}",
    "team": lambda element, _: text_of(element, "team_id"),
    "color": lambda element, _: text_of(element, "value"),
    "date": _date,
    "emoji": _emoji,
}


def _called(sign: str, name: Callable[[str], str], element: JsonObject, key: str) -> str:
    id_ = text_of(element, key)
    return called(sign, name(id_) or id_)
