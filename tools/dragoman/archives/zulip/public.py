"""Topics as zulip-archive saves them from public channels: a folder for each channel, a file for each topic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from dragoman.archives.fields import JsonObject, object_of, record_of, records_of, text_of
from dragoman.archives.json_mending import read_object
from dragoman.archives.json_stream import JsonReader
from dragoman.archives.notes import Notes
from dragoman.archives.sources import File
from dragoman.archives.text import clean
from dragoman.archives.times import from_seconds
from dragoman.core.emoji_names import emoji_of_codes
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.html_text import to_text
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Author, Conversation, ConversationKind, Message, Reaction

_BYTES: Final = lazy_pattern(r"(?:\.[0-9A-F]{2})+")
_NUMBERED: Final = lazy_pattern(r"(\d{1,20})-(.+)")
_INDEX: Final = "stream_index.json"


def read_topic(file: File, notes: Notes) -> Iterator[Conversation | Message]:
    """The channel of a topic, then the topic's messages."""
    conversation: Conversation | None = None
    topic = readable_name(file.name.removesuffix(".json"))
    with file.open() as content:
        reader = JsonReader(content, notes, file.label)
        for path, value in reader.items("[]"):
            entry = object_of(value)
            sent_at = from_seconds(entry.get("timestamp"))
            if path != "[]" or sent_at is None or not text_of(entry, "id"):
                notes.skip("a message without id or time", file.label, reader.line)
                continue
            if conversation is None:
                conversation = _channel(file, entry)
                yield conversation
            markup = text_of(entry, "content")
            yield new_message(
                id=text_of(entry, "id"),
                conversation=conversation.id,
                author=_author(entry),
                sent_at=sent_at,
                text=clean(
                    markup if text_of(entry, "content_type") == "text/x-markdown" else to_text(markup, quote="> ")
                ),
                subject=clean(text_of(entry, "subject")) or topic or None,
                edited_at=from_seconds(entry.get("last_edit_timestamp")),
                reactions=tuple(_reactions(entry)),
            )


def readable_name(name: str) -> str:
    """A name in which a point and two digits stand for a byte of UTF-8."""
    return clean(_BYTES.sub(lambda found: bytes.fromhex(found[0].replace(".", "")).decode("utf-8", "replace"), name))


def _channel(file: File, entry: JsonObject) -> Conversation:
    folder = PurePath(file.label).parent.name
    numbered = _NUMBERED.fullmatch(folder)
    id_ = text_of(entry, "stream_id") or (numbered[1] if numbered else folder)
    index = record_of(read_object(file.beside(f"../{_INDEX}")), "streams")
    listed = next((name for name in index if text_of(record_of(index, name), "id") == id_), "")
    name = text_of(entry, "display_recipient") or listed or readable_name(numbered[2] if numbered else folder)
    return Conversation(id=f"zulip.stream.{id_}", title=clean(name), kind=ConversationKind.CHANNEL)


def _author(entry: JsonObject) -> Author:
    name = clean(text_of(entry, "sender_full_name")) or "user"
    return new_author(name=name, id=text_of(entry, "sender_id"), email=text_of(entry, "sender_email") or None)


def _reactions(entry: JsonObject) -> Iterator[Reaction]:
    people: dict[str, dict[str, str]] = {}
    for reaction in records_of(entry, "reactions"):
        name = text_of(reaction, "emoji_name")
        is_unicode = text_of(reaction, "reaction_type") == "unicode_emoji"
        emoji = (emoji_of_codes(text_of(reaction, "emoji_code")) if is_unicode else "") or (f":{name}:" if name else "")
        user = record_of(reaction, "user")
        person = text_of(reaction, "user_id") or text_of(user, "id", "email")
        if emoji:
            people.setdefault(emoji, {})[person] = clean(text_of(user, "full_name"))
    for emoji, names in people.items():
        yield Reaction(emoji=emoji, count=len(names), by=tuple(filter(None, names.values())))
