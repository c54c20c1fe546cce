"""The chat form: people, and conversations with their messages; see the package's team_chat.json."""

from __future__ import annotations

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
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Attachment, Author, AuthorKind, Conversation, ConversationKind, Edit, Message, Reaction

_PLAIN: Final = frozenset({"id", "author", "at", "text"})
_MENTION: Final = lazy_pattern(r"<@([^<>\s]+)>")
_KINDS: Final = {kind.value: kind for kind in ConversationKind} | {"dm": ConversationKind.DIRECT}
_CONVERSATION: Final = "conversations[]"
_MESSAGES: Final = "conversations[].messages[]"


class ChatExportFormat(ArchiveFormat):
    """One JSON object with ``people`` and ``conversations``."""

    name = "chat"
    title = "chat export"

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether it has conversations with messages, or people and conversations."""
        del names
        members = head.members
        # Skype's export has conversations as well, and a `userId`.
        ours = "conversations" in members and "userId" not in members
        return LIKELY if ours and (members & {"people", "conversations[].messages", "conversations[].id"}) else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """Everything in the files."""
        for file in source.files():
            yield from _ChatReader(file, source, options.zone).items()


class _ChatReader:
    """Reads one file; once, where the people and the ids of the conversations stand before the messages."""

    def __init__(self, file: File, source: Source, zone: tzinfo) -> None:
        self._file = file
        self._notes = source.notes
        self._zone = zone
        self._people: dict[str, JsonObject] = {}
        self._authors: dict[str, Author] = {}
        self._descriptions: list[JsonObject] = []
        self._ids = ContentIds()
        self._is_learnt = False

    def items(self) -> Iterator[Item]:
        """The messages, and each conversation before or after its own."""
        place, description = 0, dict[str, object]()
        with self._file.open() as content:
            reader = JsonReader(content, self._notes, self._file.label)
            for path, value in reader.items("people[]", _MESSAGES):
                if path == _MESSAGES:
                    message = self._message(value, self._id_of(description, place), reader)
                    if message is not None:
                        yield message
                elif path == "people[]":
                    person = object_of(value)
                    self._people[text_of(person, "id")] = person
                elif path == _CONVERSATION:
                    whole = object_of(value) or description
                    if text_of(whole, "id"):
                        yield self._conversation(whole)
                    place, description = place + 1, {}
                elif path.startswith(f"{_CONVERSATION}.") and value is not CLOSED:
                    description[path.removeprefix(f"{_CONVERSATION}.")] = value
        if text_of(description, "id"):
            yield self._conversation(description)  # the file ends within it

    def _id_of(self, description: JsonObject, place: int) -> str:
        """Id of the conversation whose messages are read. What stands behind them is looked for once."""
        # An export may write people and ids behind the messages; only then is the file read twice.
        if not self._is_learnt and not (self._people and "id" in description):
            self._learn()
        if not self._is_learnt:
            return text_of(description, "id")
        return text_of(self._descriptions[place], "id") if place < len(self._descriptions) else ""

    def _learn(self) -> None:
        """Who is who and what all conversations are; whatever is damaged is counted elsewhere."""
        self._is_learnt = True
        # Notes of its own, because the other pass counts the same damage.
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
        # Ids of people may be numbers.
        members = (member for member in list_of(entry, "members") if isinstance(member, str | int))
        participants = tuple(self._author(str(member)).name for member in members)
        return Conversation(
            id=text_of(entry, "id"),
            title=clean(text_of(entry, "name")) or ", ".join(participants),
            kind=_KINDS.get(text_of(entry, "kind"), ConversationKind.ROOM),
            topic=clean(text_of(entry, "topic")),
            participants=participants,
        )

    def _message(self, value: object, conversation: str, reader: JsonReader) -> Message | None:
        if not conversation:
            self._notes.skip("a message of a conversation without id", self._file.label, reader.line)
            return None
        if not is_object(value):
            self._notes.skip("no JSON object", self._file.label, reader.line)
            return None
        sent_at = from_iso(value.get("at"), self._zone)
        if sent_at is None:
            self._notes.skip(
                "no time" if value.get("at") is None else "at is no ISO time", self._file.label, reader.line
            )
            return None
        text = self._resolved(text_of(value, "text"))
        id_ = text_of(value, "id") or self._ids.make(conversation, text_of(value, "at"), text)
        author = self._author(text_of(value, "author"))
        deleted_at = from_iso(value.get("deleted_at"), self._zone)
        if deleted_at is not None:
            return new_message(
                id=id_, conversation=conversation, author=author, sent_at=sent_at, text="", deleted_at=deleted_at
            )
        if value.keys() <= _PLAIN:  # as most are
            return new_message(id=id_, conversation=conversation, author=author, sent_at=sent_at, text=text)
        thread = text_of(value, "thread")
        return new_message(
            id=id_,
            conversation=conversation,
            author=author,
            sent_at=sent_at,
            text=text,
            # The first message of a thread names itself.
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
        if "<@" not in text:
            return clean(text)
        return clean(_MENTION.sub(lambda mention: f"@{self._author(mention[1]).name}", text))


def _author(id_: str, people: Mapping[str, JsonObject]) -> Author:
    person = people.get(id_, EMPTY)
    return new_author(
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
