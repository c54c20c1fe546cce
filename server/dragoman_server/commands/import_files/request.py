"""What an import is asked to do, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path

from dragoman.archives.format import DateOrder
from dragoman.archives.notes import Notes, Reason
from dragoman.archives.reading import ReadRequest
from dragoman.core.safe_text import SafeText, join, sentence
from dragoman.providers.base.import_batch import ImportCounts
from dragoman_server.commands.json_output import to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What to import, and how.

    Attributes:
        paths: Files and folders; ``-`` is standard input.
        account: Name of the account; ``None`` takes ``local``, or the only one that can.
        format: Name of the format; ``None`` recognises it.
        title: Title of a conversation whose archive does not name it.
        me: Name, id or address of the person whose messages are the user's own.
        dates: Order of day, month and year where the archive does not tell.
        zone: Zone of times that name none; ``None`` takes that of the settings.
        since: Older messages are left out.
        strict: Store nothing when something cannot be read.
    """

    paths: tuple[Path, ...]
    account: str | None = None
    format: str | None = None
    title: str = ""
    me: str = ""
    dates: DateOrder | None = None
    zone: tzinfo | None = None
    since: datetime | None = None
    strict: bool = False

    def read_request(self, zone: tzinfo, own_name: str, account: str) -> ReadRequest:
        """What a reader has to know.

        Args:
            zone: That of the settings.
            own_name: How the user's own messages are signed.
            account: Name of the account that takes them.
        """
        return ReadRequest(
            paths=self.paths,
            format=self.format,
            title=self.title,
            me=self.me,
            own_name=own_name,
            dates=self.dates,
            zone=self.zone or zone,
            since=self.since,
            account=account,
        )


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """What came of an import.

    Attributes:
        archives: Titles of the formats that were found.
        counts: What became of the messages.
        conversations: In how many conversations they are.
        unchanged: The very same files were imported before, and nothing of them is gone.
        seconds: How long it took.
    """

    account: str
    notes: Notes
    archives: list[str] = field(default_factory=list[str])
    counts: ImportCounts = field(default_factory=ImportCounts)
    conversations: int = 0
    unchanged: bool = False
    seconds: float = 0.0

    @property
    def skipped(self) -> int:
        """Entries that are not stored."""
        return self.notes.skipped + self.counts.deleted

    @property
    def read(self) -> int:
        """Entries that were read."""
        counts = self.counts
        return counts.new + counts.changed + counts.known + self.skipped

    @property
    def could_read(self) -> bool:
        """Whether anything could be read, including entries that are left out on purpose."""
        return self.read > self.notes.skipped or any(reason.on_purpose for reason in self.notes.reasons.values())

    @property
    def summary(self) -> str:
        """The counts in one line."""
        counts = self.counts
        return (
            f"{self.read:,} read, {counts.new:,} new, {counts.changed:,} changed, {counts.known:,} known,"
            f" {self.skipped:,} skipped"
        )

    @property
    def text(self) -> str:
        """Everything, for people; the counts are the last line."""
        where = f"in {counted(self.conversations, 'conversation')} of {self.account}, {self.seconds:.1f} s"
        same = " These files were imported before and nothing of them is missing." if self.unchanged else ""
        lines = [f"{', '.join(self.archives)}: {where}.{same}", *skipped_lines(self.notes)]
        if self.counts.deleted:
            lines.append(f"{self.counts.deleted:,} skipped: deleted before the export.")
        lines.extend(self.notes.sentences)
        if self.counts.new:
            lines.append('Try: dragoman search WORDS, or ask your assistant "what was decided last week?"')
        return "\n".join([*lines, f"{self.summary}."])

    def to_record(self) -> str:
        """What an import of the very same files can report without reading them."""
        counts = self.counts
        reasons = {reason: [about.count, about.places] for reason, about in self.notes.reasons.items()}
        stored = counts.new + counts.changed + counts.known + counts.deleted
        return json.dumps([stored, self.conversations, reasons, list(self.notes.sentences)])

    def restore(self, record: str) -> None:
        """Take over what :meth:`to_record` wrote."""
        stored, self.conversations, reasons, sentences = json.loads(record)
        # What was new at the first import is known at the next one.
        self.counts = ImportCounts(known=stored)
        self.notes.reasons = {
            SafeText(reason): Reason(count=count, places=[SafeText(place) for place in places])
            for reason, (count, places) in reasons.items()
        }
        self.notes.sentences = dict.fromkeys(map(SafeText, sentences))
        self.unchanged = True

    def as_json(self) -> str:
        """Everything, for programs."""
        counts = self.counts
        found = {
            "archives": self.archives,
            "account": self.account,
            "conversations": self.conversations,
            "read": self.read,
            "new": counts.new,
            "changed": counts.changed,
            "known": counts.known,
            "skipped": self.skipped,
            "reasons": reasons(self.notes, counts.deleted),
            "notes": list(self.notes.sentences),
            "unchanged": self.unchanged,
            "seconds": round(self.seconds, 3),
        }
        return to_json(found)


def reasons(notes: Notes, deleted: int = 0) -> list[dict[str, object]]:
    """Why entries are not stored, for programs."""
    found: list[dict[str, object]] = [
        {"reason": reason, "count": about.count, "places": about.places} for reason, about in notes.reasons.items()
    ]
    if deleted:
        found.append({"reason": "deleted before the export", "count": deleted, "places": []})
    return found


def skipped_lines(notes: Notes) -> Iterator[SafeText]:
    """Why entries are not stored, for people, with the first places."""
    for reason, about in notes.reasons.items():
        more = about.count - len(about.places)
        rest = sentence(" and {:,} more", more) if more and about.places else SafeText()
        where = sentence(" ({}{})", join(about.places, "; "), rest) if about.places else SafeText()
        yield sentence("{:,} skipped: {}{}.", about.count, reason, where)


def counted(number: int, what: str) -> str:
    """A number of things in words."""
    return f"{number:,} {what}{'s' * (number != 1)}"
