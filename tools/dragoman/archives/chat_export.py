"""The chat form of an export: people, and conversations with their messages; see the package's team_chat.json.

Pure functions from the file's members to the model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel, ValidationError

from dragoman.archives.json_lines import Count, mended, mistake
from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Attachment, Author, AuthorKind, Conversation, ConversationKind, Edit, Message, Reaction

_MENTION: Final = re.compile(r"<@([^<>\s]+)>")
_KINDS: Final = {
    "channel": ConversationKind.CHANNEL,
    "group": ConversationKind.GROUP,
    "dm": ConversationKind.DIRECT,
    "direct": ConversationKind.DIRECT,
}
_ACTIVITY: Final = "activity"


class Person(BaseModel):
    """Somebody who writes; ``kind`` is ``person`` or ``bot``."""

    id: str
    name: str
    email: str | None = None
    kind: str = "person"


class FileEntry(BaseModel):
    """Metadata of a file; ``size`` in bytes."""

    name: str
    id: str = ""
    mime: str | None = None
    size: Count | None = None
    url: str | None = None


class ReactionEntry(BaseModel):
    """An emoji and the ids of the people who chose it."""

    emoji: str
    by: tuple[str, ...] = ()


class EditEntry(BaseModel):
    """An earlier text."""

    text: str
    at: AwareDatetime | None = None


class MessageEntry(BaseModel):
    """A message; ``thread`` is the id of the thread's first one, ``kind`` is ``join`` for an activity."""

    id: str
    author: str
    at: AwareDatetime
    text: str = ""
    kind: str | None = None
    thread: str | None = None
    pinned: bool = False
    edited_at: AwareDatetime | None = None
    deleted_at: AwareDatetime | None = None
    edits: tuple[EditEntry, ...] = ()
    reactions: tuple[ReactionEntry, ...] = ()
    attachments: tuple[FileEntry, ...] = ()


class ConversationEntry(BaseModel):
    """A conversation with its messages, oldest first; ``members`` are ids of people."""

    id: str
    name: str = ""
    kind: str = "channel"
    topic: str = ""
    members: tuple[str, ...] = ()
    messages: tuple[MessageEntry, ...] = ()


class ChatFile(BaseModel):
    """The whole file."""

    people: tuple[Person, ...] = ()
    conversations: tuple[ConversationEntry, ...]


def read(content: bytes) -> ChatFile:
    """Read the file.

    Raises:
        InvalidArgument: It does not have this form; the sentence names the first member that is wrong.
    """
    try:
        return ChatFile.model_validate_json(mended(content.decode("utf-8-sig")))
    except UnicodeDecodeError:
        raise _neither("it is not UTF-8 text") from None
    except ValidationError as error:
        place, said = mistake(error)
        raise _neither(f"{place or 'it'} {said}") from None


def _neither(reason: str) -> InvalidArgument:
    return InvalidArgument(
        f"The file is neither a chat export nor JSON Lines ({reason}).",
        hint='"Files to import" in the README describes both forms.',
    )


def conversations(chat: ChatFile) -> Iterator[tuple[Conversation, list[Message]]]:
    """Every conversation of the file with its messages."""
    people = {person.id: person for person in chat.people}
    for entry in chat.conversations:
        yield _conversation(entry, people), [_message(entry.id, message, people) for message in entry.messages]


def _conversation(entry: ConversationEntry, people: Mapping[str, Person]) -> Conversation:
    participants = tuple(_name(member, people) for member in entry.members)
    return Conversation(
        id=entry.id,
        title=entry.name or ", ".join(participants) or entry.id,
        kind=_KINDS.get(entry.kind, ConversationKind.ROOM),
        topic=entry.topic,
        last_message_at=max((message.at for message in entry.messages), default=None),
        participants=participants,
    )


def _message(conversation: str, entry: MessageEntry, people: Mapping[str, Person]) -> Message:
    if entry.deleted_at is not None:
        return _tombstone(conversation, entry, entry.deleted_at, people)
    return Message(
        id=entry.id,
        conversation=conversation,
        author=_author(entry.author, people),
        sent_at=entry.at,
        text=_resolved(entry.text, people),
        reply_to=entry.thread if entry.thread != entry.id else None,
        edited_at=entry.edited_at,
        status=_ACTIVITY if entry.kind == "join" else None,
        reactions=tuple(_reaction(reaction, people) for reaction in entry.reactions),
        attachments=tuple(_attachment(file) for file in entry.attachments),
        labels=("pinned",) if entry.pinned else (),
        history=tuple(Edit(text=_resolved(edit.text, people), at=edit.at) for edit in entry.edits),
    )


def _tombstone(conversation: str, entry: MessageEntry, at: datetime, people: Mapping[str, Person]) -> Message:
    """What was deleted leaves its id, so that a later import of the same file deletes it here too."""
    author = _author(entry.author, people)
    return Message(id=entry.id, conversation=conversation, author=author, sent_at=entry.at, text="", deleted_at=at)


def _author(identifier: str, people: Mapping[str, Person]) -> Author:
    person = people.get(identifier)
    if person is None:
        return Author(name=identifier or "user", id=identifier)
    kind = AuthorKind.BOT if person.kind == "bot" else AuthorKind.PERSON
    return Author(name=person.name, id=person.id, kind=kind, email=person.email)


def _reaction(entry: ReactionEntry, people: Mapping[str, Person]) -> Reaction:
    by = tuple(_name(identifier, people) for identifier in entry.by)
    return Reaction(emoji=entry.emoji, count=len(by), by=by)


def _attachment(entry: FileEntry) -> Attachment:
    return Attachment(name=entry.name, id=entry.id, media_type=entry.mime, size=entry.size, url=entry.url)


def _name(identifier: str, people: Mapping[str, Person]) -> str:
    person = people.get(identifier)
    return person.name if person else identifier


def _resolved(text: str, people: Mapping[str, Person]) -> str:
    """A text in which mentions are names."""
    return _MENTION.sub(lambda mention: f"@{_name(mention[1], people)}", text)
