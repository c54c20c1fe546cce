"""The text of a whole message: its own words, and what is attached to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from dragoman.core.json_fields import JsonObject, count_of, list_of, record_of, records_of, text_of, texts_of
from dragoman.core.markdown import quoted
from dragoman.core.slack.blocks import Blocks, first_blocks, has_unknown, quoted_messages
from dragoman.core.slack.extras import files_of
from dragoman.core.slack.mrkdwn import Markup, Names

# What Slack writes for programs that show no blocks; next to the blocks it says nothing.
_STAND_INS: Final = frozenset(
    {"This content can't be displayed.", "This message contains interactive elements.", "[no preview available]"}
)
_DEEPEST: Final = 5
_EVENTS: Final = {
    "ekm_access_denied": "[not shown: the organisation withdrew the key of this message]",
    "huddle_thread": "[huddle]",
    "sh_room_created": "[call]",
}
_CHANGED: Final = {f"{kind}_{what}": (what,) for kind in ("channel", "group") for what in ("topic", "purpose", "name")}
_LATEST: Final = 253_402_300_799  # seconds; the end of the year 9999


class SlackText:
    """Turns what a message holds into text.

    Args:
        names: Names people, channels and groups.
        markdown: Write Markdown, blocks before the summary beside them, and never nothing. Otherwise the summary
            comes first, and styles stay as they are.
    """

    def __init__(self, names: Names, *, markdown: bool = False) -> None:
        self._markup = Markup(names, markdown)
        self._blocks = Blocks(self._markup)
        self._names = names
        self._markdown = markdown

    def of_markup(self, text: str) -> str:
        """Text in Slack's own markup."""
        return self._markup.to_text(text)

    def of_message(self, message: JsonObject) -> str:
        """The message's text, with what is attached as lines after it."""
        text = self._own_words(message)
        parts = [text] if text.strip() else []
        for part in self._attached(message, text):
            if part and part not in parts:
                parts.append(part)
        if self._markdown and parts and parts[0] in _STAND_INS and (parts[1:] or list_of(message, "blocks")):
            del parts[0]
        if self._markdown and not any(map(_is_shown, "".join(parts))):
            return self._what_it_is(message)
        return "\n".join(parts)

    def _own_words(self, message: JsonObject) -> str:
        text = text_of(record_of(message, "comment"), "comment") or text_of(message, "text")
        summary = self._markup.to_text(text, has_styles=message.get("mrkdwn") is not False)
        if not summary and self._markdown and record_of(message, "item"):
            return self._own_words(record_of(record_of(message, "item"), "message"))
        found = list_of(message, "blocks")
        if not found:
            return summary
        blocks = self._blocks.to_text(found) if self._markdown or not summary else ""
        if not blocks or not self._markdown:
            return blocks or summary
        missing = has_unknown(found) and summary not in _STAND_INS and not _words(summary) <= _words(blocks)
        return f"{blocks}\n{summary}" if missing else blocks

    def _attached(self, message: JsonObject, text: str) -> Iterator[str]:
        said = f"{text}\n{text_of(message, 'text')}"
        for card in records_of(message, "attachments"):
            yield self._card(card, said)
        if not self._markdown:
            return
        title = text_of(record_of(message, "assistant_app_thread"), "title")
        yield title if title not in text else ""
        for file in files_of(message):
            yield from map(str.strip, _file_words(file))
        if record_of(message, "room"):
            yield self._room(record_of(message, "room"))

    def _card(self, card: JsonObject, said: str, depth: int = 0) -> str:
        """A card below the message: a program's notice, a quoted message, or a preview of a link."""
        if depth > _DEEPEST:
            return ""
        source = text_of(card, "from_url", "original_url")
        if card.get("is_msg_unfurl") is True or card.get("is_share") is True:
            return self._quote(card, said, depth)
        title = self.of_markup(text_of(card, "title"))
        if source and source.split("#")[0] in said:
            words = self._blocks.to_text(first_blocks(card)) or self.of_markup(text_of(card, "text"))
            heading = title or text_of(card, "fallback") or words.partition("\n")[0]
            return heading if self._markdown and heading not in said else ""
        lines = [
            self.of_markup(text_of(card, "pretext")),
            self.of_markup(text_of(card, "author_name")) if self._markdown else "",
            self._markup.link(text_of(card, "title_link"), title) if text_of(card, "title_link") else title,
            self._blocks.to_text(first_blocks(card)) or self.of_markup(text_of(card, "text")),
            *(self._field(field) for field in records_of(card, "fields")),
            *(self._inner_cards(card, said, depth) if self._markdown else ()),
            *(self._card_end(card) if self._markdown else ()),
        ]
        known = {line.strip() for line in said.split("\n")}
        found = [line for line in lines if line and line.strip() not in known]
        if any(lines):
            return "\n".join(found)
        fallback = self.of_markup(text_of(card, "fallback"))
        picture = text_of(card, "image_url") if self._markdown else ""
        shown = fallback or (self._markup.link(picture, "image") if picture else "")
        if not shown and self._markdown:
            shown = self._blocks.to_text([card])  # a form that is not known
        return shown if shown.strip() not in known else ""

    def _inner_cards(self, card: JsonObject, said: str, depth: int) -> Iterator[str]:
        """Cards that a card holds, or that the message has which it quotes."""
        for holder in (card, *quoted_messages(card)):
            for inner in records_of(holder, "attachments"):
                yield self._card(inner, said, depth + 1)

    def _card_end(self, card: JsonObject) -> Iterator[str]:
        for action in records_of(card, "actions"):
            url, label = text_of(action, "url"), text_of(action, "text", "name")
            yield self._markup.link(url, label) if url else label
        yield from _file_names(card)
        yield self.of_markup(text_of(card, "footer"))

    def _quote(self, card: JsonObject, said: str, depth: int) -> str:
        author = text_of(card, "author_name", "author_subname") or self._names.name_of(text_of(card, "author_id"))
        shared = "\n".join(text_of(one, "text") for one in quoted_messages(card)) if self._markdown else ""
        words = self._blocks.to_text(first_blocks(card)) or self.of_markup(text_of(card, "text") or shared)
        fallback = self.of_markup(text_of(card, "fallback"))
        inner = self._inner_cards(card, words, depth) if self._markdown else ()
        parts = [words if words not in _STAND_INS else "", *inner, *_file_names(card)]
        source = text_of(card, "from_url", "original_url") if self._markdown else ""
        link = self._markup.link(source, "message") if source and source not in said else ""
        words = "\n".join(filter(str.strip, parts)) or (link if fallback in _STAND_INS else fallback or link)
        if self._markdown:
            place = text_of(card, "footer") or self._channel(card)
            author = " ".join((f"{author} ({place})" if author and place else author or place).split())
        shown = ": ".join(filter(None, (author, words)))
        return quoted(shown) if shown else ""

    def _channel(self, card: JsonObject) -> str:
        title = self._names.title_of(text_of(card, "channel_id"))
        return f"#{title}" if title else ""

    def _field(self, field: JsonObject) -> str:
        number = field.get("value")
        written = str(number) if isinstance(number, float) else text_of(field, "value")
        title, value = self.of_markup(text_of(field, "title")), self.of_markup(written)
        return f"{title}: {value}" if title and value else title or value

    def _what_it_is(self, message: JsonObject) -> str:
        """What a message without words is."""
        if files_of(message):
            return "[file]"
        subtype = text_of(message, "subtype")
        kinds = [text_of(block, "type") for block in records_of(message, "blocks")] or [subtype or "no text"]
        named = ", ".join(dict.fromkeys(kinds)).replace("_", " ")
        changed = self.of_markup(text_of(message, *_CHANGED.get(subtype, ())))
        return _EVENTS.get(subtype) or (f"[{named}: {changed}]" if changed else f"[{named}]")

    def _room(self, room: JsonObject) -> str:
        """A huddle or call: who began it, who was there, and when."""
        there = dict.fromkeys([*texts_of(room, "participant_history"), *texts_of(room, "participants")])
        begun = text_of(room, "created_by")
        others = [self._names.name_of(one) or one for one in there if one != begun]
        times = "-".join(time for key in ("date_start", "date_end") if (time := _clock_time(room, key)))
        facts = [
            f"begun by {self._names.name_of(begun) or begun}" if begun else "",
            f"with {', '.join(others)}" if others else "",
            f"{times} UTC" if times else "",
            "over" if room.get("has_ended") is True else "running",
        ]
        kind = "Huddle" if text_of(room, "call_family") in ("", "huddle") else "Call"
        return ", ".join([text_of(room, "name") or kind, *(fact for fact in facts if fact)])


