"""Chats as the program sigtop writes them: a JSON array of the rows of Signal Desktop's database for each chat."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from dragoman.archives.attachments import media_type_of
from dragoman.archives.fields import JsonObject, count_of, flag_of, number_of, object_of, record_of, records_of, text_of
from dragoman.archives.json_stream import JsonReader
from dragoman.archives.notes import Notes
from dragoman.archives.signal.people import SELF
from dragoman.archives.sources import File
from dragoman.archives.text import clean
from dragoman.archives.times import from_milliseconds
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Attachment, Author, Conversation, ConversationKind, Edit, Message, Reaction

MEMBERS: Final = frozenset({"[].conversationId", "[].type", "[].sent_at"})
"""Members by which such a file is recognised."""

_ADDRESS: Final = lazy_pattern(r"\s*\([^()]*\)$")
_SENDERS: Final = ("sourceServiceId", "sourceUuid", "source")
_QUOTED: Final = ("authorAci", "authorUuid", "author")
_LONG_TEXT: Final = "text/x-signal-plain"
# Two other people make a group; more need not be counted.
_FEW: Final = 2


class DesktopChat:
    """Reads one chat.

    Args:
        file: The file, which is called by the name and address of the other person or the group.
        notes: Where rows that cannot be read are counted.
    """

    def __init__(self, file: File, notes: Notes) -> None:
        self._file = file
        self._notes = notes
        stem = PurePath(file.name).stem
        self._id = f"signal.name.{stem}"
        self._title = clean(_ADDRESS.sub("", stem)) or stem
        self._others: dict[str, None] = {}

    def items(self) -> Iterator[Conversation | Message]:
        """The chat, then its messages. Who takes part is told by the messages only, so it is read twice."""
        for row, _ in self._rows(Notes()):
            sender = _sender(row)
            if sender != SELF and len(self._others) < _FEW:
                self._others.setdefault(sender)
        kind = ConversationKind.GROUP if len(self._others) == _FEW else ConversationKind.DIRECT
        yield Conversation(id=self._id, title=self._title, kind=kind)
        for row, line in self._rows(self._notes):
            message = self._message(row)
            if message is None:
                self._notes.skip("a message without time", self._file.label, line)
            else:
                yield message

    def _rows(self, notes: Notes) -> Iterator[tuple[JsonObject, int]]:
        with self._file.open() as content:
            reader = JsonReader(content, notes, self._file.label)
            for path, value in reader.items("[]"):
                if path == "[]":
                    yield object_of(value), reader.line

    def _message(self, row: JsonObject) -> Message | None:
        versions = _versions(row)
        sent_at = from_milliseconds(versions[0][0])
        if not versions[0][0] or sent_at is None:
            return None
        sender, kind = _sender(row), text_of(row, "type")
        is_message = kind in ("incoming", "outgoing")
        is_deleted = flag_of(row, "deletedForEveryone") or flag_of(row, "isErased")
        sticker = text_of(record_of(row, "sticker"), "emoji")
        text = clean(text_of(row, "body")) or sticker or ("" if is_message else kind.replace("-", " "))
        return new_message(
            # Signal itself knows a message by its first time and its sender.
            id=f"{versions[0][0]}.{sender}",
            conversation=self._id,
            author=self._author(sender),
            sent_at=sent_at,
            text="" if is_deleted else text,
            reply_to=_parent(record_of(row, "quote")),
            edited_at=from_milliseconds(versions[-1][0]) if len(versions) > 1 else None,
            deleted_at=sent_at if is_deleted else None,
            status=None if is_message else "activity",
            reactions=tuple(_reactions(row)),
            attachments=() if is_deleted else tuple(self._attachments(row)),
            history=() if is_deleted else tuple(_history(versions, text)),
        )

    def _author(self, sender: str) -> Author:
        if sender == SELF:
            return new_author(name="me", id=SELF, own=True)
        # In a chat with one person the file is called by their name.
        return new_author(name=self._title if len(self._others) < _FEW else sender, id=sender)

    def _attachments(self, row: JsonObject) -> Iterator[Attachment]:
        for entry in records_of(row, "attachments"):
            media_type = text_of(entry, "contentType")
            if media_type == _LONG_TEXT:
                continue  # the message's own text again
            name = clean(text_of(entry, "fileName")) or "attachment"
            lying = self._file.beside(text_of(entry, "path")) if text_of(entry, "path") else None
            yield Attachment(
                name=name,
                media_type=media_type or media_type_of(name),
                size=count_of(entry, "size"),
                url=lying.reference if lying else None,
            )


def _sender(row: JsonObject) -> str:
    if text_of(row, "type") == "outgoing":
        return SELF
    return text_of(row, *_SENDERS) or SELF


def _versions(row: JsonObject) -> list[tuple[int, str]]:
    """Times in milliseconds and texts of a message, the first one first."""
    edits = [(number_of(one, "timestamp") or 0, clean(text_of(one, "body"))) for one in records_of(row, "editHistory")]
    known = sorted(one for one in edits if one[0])
    return known or [(number_of(row, "sent_at") or number_of(row, "timestamp") or 0, clean(text_of(row, "body")))]


def _history(versions: list[tuple[int, str]], text: str) -> Iterator[Edit]:
    for time, earlier in versions[:-1]:
        if earlier and earlier != text:
            yield Edit(text=earlier, at=from_milliseconds(time))


def _parent(quote: JsonObject) -> str | None:
    time, author = number_of(quote, "id"), text_of(quote, *_QUOTED)
    return f"{time}.{author}" if time and author else None


def _reactions(row: JsonObject) -> Iterator[Reaction]:
    """The reactions; who reacted is told by numbers of the database only."""
    people: dict[str, set[str]] = {}
    for reaction in records_of(row, "reactions"):
        emoji = text_of(reaction, "emoji")
        if emoji:
            people.setdefault(emoji, set()).add(text_of(reaction, "fromId"))
    for emoji, ids in people.items():
        yield Reaction(emoji=emoji, count=len(ids))
