"""Skype, and Teams for home: ``messages.json`` of the export of all chats, the newest message first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dragoman.archives.fields import object_of
from dragoman.archives.format import CERTAIN, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.json_stream import JsonReader
from dragoman.archives.notes import Notes
from dragoman.archives.skype.messages import MessageMapper
from dragoman.archives.skype.people import People
from dragoman.archives.sources import File, Folder, Source
from dragoman.core.model import Message

_CONVERSATION: Final = "conversations[]"
_MESSAGES: Final = "conversations[].MessageList[]"
# How ids of lists begin that are no conversations, such as that of calls.
_LOGS: Final = "48:"


class SkypeFormat(ArchiveFormat):
    """One file with all conversations."""

    name = "skype"
    title = "Skype export"
    passes = 2

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether it has the user's id or the day of the export, and conversations."""
        del names
        members = head.members
        if "conversations[].MessageList" in members:
            return CERTAIN
        return CERTAIN if "conversations" in members and members & {"userId", "exportDate"} else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """All conversations and their messages."""
        del options
        for file in source.files():
            yield from _read_file(file, source.notes)


def _read_file(file: File, notes: Notes) -> Iterator[Item]:
    """A file, which is read twice: what names people stands before and behind their messages."""
    people = People()
    ids = list(_learn(file, people))
    mapper = MessageMapper(file, people)
    place = 0
    announced = -1
    with file.open() as content:
        reader = JsonReader(content, notes, file.label)
        for path, value in reader.items(_MESSAGES):
            # The event of a conversation comes at its end, so `place` is the number of the present one.
            if path == _CONVERSATION:
                place += 1
            elif path == _MESSAGES and place < len(ids) and not ids[place].startswith(_LOGS):
                if announced != place:
                    announced = place
                    yield people.conversation(ids[place])
                message = mapper.message(object_of(value), ids[place])
                if isinstance(message, Message):
                    yield message
                else:
                    notes.skip(message, file.label, reader.line)


def _learn(file: File, people: People) -> Iterator[str]:
    """The ids of the conversations in the order of the file; all that names people goes into ``people``."""
    members: dict[str, object] = {}
    with file.open() as content:
        for path, value in JsonReader(content, Notes(), file.label).items(_MESSAGES, take_block=people.learn_messages):
            if path == "userId" and isinstance(value, str):
                people.learn_user(value)
            elif path == _MESSAGES:
                people.learn_message(object_of(value))
            elif path == _CONVERSATION:
                yield people.learn_conversation(members)
                members = {}
            elif path.startswith(f"{_CONVERSATION}."):
                members[path.removeprefix(f"{_CONVERSATION}.")] = value
    # A file that ends too early has a last conversation without its end.
    if members:
        yield people.learn_conversation(members)
