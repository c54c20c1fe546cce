"""Hangouts, as Takeout gave it until 2022: one file with all conversations, whose ids Google Chat kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dragoman.archives.attachments import media_type_of
from dragoman.archives.fields import EMPTY, JsonObject, is_object, object_of, record_of, records_of, text_of
from dragoman.archives.json_stream import JsonReader
from dragoman.archives.notes import Notes
from dragoman.archives.sources import File
from dragoman.archives.text import clean
from dragoman.archives.times import from_milliseconds
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.model import Attachment, Author, Conversation, ConversationKind, Message

EVENTS: Final = "conversations[].events[]"
_CONVERSATION: Final = "conversations[].conversation"
_ADDED: Final = "ADD"


class HangoutsReader:
    """Reads one file.

    Args:
        file: The file.
        notes: Where events that cannot be read are counted.
    """

    def __init__(self, file: File, notes: Notes) -> None:
        self._file = file
        self._notes = notes
        self._people: dict[str, Author] = {}

    def items(self) -> Iterator[Conversation | Message]:
        """The conversations, each before its messages."""
        with self._file.open() as content:
            reader = JsonReader(content, self._notes, self._file.label)
            for path, value in reader.items(EVENTS):
                if path == _CONVERSATION:
                    yield from self._conversation(object_of(value))
                elif path == EVENTS:
                    yield from self._event(value, reader.line)

    def _conversation(self, value: JsonObject) -> Iterator[Conversation]:
        id_ = text_of(record_of(value, "conversation_id"), "id")
        about = record_of(value, "conversation")
        state = record_of(record_of(about, "self_conversation_state"), "self_read_state")
        own = _person_id(record_of(state, "participant_id"))
        names: list[str] = []
        others: list[str] = []
        for person in records_of(about, "participant_data"):
            number = _person_id(record_of(person, "id"))
            name = clean(text_of(person, "fallback_name")) or number or "user"
            self._people[number] = new_author(name=name, id=number, own=number == own and number != "")
            names.append(name)
            if number != own:
                others.append(name)
        is_direct = text_of(about, "type") == "STICKY_ONE_TO_ONE"
        if id_:
            yield Conversation(
                id=f"gchat.{id_}",
                title=clean(text_of(about, "name")) or ", ".join(others or names),
                kind=ConversationKind.DIRECT if is_direct else ConversationKind.GROUP,
                participants=tuple(names),
            )

    def _event(self, value: object, line: int) -> Iterator[Message]:
        event = object_of(value)
        conversation = text_of(record_of(event, "conversation_id"), "id")
        microseconds = text_of(event, "timestamp")
        sent_at = from_milliseconds(f"{microseconds}e-3") if microseconds.isdecimal() else None
        if sent_at is None or not conversation or not text_of(event, "event_id"):
            self._notes.skip("an event without id or time", self._file.label, line)
            return
        number = _person_id(record_of(event, "sender_id"))
        content = record_of(record_of(event, "chat_message"), "message_content")
        happened = "" if content else self._happened(event)
        yield new_message(
            id=text_of(event, "event_id"),
            conversation=f"gchat.{conversation}",
            author=self._people.get(number, new_author(name=number or "user", id=number)),
            sent_at=sent_at,
            text=happened or clean("".join(map(_segment, records_of(content, "segment")))),
            status="activity" if happened else None,
            attachments=tuple(_attachments(content)),
        )

    def _happened(self, event: JsonObject) -> str:
        """What an event that is no message says, in a few words."""
        change = record_of(event, "membership_change")
        if change:
            numbers = map(_person_id, records_of(change, "participant_id"))
            names = ", ".join(self._people[number].name if number in self._people else number for number in numbers)
            kind = text_of(change, "type") or text_of(event, "event_type")
            # A change of members is JOIN or LEAVE, the type of the event ADD_USER or REMOVE_USER.
            return f"{'added' if _ADDED in kind or 'JOIN' in kind else 'removed'} {names or 'somebody'}"
        name = clean(text_of(record_of(event, "conversation_rename"), "new_name"))
        if name:
            return f"named the conversation {name}"
        kind = text_of(record_of(event, "hangout_event"), "event_type") or text_of(event, "event_type")
        return kind.replace("_", " ").lower() or "event"


def _person_id(value: JsonObject) -> str:
    return text_of(value, "gaia_id", "chat_id")


def _segment(segment: JsonObject) -> str:
    """A piece of a text: words, a link, or a new line."""
    text = text_of(segment, "text")
    if text_of(segment, "type") == "LINE_BREAK":
        return "\n"
    target = text_of(record_of(segment, "link_data"), "link_target")
    return f"{text} ({target})" if target and text and text not in target else text or target


def _attachments(content: JsonObject) -> Iterator[Attachment]:
    for attachment in records_of(content, "attachment"):
        item = record_of(attachment, "embed_item")
        media = next((value for name, value in item.items() if is_object(value) and name.startswith("plus_")), EMPTY)
        url = text_of(media, "original_content_url", "url")
        if url.startswith(("https://", "http://")):
            name = url.partition("?")[0].rpartition("/")[2] or "file"
            yield Attachment(id=text_of(item, "id"), name=name, media_type=media_type_of(name), url=url)
