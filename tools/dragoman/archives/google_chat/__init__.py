"""Google Chat: the spaces and direct chats of a Takeout, and Hangouts before it."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.archives.format import CERTAIN, ArchiveFormat, Item, ReadOptions
from dragoman.archives.google_chat.hangouts import EVENTS, HangoutsReader
from dragoman.archives.google_chat.spaces import SpaceReader
from dragoman.archives.head import Head
from dragoman.archives.sources import Folder, Source

_CREATED = {"messages[].created_date", "messages[].deleted_date"}


class GoogleChatFormat(ArchiveFormat):
    """A folder with ``messages.json`` and files for each space, or one file of Hangouts."""

    name = "gchat"
    title = "Google Chat or Hangouts export"

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether it has messages with topics, or conversations with events."""
        del names
        members = head.members
        if {"conversations[].conversation", "conversations[].conversation.conversation_id"} <= members:
            return CERTAIN
        return CERTAIN if "messages[].topic_id" in members or members & _CREATED else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """All conversations and messages."""
        del options
        for file in source.files():
            # Only Hangouts kept all conversations in one file.
            if EVENTS.partition("[]")[0] in file.head().members:
                yield from HangoutsReader(file, source.notes).items()
            else:
                yield from SpaceReader(file, source.notes).items()
