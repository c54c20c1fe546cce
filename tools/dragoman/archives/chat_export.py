"""The chat form: people, and conversations with their messages; see the package's team_chat.json."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Final

from dragoman.archives.fields import (
    EMPTY,
    JsonObject,
    count_of,
    flag_of,
    is_object,
    list_of,
    object_of,
    records_of,
    text_of,
)
from dragoman.archives.format import LIKELY, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.ids import ContentIds
from dragoman.archives.json_stream import CLOSED, JsonReader
from dragoman.archives.sources import File, Folder, Source
from dragoman.archives.text import LONGEST_NAME, clean, clean_name
from dragoman.archives.times import from_iso
from dragoman.core.model import Attachment, Author, AuthorKind, Conversation, ConversationKind, Edit, Message, Reaction

_MENTION: Final = re.compile(r"<@([^<>\s]+)>")
_KINDS: Final = {kind.value: kind for kind in ConversationKind} | {"dm": ConversationKind.DIRECT}
_CONVERSATION: Final = "conversations[]"
_MESSAGES: Final = "conversations[].messages[]"


class ChatExportFormat(ArchiveFormat):
    """One JSON object with ``people`` and ``conversations``."""

    name = "chat"
    title = "chat export"
    passes = 2

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether it has conversations with messages, or people and conversations."""
        del names
        members = head.members
        ours = "conversations" in members and "userId" not in members
        return LIKELY if ours and (members & {"people", "conversations[].messages", "conversations[].id"}) else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """Everything in the files."""
        for file in source.files():
            yield from _ChatReader(file, source, options.zone).items()


class _ChatReader:
    """Reads one file twice: first who is who and what the conversations are, then the messages."""

    def __init__(self, file: File, source: Source, zone: tzinfo) -> None:
        self._file = file
        self._notes = source.notes
        self._zone = zone
        self._people: dict[str, JsonObject] = {}
        self._authors: dict[str, Author] = {}
        self._descriptions: list[JsonObject] = []
        self._ids = ContentIds()

    def items(self) -> Iterator[Item]:
        """The conversations, each with its messages."""
        self._learn()
        for description in self._descriptions:
            if text_of(description, "id"):
                yield self._conversation(description)
        with self._file.open() as content:
            reader = JsonReader(content, self._notes, self._file.label)
            place = 0
            for path, value in reader.items("people[]", _MESSAGES):
                if path == _CONVERSATION:
                    place += 1
                elif path == _MESSAGES:
                    description = self._descriptions[place] if place < len(self._descriptions) else EMPTY
                    message = self._message(value, text_of(description, "id"), reader.line)
                    if message is not None:
                        yield message

    def _learn(self) -> None:
        # Whatever is damaged is counted when the messages are read.
        notes = type(self._notes)()
        with self._file.open() as content:
            description: dict[str, object] = {}
            for path, value in JsonReader(content, notes, self._file.label).items("people[]", _MESSAGES):
                if path == "people[]":
                    person = object_of(value)
                    self._people[text_of(person, "id")] = person
                elif path == _CONVERSATION:
                    self._descriptions.append(object_of(value) or description)
                    description = {}
                elif path.startswith(f"{_CONVERSATION}.") and value is not CLOSED:
                    description[path.removeprefix(f"{_CONVERSATION}.")] = value
        if description:
            self._descriptions.append(description)  # the file ends within it

    def _conversation(self, entry: JsonObject) -> Conversation:
        members = (member for member in list_of(entry, "members") if isinstance(member, str | int))
        participants = tuple(self._author(str(member)).name for member in members)
        return Conversation(
            id=text_of(entry, "id"),
            title=clean(text_of(entry, "name")) or ", ".join(participants),
            kind=_KINDS.get(
                text_of(entry, "kind"),
                ConversationKind.CHANNEL if not text_of(entry, "kind") else ConversationKind.ROOM,
            ),
            topic=clean(text_of(entry, "topic")),
            participants=participants,
        )

    def _message(self, value: object, conversation: str, line: int) -> Message | None:
        if not conversation:
            self._notes.skip("a message of a conversation without id", self._file.label, line)
            return None
        if not is_object(value):
            self._notes.skip("no JSON object", self._file.label, line)
            return None
        sent_at = from_iso(value.get("at"), self._zone)
        if sent_at is None:
            self._notes.skip("no time" if value.get("at") is None else "at is no ISO time", self._file.label, line)
            return None
        text = self._resolved(text_of(value, "text"))
        id_ = text_of(value, "id") or self._ids.make(conversation, text_of(value, "at"), text)
        author = self._author(text_of(value, "author"))
        deleted_at = from_iso(value.get("deleted_at"), self._zone)
        if deleted_at is not None:
            return Message(
                id=id_, conversation=conversation, author=author, sent_at=sent_at, text="", deleted_at=deleted_at
            )
        thread = text_of(value, "thread")
        return Message(
            id=id_,
            conversation=conversation,
            author=author,
            sent_at=sent_at,
            text=text,
            reply_to=thread if thread not in ("", id_) else None,
            edited_at=from_iso(value.get("edited_at"), self._zone),
            status="activity" if text_of(value, "kind") == "join" else None,
            reactions=tuple(self._reactions(value)),
            attachments=tuple(_attachment(entry) for entry in records_of(value, "attachments")),
            labels=("pinned",) if flag_of(value, "pinned") else (),
            history=tuple(self._edit(entry) for entry in records_of(value, "edits")),
        )

    def _author(self, id_: str) -> Author:
        author = self._authors.get(id_)
        if author is None:
            author = self._authors[id_] = _author(id_, self._people)
        return author

    def _reactions(self, message: JsonObject) -> Iterator[Reaction]:
        for entry in records_of(message, "reactions"):
            by = tuple(self._author(str(id_)).name for id_ in list_of(entry, "by") if isinstance(id_, str | int))
            count = count_of(entry, "count") or len(by)
            if text_of(entry, "emoji") and count:
                yield Reaction(emoji=text_of(entry, "emoji"), count=count, by=by)

    def _edit(self, entry: JsonObject) -> Edit:
        return Edit(text=self._resolved(text_of(entry, "text")), at=from_iso(entry.get("at"), self._zone))

    def _resolved(self, text: str) -> str:
        """A text in which mentions are names."""
        return clean(_MENTION.sub(lambda mention: f"@{self._author(mention[1]).name}", text))


def _author(id_: str, people: Mapping[str, JsonObject]) -> Author:
    person = people.get(id_, EMPTY)
    return Author(
        name=clean_name(text_of(person, "name")) or id_[:LONGEST_NAME] or "user",
        id=id_,
        kind=AuthorKind.BOT if text_of(person, "kind") == "bot" else AuthorKind.PERSON,
        email=text_of(person, "email") or None,
    )


def _attachment(entry: JsonObject) -> Attachment:
    return Attachment(
        name=text_of(entry, "name", "id") or "file",
        id=text_of(entry, "id"),
        media_type=text_of(entry, "mime", "media_type") or None,
        size=count_of(entry, "size"),
        url=text_of(entry, "url") or None,
    )
