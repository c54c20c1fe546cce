"""Microsoft Teams: messages of chats and channels as the Graph interface hands them out, saved by a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from dragoman.archives.fields import is_object, list_of, records_of
from dragoman.archives.format import CERTAIN, LIKELY, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.json_line_values import json_lines
from dragoman.archives.json_stream import CLOSED, JsonReader
from dragoman.archives.sources import File, Folder, Source
from dragoman.archives.teams.chats import Chats
from dragoman.archives.teams.messages import MessageMapper

_ARRAYS: Final = ("value[]", "[]", "messages[]")
_PREFIXES: Final = (*(f"{array}." for array in _ARRAYS), "")
_INNER: Final = frozenset({"value", "messages", "replies"})
_DEEPEST: Final = 4


class TeamsFormat(ArchiveFormat):
    """Resources of the type ``chatMessage``: an answer with ``value``, a list, or one on each line."""

    name = "teams"
    title = "Teams export (Microsoft Graph)"

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether it has members of a ``chatMessage``, or of the list of chats that is saved beside them."""
        del names
        if any({f"{at}messageType", f"{at}createdDateTime"} <= head.members for at in _PREFIXES):
            return CERTAIN
        is_message = any(
            f"{at}body.contentType" in head.members and head.members & {f"{at}chatId", f"{at}channelIdentity"}
            for at in _PREFIXES
        )
        is_chat = any({f"{at}chatType", f"{at}topic"} <= head.members for at in _PREFIXES)
        is_channel = any({f"{at}membershipType", f"{at}displayName"} <= head.members for at in _PREFIXES)
        return LIKELY if is_message or is_chat or is_channel else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """All messages, then what they tell of their conversations."""
        del options
        chats = Chats()
        mapper = MessageMapper(chats, source.notes)
        for file in source.files():
            mapper.enter(file.label, PurePosixPath(file.name).stem)
            for line, entry in _entries(file, source):
                yield from _items(entry, mapper, chats, line)
        yield from chats.conversations()


def _items(entry: object, mapper: MessageMapper, chats: Chats, line: int, depth: int = 0) -> Iterator[Item]:
    """The messages of an entry: of a message and its replies, of a page of messages, or of a chat."""
    if not is_object(entry) or depth > _DEEPEST:
        mapper.skip("no JSON object", line)
        return
    is_alone = _INNER.isdisjoint(entry)  # as most are
    inner = [] if is_alone else [*list_of(entry, "value"), *list_of(entry, "messages")]
    if "chatType" in entry or "membershipType" in entry:
        chats.describe(entry)
    elif not inner:
        message = mapper.message(entry, line)
        if message is not None:
            yield message
    for one in () if is_alone else (*inner, *records_of(entry, "replies")):
        yield from _items(one, mapper, chats, line, depth + 1)


def _entries(file: File, source: Source) -> Iterator[tuple[int, object]]:
    """The entries of a file with their lines."""
    is_lines = bool(file.head().record)
    with file.open() as content:
        if is_lines:
            yield from json_lines(content, source.notes, file.label)
            return
        reader = JsonReader(content, source.notes, file.label)
        while reader.has_more():
            alone: dict[str, object] = {}
            for path, value in reader.items(*_ARRAYS):
                if path in _ARRAYS:
                    yield reader.line, value
                elif value is not CLOSED:
                    alone[path] = value
            if not alone.keys().isdisjoint({"messageType", "chatType", "membershipType"}):
                yield reader.line, alone
