"""Apple's Messages: its database on a Mac (``chat.db``), or in an unencrypted backup of a phone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Final

from dragoman.archives.format import CERTAIN, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.notes import Notes
from dragoman.archives.sources import File, Folder, Source
from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import sentence

_DATABASE: Final = b"SQLite format 3\x00"
# The magic number of SQLite's write-ahead log, for checksums of either byte order.
_LOG: Final = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
_LOG_ENDING: Final = "-wal"
_TABLES: Final = ("message", "handle", "chat", "chat_message_join")


class IMessageFormat(ArchiveFormat):
    """A database with Messages' tables, and the log beside it that holds its latest changes."""

    name = "imessage"
    title = "iMessage database"

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether it is a database with these tables, or the log of one."""
        if head.data.startswith(_DATABASE):
            return CERTAIN if _has_tables(names.file(head.name)) else 0
        if head.data.startswith(_LOG) and head.name.endswith(_LOG_ENDING):
            file = names.file(head.name.removesuffix(_LOG_ENDING))
            return CERTAIN if file and file.head().data.startswith(_DATABASE) and _has_tables(file) else 0
        return 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """All conversations and messages."""
        del options
        for file in source.files():
            # SQLite itself reads the log, which lies beside the database.
            if not file.name.endswith(_LOG_ENDING):
                yield from _items(file, source.notes)


def _has_tables(file: File | None) -> bool:
    if file is None:
        return False
    from dragoman.store.sqlite.foreign import foreign_database  # noqa: PLC0415 - few imports have a database in them

    try:
        with file.on_disk(_LOG_ENDING) as path, foreign_database(path) as database:
            return database.has_tables(*_TABLES)
    except InvalidArgument:
        return False


def _items(file: File, notes: Notes) -> Iterator[Item]:
    from dragoman.archives.imessage.lookups import Lookups  # noqa: PLC0415 - as above
    from dragoman.archives.imessage.messages import MessageReader  # noqa: PLC0415 - as above
    from dragoman.store.sqlite.foreign import foreign_database  # noqa: PLC0415 - as above

    with file.on_disk(_LOG_ENDING) as path, foreign_database(path) as database:
        with closing(Lookups(database, file)) as lookups:
            # A later chat of the same person knows the participants of those before.
            yield from {one.id: one for one in lookups.conversations.values()}.values()
            yield from MessageReader(database, lookups, notes, file.label).messages()
        if database.is_damaged:
            notes.tell(sentence("{:300} is damaged; what could be read of it was read.", file.label))