def _file_words(file: JsonObject) -> Iterator[str]:
    """What a file says that is a mail or a recording."""
    if text_of(file, "mode") == "email" or text_of(file, "filetype") == "email":
        names = ("from", "to", "cc")
        yield text_of(file, "subject", "title")
        for name in names:
            people = [text_of(one, "original", "address", "name") for one in records_of(file, name)]
            yield f"{name.capitalize()}: {', '.join(filter(None, people))}" if any(people) else ""
        yield text_of(file, "plain_text", "preview_plain_text", "preview").strip() or _page(file)
    heard = text_of(record_of(record_of(file, "transcription"), "preview"), "content")
    yield f"Transcript: {heard}" if heard else ""


def _page(file: JsonObject) -> str:
    """The words of a mail of which only the page is there."""
    from dragoman.core.html_text import to_text  # noqa: PLC0415 - few messages hold a mail

    return to_text(text_of(file, "simplified_html"))


def _file_names(card: JsonObject) -> Iterator[str]:
    for file in records_of(card, "files"):
        yield f"[file: {text_of(file, 'name', 'title', 'id')}]"


def _clock_time(room: JsonObject, key: str) -> str:
    seconds = count_of(room, key)
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M}" if seconds and seconds <= _LATEST else ""


def _is_shown(character: str) -> bool:
    """Whether a character is visible; blanks and characters of no width are not."""
    return character.isprintable() and not character.isspace()


def _words(text: str) -> set[str]:
    return set("".join(one if one.isalnum() else " " for one in text.casefold()).split())
