"""Blocks as text: what people see of them, also of kinds that are not known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dragoman.core.json_fields import JsonObject, is_list, is_object, list_of, object_of, record_of, records_of, text_of
from dragoman.core.slack.mrkdwn import Markup, called, with_emoji
from dragoman.core.slack.rich_text import RichText

_DEEPEST: Final = 12
_RICH: Final = "rich_text"
_WORDS: Final = frozenset(
    {"text", "title", "subtitle", "name", "label", "alt_text", "fallback", "body", "description", "author_name"}
    | {"status", "summary", "caption", "heading", "headline", "content", "message"}
)
_ADDRESSES: Final = {"title": ("title_url", "title_link", "url"), "text": ("url",), "name": ("join_url", "url")}
_UNSEEN: Final = frozenset({"confirm", "initial_option", "initial_options", "style", "filter", "video_url"})
_UNION: Final = frozenset({"mrkdwn", "plain_text", "raw_text"})
KNOWN: Final = frozenset(
    {_RICH, "section", "header", "alert", "context", "image", "actions", "context_actions", "input", "markdown"}
    | {"table", "data_table", "video", "card", "carousel", "container", "task_card", "plan", "call", "file", "divider"}
)
"""Kinds of blocks whose words are all found."""


class Blocks:
    """Writes blocks as text.

    Args:
        markup: Names what they refer to; says whether Markdown is written.
    """

    def __init__(self, markup: Markup) -> None:
        self._markup = markup
        self._rich = RichText(markup)

    def to_text(self, blocks: list[object]) -> str:
        """All blocks, one after the other."""
        return "\n".join(line for block in blocks for line in self._lines(block, 0) if line.strip()).strip("\n")

    def _lines(self, value: object, depth: int) -> Iterator[str]:
        if depth > _DEEPEST:
            return
        if is_list(value):
            for item in value:
                yield from self._lines(item, depth + 1)
        elif is_object(value):
            yield from self._block(value, depth)

    def _block(self, block: JsonObject, depth: int) -> Iterator[str]:
        kind = text_of(block, "type")
        if kind.startswith(_RICH):
            yield self._rich.to_text(block if kind == _RICH else {"elements": [block]})
        elif kind in _UNION and isinstance(block.get("text"), str):
            yield self.composed(block)
        elif kind == "markdown":
            yield self._markup.with_names(text_of(block, "text"))
        elif kind in ("table", "data_table"):
            yield from (self._row(row, depth) for row in list_of(block, "rows"))
        elif kind == "context":
            yield " ".join(line for line in self._lines(list_of(block, "elements"), depth + 1) if line)
        elif kind == "image" and self._markup.markdown and not any(self._members(block, depth)):
            url = text_of(block, "image_url") or text_of(record_of(block, "slack_file"), "url")
            yield self._markup.link(url, "image") if url.startswith(("https://", "http://")) else ""
        elif kind == "call" and self._markup.markdown and record_of(record_of(block, "call"), "v1"):
            yield self._call(record_of(record_of(block, "call"), "v1"))
        elif kind != "divider":
            yield from self._members(block, depth)

    def _members(self, block: JsonObject, depth: int) -> Iterator[str]:
        """What a block of any kind shows, in its own order."""
        for key, value in block.items():
            if key in _UNSEEN or key.startswith("fallback_"):
                continue
            if isinstance(value, str):
                words = self._markup.to_text(value) if key in _WORDS else ""
            elif key in _ADDRESSES and is_object(value) and text_of(value, "type") in _UNION:
                words = self.composed(value)
            else:
                yield from self._lines(value, depth + 1)
                continue
            url = text_of(block, *_ADDRESSES.get(key, ())) if words else ""
            yield self._markup.link(url, words) if url else words

    def _call(self, call: JsonObject) -> str:
        """A call: its name and address, who is there, and whether it is over."""
        there = [
            called("@", self._markup.names.name_of(id_) or id_) if id_ else text_of(one, "display_name")
            for one in (*records_of(call, "all_participants"), *records_of(call, "active_participants"))
            for id_ in (text_of(one, "slack_id"),)
        ]
        name, url = text_of(call, "name", "display_id") or "call", text_of(call, "join_url", "desktop_app_join_url")
        people = ", ".join(filter(None, dict.fromkeys(there)))
        facts = [f"with {people}" if people else "", "over" if call.get("has_ended") is True else "running"]
        return ", ".join([self._markup.link(url, name) if url else name, *filter(None, facts)])

    def _row(self, row: object, depth: int) -> str:
        cells = (" ".join(self._lines(cell, depth + 2)) or _number(cell) for cell in (row if is_list(row) else [row]))
        return " | ".join(cells)

    def composed(self, value: object) -> str:
        """A text object: markup, or plain text in which only emoji stand for something."""
        text = object_of(value)
        written = text_of(text, "text")
        if text_of(text, "type") == "mrkdwn":
            return self._markup.to_text(written)
        return with_emoji(written) if self._markup.markdown else written


def _number(cell: object) -> str:
    """The value of a cell that has no words."""
    value = object_of(cell).get("value")
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def has_unknown(blocks: list[object]) -> bool:
    """Whether there is a block of a kind whose words may not all have been found."""
    return any(text_of(object_of(block), "type") not in KNOWN for block in blocks)


def first_blocks(card: JsonObject) -> list[object]:
    """The blocks of a card: those of the message that it quotes, or its own."""
    quoted = [block for one in quoted_messages(card) for block in list_of(one, "blocks")]
    return quoted or list_of(card, "blocks")


def quoted_messages(card: JsonObject) -> list[JsonObject]:
    """The messages that a card quotes."""
    return [record_of(one, "message") for one in records_of(card, "message_blocks")]
