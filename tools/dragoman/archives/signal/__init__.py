"""Signal: the plain export of the apps, and chats that the programs signal-export and sigtop saved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dragoman.archives.format import CERTAIN, LIKELY, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.signal.desktop_rows import MEMBERS, DesktopChat
from dragoman.archives.signal.frames import FrameReader
from dragoman.archives.signal.saved_chats import TABLE, TEXT, SavedChat, begins_chat, is_saved_message
from dragoman.archives.sources import File, Folder, Source

_MARKDOWN: Final = ".md"


class SignalFormat(ArchiveFormat):
    """``main.jsonl`` of an export, a folder for each chat with ``data.json`` or ``chat.md``, or a file of rows."""

    name = "signal"
    title = "Signal export"

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether it is an export's first line, a saved chat, or the folder of one."""
        if not head.name:
            return CERTAIN if _chat_in(names) is not None else 0
        if "backupTimeMs" in head.record or _is_chat(head):
            return CERTAIN
        return LIKELY if head.members >= MEMBERS else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """All chats and their messages."""
        for folder in source.folders():
            file = _chat_in(folder)
            if file is not None:
                yield from SavedChat(file, source.notes, options.zone).items()
        for file in source.files():
            head = file.head()
            if _is_chat(head):
                yield from SavedChat(file, source.notes, options.zone).items()
            elif head.members >= MEMBERS:
                yield from DesktopChat(file, source.notes).items()
            else:
                yield from FrameReader(file, source.notes).items()


def _chat_in(folder: Folder) -> File | None:
    """The file of a chat's folder that tells more: the one for programs, else the one for people."""
    for name in (TABLE, TEXT) if TEXT in folder.names else ():
        file = folder.file(name)
        if file is not None and _is_chat(file.head()):
            return file
    return None


def _is_chat(head: Head) -> bool:
    if is_saved_message(head.record):
        return True
    first = next((line for line in head.lines if line.strip()), "")
    return head.name.endswith(_MARKDOWN) and begins_chat(first)
