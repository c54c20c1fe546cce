"""A part of an export: messages, with their reactions in some exports beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from dragoman.archives.fields import JsonObject, count_of, object_of, text_of
from dragoman.archives.json_mending import list_within
from dragoman.archives.json_stream import JsonReader
from dragoman.archives.notes import Notes
from dragoman.archives.sources import File
from dragoman.archives.text import clean
from dragoman.archives.times import from_seconds
from dragoman.archives.zulip.realm import REACTIONS, Realm
from dragoman.core.fast_model import new_message
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Author, Conversation, Edit, Message

_MESSAGES: Final = "zerver_message[]"
_FLAGS: Final = "zerver_usermessage[]"
_REFERENCE: Final = lazy_pattern(
    r"`[^`\n]*`"  # code stays as it is
    r"|@_?\*\*(?P<person>[^*\n]{1,200})\*\*"
    r"|@_?\*(?P<group>[^*\n]{1,200})\*"
    r"|\#\*\*(?P<channel>[^*>\n]{1,200})(?:>(?P<topic>[^*\n]{0,200}))?\*\*"
)
# Zulip adds a number, as in `@**Name|12**`, where two people have one name.
_NUMBER: Final = lazy_pattern(r"\|\d{1,20}$")
_MESSAGE: Final = lazy_pattern(r"@\d{1,20}$")
_CHUNK: Final = 1 << 20
_MOST_PLACES: Final = 10_000
_Place = tuple[str, Author, bool]
"""Id of the conversation, author, and whether it is a channel."""


class MessageFile:
    """Reads one part.

    Args:
        file: The part.
        realm: The organisation.
        notes: Where messages that cannot be read are counted.
    """

    def __init__(self, file: File, realm: Realm, notes: Notes) -> None:
        self._file = file
        self._realm = realm
        self._notes = notes
        self._announced: set[str] = set()
        self._places: dict[tuple[int, int], _Place] = {}

    def items(self) -> Iterator[Conversation | Message]:
        """The messages, each after its conversation."""
        self._learn_reactions()
        with self._file.open() as content:
            reader = JsonReader(content, self._notes, self._file.label)
            for path, value in reader.items(_MESSAGES, REACTIONS, _FLAGS):
                if path != _MESSAGES:
                    continue
                entry = object_of(value)
                message = self._message(entry)
                if message is None:
                    self._notes.skip("a message without id, time or recipient", self._file.label, reader.line)
                    continue
                if message.conversation not in self._announced:
                    self._announced.add(message.conversation)
                    yield self._realm.conversation(count_of(entry, "recipient") or 0, count_of(entry, "sender") or 0)
                yield message

    def _learn_reactions(self) -> None:
        """Reactions stand behind the messages that they are for."""
        if _holds(self._file, REACTIONS.removesuffix("[]").encode()):
            with self._file.open() as content:
                for path, value in JsonReader(content, Notes(), self._file.label).items(_MESSAGES, REACTIONS, _FLAGS):
                    if path == REACTIONS:
                        self._realm.learn_reaction(object_of(value))

    def _message(self, entry: JsonObject) -> Message | None:
        """The message of an entry; ``None`` where id, time or recipient is missing."""
        number, sent_at = count_of(entry, "id"), from_seconds(entry.get("date_sent"))
        recipient, sender = count_of(entry, "recipient"), count_of(entry, "sender") or 0
        if number is None or sent_at is None or recipient is None:
            return None
        realm = self._realm
        conversation, author, is_channel = self._places.get((recipient, sender)) or self._place(recipient, sender)
        is_edited = entry.get("edit_history") or entry.get("last_edit_time") is not None
        edited_at, history = _edits(entry, sent_at) if is_edited else (None, ())
        return new_message(
            id=str(number),
            conversation=conversation,
            author=author,
            sent_at=sent_at,
            text=plain(text_of(entry, "content")),
            subject=clean(text_of(entry, "subject")) or None if is_channel else None,
            edited_at=edited_at,
            reactions=tuple(realm.reactions(number)) if realm.has_reactions else (),
            attachments=tuple(realm.attachments(number)) if realm.has_files else (),
            history=history,
        )

    def _place(self, recipient: int, sender: int) -> _Place:
        """The place of messages of a sender to a recipient, which is looked up once."""
        realm = self._realm
        place = realm.conversation(recipient, sender).id, realm.author(sender), realm.is_channel(recipient)
        if len(self._places) < _MOST_PLACES:
            self._places[recipient, sender] = place
        return place


def plain(markdown: str) -> str:
    """The text with people, groups and channels by their names; other Markdown stays as it was written."""
    return clean(_REFERENCE.sub(_named, markdown) if "@" in markdown or "#" in markdown else markdown)


def _named(found: re.Match[str]) -> str:
    if found["person"]:
        return f"@{_NUMBER.sub('', found['person'])}"
    if found["group"]:
        return f"@{found['group']}"
    if not found["channel"]:
        return found[0]
    topic = _MESSAGE.sub("", found["topic"] or "")
    return f"#{found['channel']} > {topic}" if topic else f"#{found['channel']}"


def _edits(entry: JsonObject, sent_at: datetime) -> tuple[datetime | None, tuple[Edit, ...]]:
    """When the text changed last, and earlier texts, oldest first. A move to another topic changes no text."""
    written = entry.get("edit_history")
    if not written:
        last = entry.get("last_edit_time")
        return (None if last is None else from_seconds(last)), ()
    changes = [one for one in map(object_of, list_within(written)) if "prev_content" in one]
    earlier: list[Edit] = []
    time: datetime | None = sent_at
    for change in sorted(changes, key=lambda one: from_seconds(one.get("timestamp")) or sent_at):
        earlier.append(Edit(text=plain(text_of(change, "prev_content")), at=time))
        time = from_seconds(change.get("timestamp"))
    return (time if earlier else None), tuple(earlier)


def _holds(file: File, word: bytes) -> bool:
    """Whether the bytes of a file hold a word; that is far faster than parsing it for nothing."""
    before = b""
    with file.open() as content:
        while data := content.read(_CHUNK):
            if word in before + data:
                return True
            # The word may begin in one chunk and end in the next.
            before = data[-len(word) :]
    return False
