"""JSON Lines: a message on each line, with the members of the JSON answers of the tools.

``conversation`` or ``ref`` says where a message belongs. Its id is ``external_id`` (or ``id``), else that of ``ref``,
else made of ``number`` or of the content, so that a file can be imported again. A line without a message describes a
conversation. A JSON array of such objects is taken as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from dragoman.archives.fields import object_of
from dragoman.archives.format import CERTAIN, LIKELY, POSSIBLE, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.json_line_reader import MESSAGE_MEMBERS, TIMES, LineReader, UnusableLineError
from dragoman.archives.json_line_values import json_lines
from dragoman.archives.json_stream import CLOSED, JsonReader
from dragoman.archives.sources import File, Folder, Source

_DESCRIPTION: Final = frozenset({"title", "kind", "topic", "participants"})


class JsonLinesFormat(ArchiveFormat):
    """Our own form, which others can write."""

    name = "jsonl"
    title = "JSON Lines"

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether one of the first lines, or of the items of an array, is a message."""
        del names
        if not head.is_json:
            return 0
        for prefix in ("[].", "messages[]."):
            if {f"{prefix}author", f"{prefix}sent_at"} <= head.members:
                return LIKELY
        lines = [object_of(_parsed(line)).keys() for line in head.lines]
        if any("author" in line and line & set(TIMES) and line & {"conversation", "ref"} for line in lines):
            return CERTAIN
        plausible = any(
            line & MESSAGE_MEMBERS or (line & {"conversation", "ref"} and line & _DESCRIPTION) for line in lines
        )
        return POSSIBLE if plausible else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """Everything in the files."""
        for file in source.files():
            reader = LineReader(options.zone, options.account)
            for line, value in _values(file, source):
                try:
                    yield from reader.items(value)
                except UnusableLineError as error:
                    source.notes.skip(error.reason, file.label, line)


def _values(file: File, source: Source) -> Iterator[tuple[int, object]]:
    """The objects of a file with their lines."""
    head = file.head()
    is_list = head.text.lstrip().startswith("[") or any(member.startswith("messages[].") for member in head.members)
    with file.open() as content:
        if not is_list:
            yield from json_lines(content, source.notes, file.label)
            return
        reader = JsonReader(content, source.notes, file.label)
        for path, value in reader.items("[]", "messages[]"):
            if path.endswith("[]") and value is not CLOSED:
                yield reader.line, value


def _parsed(line: str) -> object:
    try:
        return json.loads(line, strict=False)
    except (ValueError, RecursionError):
        return None
