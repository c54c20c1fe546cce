"""``import --dry-run``: what the archives are and hold, without storing anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Final

from dragoman.archives.notes import Notes
from dragoman.archives.reading import Archives
from dragoman.core.model import Conversation, Message
from dragoman.core.safe_text import SafeText, join
from dragoman.core.sanitize import clean_line, clean_name
from dragoman.toolset import ToolServices
from dragoman_server.commands.import_files.loader import survey
from dragoman_server.commands.import_files.request import ImportRequest, counted, reasons, skipped_lines
from dragoman_server.commands.json_output import to_json

_SHOWN: Final = 20
_NAMED: Final = 5
# An archive decides how many people write in a conversation, so memory needs a bound.
_PEOPLE: Final = 1000


@dataclass(slots=True)
class Summary:
    """What was found of one conversation."""

    title: str = ""
    kind: str = ""
    messages: int = 0
    deleted: int = 0
    first: datetime | None = None
    last: datetime | None = None
    people: dict[str, None] = field(default_factory=dict[str, None])

    def add(self, message: Message) -> None:
        """Count a message."""
        # An import does not store messages that were deleted before the export.
        if message.deleted_at is not None:
            self.deleted += 1
            return
        self.messages += 1
        if len(self.people) < _PEOPLE:
            self.people.setdefault(message.author.name)
        if message.sent_at is not None:
            self.first = message.sent_at if self.first is None else min(self.first, message.sent_at)
            self.last = message.sent_at if self.last is None else max(self.last, message.sent_at)


@dataclass(slots=True)
class DryRun:
    """What the archives of an import hold."""

    notes: Notes
    archives: list[str] = field(default_factory=list[str])
    conversations: dict[str, Summary] = field(default_factory=dict[str, Summary])
    unknown: tuple[int, list[SafeText]] = (0, [])

    def look(self, found: Archives) -> None:
        """Read everything."""
        self.archives = found.titles
        self.unknown = found.unknown
        for item in found.items():
            if isinstance(item, Conversation):
                about = self.conversations.setdefault(item.id, Summary())
                about.title, about.kind = item.title or about.title, item.kind.value
            else:
                self.conversations.setdefault(item.conversation, Summary()).add(item)

    @property
    def messages(self) -> int:
        """How many messages would be read."""
        return sum(about.messages for about in self.conversations.values())

    def text(self, zone: tzinfo) -> str:
        """Everything, for people."""
        lines = [f"This is: {', '.join(self.archives)}. Nothing was stored."]
        ordered = sorted(self.conversations.items(), key=lambda item: -item[1].messages)
        lines.extend(_line(id_, about, zone) for id_, about in ordered[:_SHOWN])
        if len(ordered) > _SHOWN:
            lines.append(f"and {counted(len(ordered) - _SHOWN, 'more conversation')}")
        lines.extend(skipped_lines(self.notes))
        number, names = self.unknown
        if number:
            rest = f" and {number - len(names):,} more" if number > len(names) else ""
            lines.append(f"{counted(number, 'file')} of no known format: {join(names, '; ')}{rest}.")
        deleted = sum(about.deleted for about in self.conversations.values())
        if deleted:
            lines.append(f"{deleted:,} skipped: deleted before the export.")
        lines.extend(self.notes.sentences)
        total = f"{counted(self.messages, 'message')} in {counted(len(self.conversations), 'conversation')}"
        return "\n".join([*lines, f"{total} would be imported, {self.notes.skipped + deleted:,} left out."])

    def as_json(self) -> str:
        """Everything, for programs."""
        found = {
            "archives": self.archives,
            "conversations": [_object(id_, about) for id_, about in self.conversations.items()],
            "messages": self.messages,
            "skipped": self.notes.skipped,
            "reasons": reasons(self.notes),
            "notes": list(self.notes.sentences),
            "unknown_files": self.unknown[0],
        }
        return to_json(found)


async def dry_run(shared: ToolServices, request: ImportRequest) -> DryRun:
    """Read archives without storing anything.

    Raises:
        DragomanError: Nothing can be read.
    """
    found = DryRun(Notes())
    await survey(shared, request, found.look, found.notes)
    return found


def _line(id_: str, about: Summary, zone: tzinfo) -> str:
    names = ", ".join(clean_name(name) for name in list(about.people)[:_NAMED])
    more = f" and {len(about.people) - _NAMED:,} more" if len(about.people) > _NAMED else ""
    times = f", {_day(about.first, zone)} to {_day(about.last, zone)}" if about.first else ""
    people = f", {names}{more}" if names else ""
    title = f"{clean_line(about.title or id_, 80)} ({clean_line(id_, 80)})"
    return f"{title}: {counted(about.messages, 'message')}{times}{people}"


def _day(time: datetime | None, zone: tzinfo) -> str:
    return "" if time is None else time.astimezone(zone).date().isoformat()


def _object(id_: str, about: Summary) -> dict[str, object]:
    return {
        "id": id_,
        "title": about.title,
        "kind": about.kind,
        "messages": about.messages,
        "deleted": about.deleted,
        "first": _iso(about.first),
        "last": _iso(about.last),
        "people": list(about.people),
    }


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat().replace("+00:00", "Z")
