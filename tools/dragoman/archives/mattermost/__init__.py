"""Mattermost: its bulk export in JSON Lines, and its compliance export as CSV, alone or with the files of the posts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from dragoman.archives.fields import number_of, object_of, record_of, text_of
from dragoman.archives.format import CERTAIN, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.json_line_values import json_lines
from dragoman.archives.mattermost.compliance import HEADING, ComplianceReader
from dragoman.archives.mattermost.directory import Directory
from dragoman.archives.mattermost.posts import PostMapper
from dragoman.archives.sources import File, Folder, Source

_DATA: Final = "data"
_FILES: Final = "files"
_BESIDE: Final = frozenset({"metadata.json", "warning.txt"})


class MattermostFormat(ArchiveFormat):
    """A line for each team, channel, person and post; those that posts refer to stand before them."""

    name = "mattermost"
    title = "Mattermost export"

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether the first line tells the version or names the columns; a folder also has the files of the posts."""
        if head.name or head.data:
            return CERTAIN if _is_export(head) else 0
        if not names.folder_names & {_DATA, _FILES} or not _is_all(names.names):
            return 0
        return CERTAIN if any(_is_export(file.head()) for file in names.files()) else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """All conversations and posts."""
        del options
        # A folder is taken as a whole where the files of its posts lie in it, single exports file by file.
        inner = (file for folder in source.folders() for file in folder.files())
        for file in chain(inner, source.files()):
            head = file.head()
            if _is_table(head):
                yield from ComplianceReader(file, source.notes).items()
            elif _is_export(head):
                yield from _read_lines(file, source)


def _is_all(names: frozenset[str]) -> bool:
    """Whether a folder has files of an export and no others."""
    return bool(names) and all(name.endswith((".jsonl", ".csv")) or name in _BESIDE for name in names)


def _is_table(head: Head) -> bool:
    return head.text.replace('"', "").startswith(HEADING)


def _is_export(head: Head) -> bool:
    if _is_table(head):
        return True
    return head.record.get("type") == "version" and number_of(head.record, "version") is not None


def _read_lines(file: File, source: Source) -> Iterator[Item]:
    directory = Directory()
    mapper = PostMapper(directory, file, source.notes)
    with file.open() as content:
        for number, line in json_lines(content, source.notes, file.label):
            kind = text_of(object_of(line), "type")
            entry = record_of(object_of(line), kind)
            if kind == "post":
                yield from mapper.posts(entry, directory.channel_of(entry), number)
            elif kind == "direct_post":
                yield from mapper.posts(entry, directory.direct_channel_of(entry), number)
            elif kind:
                directory.learn(kind, entry)
            else:
                source.notes.skip("a line without type", file.label, number)
    # Last, because posts may name channels and people that no line describes.
    yield from directory.conversations()
