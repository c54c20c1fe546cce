"""Logs of IRC: those of irssi, WeeChat, ZNC, HexChat, mIRC, eggdrop and EnergyMech, and what looks like them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dragoman.archives.authors import author_called
from dragoman.archives.format import CERTAIN, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import SIZE, Head
from dragoman.archives.ids import ContentIds
from dragoman.archives.irc.clock import LogClock
from dragoman.archives.irc.lines import ACTION, EVENT, MORE, UNWANTED, Line, parse_line, without_codes
from dragoman.archives.irc.names import name_of
from dragoman.archives.irc.stamps import is_opening, parse_stamp
from dragoman.archives.sources import File, Folder, Source
from dragoman.archives.text import clean, lines
from dragoman.core.fast_model import new_message
from dragoman.core.model import AuthorKind, Conversation, Message

_LEAST: Final = 0.7


class IrcFormat(ArchiveFormat):
    """Texts whose lines begin with a time, and go on with a name in angle brackets or what else clients write."""

    name = "irc"
    title = "IRC log"

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether it begins as a client begins its logs, or most lines are such."""
        del names
        found = [line for line in head.lines if line.strip()]
        if found and is_opening(without_codes(found[0])):
            return CERTAIN
        if len(found) > 1 and len(head.data) >= SIZE:
            found = found[:-1]  # it may be cut off
        read = [line for text in found if (line := _parsed(without_codes(text))) is not None]
        is_marked = any(line.is_marked for line in read)
        return CERTAIN if is_marked and len(read) >= _LEAST * len(found) else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """All channels; the files of one come in the order of their names."""
        for file in source.files():
            yield from _Log(file, source, options).items()


def _parsed(text: str) -> Line | None:
    stamp = parse_stamp(text)
    return None if stamp is None else parse_line(stamp.rest, in_columns=stamp.day is not None)


@dataclass(slots=True)
class _Entry:
    """A line with its time.

    Attributes:
        written: The time as the log has it, with its day.
    """

    line: Line
    written: str
    time: datetime
    text: str


class _Log:
    """Reads one file."""

    def __init__(self, file: File, source: Source, options: ReadOptions) -> None:
        self._file = file
        self._notes = source.notes
        self._ids = ContentIds()
        name = name_of(file, options.title)
        self._conversation = Conversation(id=name.id, title=name.title, kind=name.kind)
        self._clock = LogClock(options.zone, name.day)

    def items(self) -> Iterator[Item]:
        """The conversation, then its messages. A message goes on in lines without a name."""
        yield self._conversation
        last: _Entry | None = None
        for entry in self._entries():
            if entry.line.kind == MORE and last is not None:
                last.text = clean(f"{last.text}\n{entry.text}")
                continue
            if last is not None:
                yield self._message(last)
            last = entry
        if last is not None:
            yield self._message(last)

    def _entries(self) -> Iterator[_Entry]:
        with self._file.open() as content:
            for number, text in lines(content, self._notes, self._file.label):
                bare = without_codes(text)
                if bare.strip() and not self._clock.take_day_line(bare):
                    entry = self._entry(number, bare)
                    if entry is not None:
                        yield entry

    def _entry(self, number: int, text: str) -> _Entry | None:
        stamp = parse_stamp(text)
        line = None if stamp is None else parse_line(stamp.rest, in_columns=stamp.day is not None)
        if stamp is None or line is None:
            self._notes.skip("no line of an IRC log", self._file.label, number)
            return None
        time = self._clock.read(stamp)
        if line.kind == UNWANTED:
            self._notes.leave_out("people who join and leave, and changes of modes", self._file.label, number)
        elif time is None:
            self._notes.skip("a time of which the day is not known", self._file.label, number)
        else:
            return _Entry(line, *time, clean(line.text))
        return None

    def _message(self, entry: _Entry) -> Message:
        line = entry.line
        text = f"* {line.nick} {entry.text}" if line.kind == ACTION else entry.text
        is_event = line.kind == EVENT
        kind = AuthorKind.PERSON if line.nick else AuthorKind.SYSTEM
        return new_message(
            # By the time as it is written, so that another zone changes no id.
            id=self._ids.make(self._conversation.id, entry.written, text),
            conversation=self._conversation.id,
            author=author_called(line.nick or "IRC", "", kind),
            sent_at=entry.time,
            text=text,
            status="activity" if is_event else None,
        )
