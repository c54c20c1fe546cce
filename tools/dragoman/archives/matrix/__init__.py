"""Matrix: the JSON that Element exports of a room, alone or in a zip with its files."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from dragoman.archives.fields import JsonObject, is_object, text_of
from dragoman.archives.format import CERTAIN, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.json_stream import CLOSED, JsonReader
from dragoman.archives.matrix.events import EventMapper
from dragoman.archives.matrix.relations import Relations
from dragoman.archives.notes import Notes
from dragoman.archives.sources import File, Folder, Source
from dragoman.archives.text import clean
from dragoman.core.model import Conversation

_EVENTS: Final = "messages[]"
_ABOUT: Final = {"room_name", "room_creator", "exported_by"}
_DIGITS: Final = 20


class MatrixFormat(ArchiveFormat):
    """One JSON object for each room, with the events as the server gave them."""

    name = "matrix"
    title = "Matrix export (Element, JSON)"
    passes = 2

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether it tells of a room and has events."""
        del names
        found = head.members
        has_events = f"{_EVENTS}.event_id" in found or f"{_EVENTS}.origin_server_ts" in found
        is_room = "room_name" in found and (has_events or found >= _ABOUT)
        return CERTAIN if is_room and "messages" in found else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """All rooms and their messages."""
        del options
        for file in source.files():
            yield from _read_room(file, source)


def _read_room(file: File, source: Source) -> Iterator[Item]:
    """A room. Edits, reactions and names may stand before or behind the events that they are about."""
    relations = Relations()
    about: dict[str, object] = {}
    with file.open() as content:
        for path, value in JsonReader(content, Notes(), file.label).items(_EVENTS, take_block=relations.learn_all):
            if path == _EVENTS and is_object(value):
                relations.learn(value)
            elif path != _EVENTS and value is not CLOSED:
                about[path] = value
    room = Conversation(
        id=f"matrix.{relations.room or _id_of(about)}",
        title=clean(text_of(about, "room_name")),
        topic=clean(text_of(about, "topic")),
        participants=tuple(relations.participants()),
    )
    yield room
    mapper = EventMapper(room.id, relations, file, source.notes)
    with file.open() as content:
        reader = JsonReader(content, source.notes, file.label)
        for path, value in reader.items(_EVENTS):
            message = mapper.message(value, reader) if path == _EVENTS else None
            if message is not None:
                yield message


def _id_of(about: JsonObject) -> str:
    """An id for a room whose events do not name it."""
    told = repr((text_of(about, "room_creator"), text_of(about, "room_name")))
    return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
