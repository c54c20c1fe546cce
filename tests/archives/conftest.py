from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dragoman.archives import ArchiveFormat, Notes, ReadOptions
from dragoman.archives.recognition import recognition
from dragoman.archives.registry import all_formats
from dragoman.archives.sources import open_path
from dragoman.core.model import Conversation, Message

sys.path.insert(0, str(Path(__file__).parent))  # for imessage_database


@dataclass
class Content:
    """What a path holds: the names of its formats, and everything that they read."""

    formats: list[str] = field(default_factory=list)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]

    def message(self, id_: str) -> Message:
        (found,) = [message for message in self.messages if message.id == id_]
        return found


def read(*paths: Path, formats: tuple[ArchiveFormat, ...] | None = None, zone: str = "UTC", **options) -> Content:
    content = Content()
    with recognition(formats or all_formats(), content.notes) as found:
        for path in paths:
            found.add(open_path(path, content.notes, found.progress))
        for result in found.results():
            content.formats.append(result.format.name)
            for item in result.format.read(result.source, ReadOptions(zone=ZoneInfo(zone), **options)):
                if isinstance(item, Message):
                    content.messages.append(item)
                elif isinstance(item, Conversation):
                    content.conversations[item.id] = item
                else:
                    content.notes.add(item)
    return content


@pytest.fixture
def read_archive() -> Callable[..., Content]:
    """Reads paths with all formats, or with those given."""
    return read


@pytest.fixture
def json_reader():
    from dragoman.archives.json_stream import CLOSED, JsonReader

    def read_json(data: bytes | str, *arrays: str):
        raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
        notes = Notes()
        events = JsonReader(io.BytesIO(raw), notes, "file.json").items(*arrays)
        return [(path, value) for path, value in events if value is not CLOSED], notes

    return read_json
