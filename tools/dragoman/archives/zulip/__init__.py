"""Zulip: the export of an organisation, and the JSON of public archives of channels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Final

from dragoman.archives.format import CERTAIN, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.sources import Folder, Source
from dragoman.archives.zulip.messages import MessageFile
from dragoman.archives.zulip.public import read_topic
from dragoman.archives.zulip.realm import Realm
from dragoman.core.lazy_pattern import lazy_pattern

_PART: Final = lazy_pattern(r"messages-\d+\.json")
_TOPIC: Final = frozenset({"[].content", "[].sender_full_name", "[].timestamp"})
_TABLE: Final = "zerver_"


class ZulipFormat(ArchiveFormat):
    """A folder with ``realm.json`` and parts of 1,000 messages, or a file for each topic."""

    name = "zulip"
    title = "Zulip export"
    passes = 2

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether it is the folder of an export, a part of one, or a topic."""
        if not head.name:
            realm = names.file("realm.json") if "realm.json" in names.names else None
            return CERTAIN if realm and _has_tables(realm.head()) else 0
        return CERTAIN if head.members >= _TOPIC or _has_tables(head) else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """All conversations and messages."""
        del options
        for folder in source.folders():
            with closing(Realm(folder, source.notes)) as realm:
                for file in folder.files():
                    if _PART.fullmatch(file.name):
                        yield from MessageFile(file, realm, source.notes).items()
        for file in source.files():
            if file.head().members >= _TOPIC:
                yield from read_topic(file, source.notes)
            else:
                with closing(Realm(file.folder, source.notes)) as realm:
                    yield from MessageFile(file, realm, source.notes).items()


def _has_tables(head: Head) -> bool:
    return head.is_json and any(member.startswith(_TABLE) for member in head.members)
