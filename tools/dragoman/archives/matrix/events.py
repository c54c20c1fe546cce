"""Events of a Matrix room as messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from dragoman.archives.authors import author_called
from dragoman.archives.fields import JsonObject, is_object, number_of, record_of, text_of
from dragoman.archives.json_stream import JsonReader
from dragoman.archives.matrix.contents import (
    ENCRYPTED,
    TAKEN_ALONG,
    attachment_of,
    state_text,
    text_of_event,
    without_quote,
)
from dragoman.archives.matrix.relations import Relations, reaction_counts
from dragoman.archives.notes import Notes
from dragoman.archives.sources import File
from dragoman.archives.text import clean
from dragoman.archives.times import from_milliseconds
from dragoman.core.fast_model import new_message
from dragoman.core.model import Author, AuthorKind, Edit, Message, Reaction

_MESSAGE: Final = "m.room.message"
_NOTICE: Final = "m.notice"
_SPOKEN: Final = ENCRYPTED | {_MESSAGE, "m.sticker"}
_POLLS: Final = ("m.poll.start", "org.matrix.msc3381.poll.start")
_PLAIN: Final = frozenset({"msgtype", "body", "format", "formatted_body", "m.mentions"})
_TOLD: Final = frozenset({"redacted_because", "m.relations"})
_TEXTS: Final = frozenset({"m.text", _NOTICE, "m.emote"})
_MOST_AUTHORS: Final = 10_000
_THREADS: Final = ("m.thread", "io.element.thread")


class EventMapper:
    """Maps the events of one room.

    Args:
        room: The conversation's id.
        relations: What other events tell of each.
        file: The export; files of messages lie beside it.
        notes: Where events that cannot be read are counted.
    """

    def __init__(self, room: str, relations: Relations, file: File, notes: Notes) -> None:
        self._room = room
        self._relations = relations
        self._file = file
        self._notes = notes
        self._authors: dict[tuple[str, bool], Author] = {}

    def message(self, event: object, reader: JsonReader) -> Message | None:
        """The message of an event; ``None`` for one that only tells of another one, or that is counted."""
        if not is_object(event):
            self._notes.skip("no JSON object", self._file.label, reader.line)
            return None
        plain = self._plain(event) if event.get("type") == _MESSAGE else None
        return plain or self._other(event, reader)

    def _plain(self, event: JsonObject) -> Message | None:
        """A message that is a text and nothing else, as most are; ``None`` for any other."""
        content = record_of(event, "content")
        kind = text_of(content, "msgtype")
        if kind not in _TEXTS or not content.keys() <= _PLAIN:
            return None
        if "unsigned" in event and record_of(event, "unsigned").keys() & _TOLD:
            return None
        id_, sent_at = text_of(event, "event_id"), from_milliseconds(number_of(event, "origin_server_ts"))
        text = clean(text_of(content, "body"))
        # What other events tell of it is put together below.
        if not id_ or sent_at is None or not text or self._relations.tells_of(id_):
            return None
        author = self._author(text_of(event, "sender"), is_notice=kind == _NOTICE)
        return new_message(id=id_, conversation=self._room, author=author, sent_at=sent_at, text=text)

    def _other(self, event: JsonObject, reader: JsonReader) -> Message | None:
        kind = text_of(event, "type")
        if kind in TAKEN_ALONG:
            return None
        if _is_edit(event):
            if kind in ENCRYPTED:
                self._notes.skip("an edit that could not be decrypted", self._file.label, reader.line)
            return None
        sent_at = from_milliseconds(number_of(event, "origin_server_ts"))
        if sent_at is None or not text_of(event, "event_id"):
            self._notes.skip("an event without id or time", self._file.label, reader.line)
            return None
        is_spoken = kind in _SPOKEN or kind in _POLLS
        if not is_spoken and "state_key" not in event and not state_text(event, self._relations):
            self._notes.skip("an event that is no message", self._file.label, reader.line)
            return None
        is_notice = text_of(record_of(event, "content"), "msgtype") == _NOTICE
        author = self._author(text_of(event, "sender"), is_notice=is_notice)
        id_ = text_of(event, "event_id")
        message = new_message(id=id_, conversation=self._room, author=author, sent_at=sent_at, text="")
        return self._spoken(message, event) if is_spoken else self._activity(message, event)

    def _author(self, sender: str, *, is_notice: bool) -> Author:
        """The author of a message. All names have to be learned before."""
        known = self._authors.get((sender, is_notice))
        if known is None:
            kind = AuthorKind.BOT if is_notice else AuthorKind.PERSON
            known = author_called(self._relations.name_of(sender), sender, kind)
            # A room decides how many people write in it, so memory needs a bound.
            if len(self._authors) < _MOST_AUTHORS:
                self._authors[sender, is_notice] = known
        return known

    def _activity(self, message: Message, event: JsonObject) -> Message:
        return replace(message, text=state_text(event, self._relations), status="activity")

    def _spoken(self, message: Message, event: JsonObject) -> Message:
        content = record_of(event, "content")
        redaction = record_of(record_of(event, "unsigned"), "redacted_because")
        redacted = number_of(redaction, "origin_server_ts") or self._relations.redacted_at(message.id)
        # A server takes the content out of a redacted event, whether or not the redaction is exported.
        if redaction or redacted is not None or not content:
            return replace(message, text="", deleted_at=from_milliseconds(redacted) or message.sent_at)
        parent = _parent(content)
        text = text_of_event(event, content)
        attachment = attachment_of(event, content, self._file)
        return self._edited(
            replace(
                message,
                text=without_quote(text) if parent else text,
                reply_to=parent,
                attachments=() if attachment is None else (attachment,),
                reactions=tuple(self._reactions(event)),
            ),
            event,
        )

    def _edited(self, message: Message, event: JsonObject) -> Message:
        """The message with its last text, and the earlier ones before it. An export may have applied the edits."""
        edits = self._relations.edits(event)
        if not edits:
            return message
        history: list[Edit] = []
        text, at = message.text, message.sent_at
        for time, content in edits:
            edited = text_of_event(event, content)
            if edited != text:
                history.append(Edit(text=text, at=at))
            text, at = edited, from_milliseconds(time)
        return replace(
            message, text=text, edited_at=at, history=tuple(edit for edit in history if edit.text and edit.text != text)
        )

    def _reactions(self, event: JsonObject) -> Iterator[Reaction]:
        named = self._relations.reactions(event)
        summed = dict(reaction_counts(event))
        for key in dict.fromkeys((*named, *summed)):
            by = tuple(named.get(key, ()))
            # The export may lack reactions that the server has counted, or the server those that came later.
            yield Reaction(emoji=key, count=max(len(by), summed.get(key, 0)), by=by)


def _is_edit(event: JsonObject) -> bool:
    content = record_of(event, "content")
    return "m.relates_to" in content and text_of(record_of(content, "m.relates_to"), "rel_type") == "m.replace"


def _parent(content: JsonObject) -> str | None:
    """The answered message. Old clients are shown the last message of a thread as answered; it is not."""
    relation = record_of(content, "m.relates_to")
    answered = text_of(record_of(relation, "m.in_reply_to"), "event_id")
    is_thread = text_of(relation, "rel_type") in _THREADS
    if is_thread and (relation.get("is_falling_back") is True or not answered):
        return text_of(relation, "event_id") or answered or None
    return answered or None
