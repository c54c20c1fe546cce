"""Slack's markup, blocks and cards as plain text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from dragoman.archives.fields import JsonObject, list_of, object_of, record_of, records_of, text_of
from dragoman.archives.slack.people import Workspace, decode_entities
from dragoman.archives.text import clean
from dragoman.core.emoji_names import emoji_of, emoji_of_codes

_MARKUP: Final = re.compile(r"<([@#!][^<>\n]*|[a-zA-Z][a-zA-Z0-9+.-]*:[^<>\n]*)>")
_SCHEME: Final = re.compile(r"^(?:https?://|mailto:|tel:)")
_DEEPEST: Final = 10


class SlackText:
    """Turns what a message holds into text.

    Args:
        workspace: Names people and channels.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def of_message(self, message: JsonObject) -> str:
        """The message's text, with its cards as lines after it."""
        comment = record_of(message, "comment")
        text = self.of_markup(text_of(message, "text") or text_of(comment, "comment"))
        text = text or self.of_blocks(list_of(message, "blocks"))
        cards = (self._card(card, text) for card in records_of(message, "attachments"))
        return clean("\n".join(part for part in (text, *cards) if part))

    def of_markup(self, text: str) -> str:
        """Text with mentions and channels by name, and links with their addresses."""
        if "<" not in text:
            return decode_entities(text)
        parts: list[str] = []
        end = 0
        for found in _MARKUP.finditer(text):
            parts += [decode_entities(text[end : found.start()]), self._reference(found[1])]
            end = found.end()
        return "".join([*parts, decode_entities(text[end:])])

    def of_blocks(self, blocks: list[object]) -> str:
        """The text of blocks, a line each."""
        return "\n".join(text for block in blocks if (text := self._block(object_of(block)))).strip()

    def _reference(self, inner: str) -> str:
        """What stands between angle brackets."""
        target, _, written = inner.partition("|")
        label = decode_entities(written)
        rest = target[1:]
        if target.startswith("@"):
            return f"@{self._workspace.name_of(rest) or label.removeprefix('@') or rest}"
        if target.startswith("#"):
            return f"#{label.removeprefix('#') or self._workspace.title_of(rest) or rest}"
        if target.startswith("!"):
            command = rest.partition("^")[0]
            return label or (f"@{command}" if command in ("here", "channel", "everyone") else rest)
        return link(decode_entities(target), label)

    def _block(self, block: JsonObject) -> str:
        kind = text_of(block, "type")
        if kind == "rich_text":
            return self._elements(block, "\n", 0)
        if kind in ("section", "header"):
            fields = (self._composition(field) for field in list_of(block, "fields"))
            return "\n".join(part for part in (self._composition(block.get("text")), *fields) if part)
        if kind == "context":
            return " ".join(filter(None, (self._composition(element) for element in list_of(block, "elements"))))
        return self._composition(block.get("title")) or text_of(block, "alt_text")

    def _composition(self, value: object) -> str:
        text = object_of(value)
        written = text_of(text, "text")
        return written if text_of(text, "type") == "plain_text" else self.of_markup(written)

    def _elements(self, block: JsonObject, between: str, depth: int) -> str:
        if depth > _DEEPEST:
            return ""
        return between.join(self._element(element, depth + 1) for element in records_of(block, "elements"))

    def _element(self, element: JsonObject, depth: int) -> str:
        kind = text_of(element, "type")
        if kind == "rich_text_list":
            return "\n".join(self._list_items(element, depth))
        if kind == "rich_text_quote":
            return "\n".join(f"> {line}" for line in self._elements(element, "", depth).split("\n"))
        if kind == "rich_text_preformatted":
            return f"```\n{self._elements(element, '', depth)}\n```"
        if kind == "rich_text_section":
            return self._elements(element, "", depth)
        written = _ELEMENTS.get(kind)
        return written(element, self._workspace) if written else text_of(element, "text")

    def _list_items(self, element: JsonObject, depth: int) -> Iterator[str]:
        indent = "  " * min(int(text_of(element, "indent") or 0), _DEEPEST)
        ordered = text_of(element, "style") == "ordered"
        for number, item in enumerate(records_of(element, "elements"), 1):
            yield f"{indent}{f'{number}.' if ordered else '•'} {self._element(item, depth + 1)}"

    def _card(self, card: JsonObject, text: str) -> str:
        """A card below the message: a program's notice, a quoted message, or a preview of a link."""
        source = text_of(card, "from_url", "original_url")
        if card.get("is_msg_unfurl") is True:
            author = text_of(card, "author_name", "author_subname")
            quoted = self.of_markup(text_of(card, "text")) or self.of_markup(text_of(card, "fallback"))
            return "\n".join(f"> {line}" for line in f"{author}: {quoted}".removeprefix(": ").split("\n"))
        if source and source in text:
            return ""
        title = self.of_markup(text_of(card, "title"))
        lines = [
            self.of_markup(text_of(card, "pretext")),
            link(text_of(card, "title_link"), title) if text_of(card, "title_link") else title,
            self.of_markup(text_of(card, "text")),
            *(self._field(field) for field in records_of(card, "fields")),
            self.of_blocks(list_of(card, "blocks")),
        ]
        return "\n".join(line for line in lines if line) or self.of_markup(text_of(card, "fallback"))

    def _field(self, field: JsonObject) -> str:
        title, value = self.of_markup(text_of(field, "title")), self.of_markup(text_of(field, "value"))
        return f"{title}: {value}" if title and value else title or value


def link(url: str, label: str) -> str:
    """A link as text: ``label (url)`` unless the label says all of it."""
    plain = _SCHEME.sub("", url).rstrip("/")
    if not label or label.rstrip("/") in (url.rstrip("/"), plain):
        return plain if url.startswith(("mailto:", "tel:")) else url
    return f"{label} ({url})"


def _user(element: JsonObject, workspace: Workspace) -> str:
    id_ = text_of(element, "user_id")
    return f"@{workspace.name_of(id_) or id_}"


def _channel(element: JsonObject, workspace: Workspace) -> str:
    id_ = text_of(element, "channel_id")
    return f"#{workspace.title_of(id_) or id_}"


def _emoji(element: JsonObject, _workspace: Workspace) -> str:
    return emoji_of_codes(text_of(element, "unicode")) or emoji_of(text_of(element, "name"))


_ELEMENTS: Final[dict[str, Callable[[JsonObject, Workspace], str]]] = {
    "user": _user,
    "channel": _channel,
    "emoji": _emoji,
    "link": lambda element, _: link(text_of(element, "url"), text_of(element, "text")),
    "broadcast": lambda element, _: f"@{text_of(element, 'range')}",
    "usergroup": lambda element, _: f"@{text_of(element, 'usergroup_id')}",
    "date": lambda element, _: text_of(element, "fallback", "timestamp"),
}
