"""WhatsApp's Export chat: a text file, alone or in a zip with its media, from Android or iOS in any language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from dragoman.archives.format import CERTAIN, LIKELY, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.ids import ContentIds
from dragoman.archives.sources import File, Folder, Source
from dragoman.archives.times import ClockReader
from dragoman.archives.whatsapp.dates import DateOrderFinder, is_quoted, parse_head
from dragoman.archives.whatsapp.messages import Chat, MessageBuilder
from dragoman.archives.whatsapp.records import Record, read_records
from dragoman.core.safe_text import sentence

_ENOUGH: Final = 2
_Timed = tuple[Record, datetime | None]


class WhatsAppFormat(ArchiveFormat):
    """A text whose lines begin with date, time and name."""

    name = "whatsapp"
    title = "WhatsApp chat"
    passes = 2

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether the first line, and others of the same shape, begin as WhatsApp writes them."""
        del names
        if not head.data or (head.is_json and not head.text.startswith("[")):
            return 0
        lines = [line for line in head.lines if line.strip()]
        heads = [found for line in lines if (found := parse_head(line)) is not None]
        if not lines or parse_head(lines[0]) is None:
            return 0
        same = sum(found.shape == heads[0].shape for found in heads)
        return CERTAIN if same >= _ENOUGH and same == len(heads) else LIKELY

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """Each file is one conversation."""
        for file in source.files():
            yield from _read_chat(file, source, options)


def _read_chat(file: File, source: Source, options: ReadOptions) -> Iterator[Item]:
    finder = DateOrderFinder(options.dates, options.zone)
    chat = Chat(file, options.title)
    shape = None
    # Read twice: the order of day and month is known only when all dates were seen.
    for record in read_records(file, None):
        shape = shape or record.head.shape
        finder.add(record.head)
        chat.add(record)
    if shape is None:
        source.notes.skip("no message of a WhatsApp chat", file.label)
        return
    order = finder.order()
    if finder.is_assumed:
        source.notes.tell(
            sentence(
                "{}: the order of day and month cannot be told from the dates; {} was assumed. "
                "If that is wrong, import again with --dates dmy, mdy or ymd.",
                file.label,
                order,
            )
        )
    conversation = chat.conversation()
    yield conversation
    builder = MessageBuilder(file, conversation.id, chat, ContentIds(), ClockReader(options.zone))
    records = ((record, finder.time_of(record.head, order)) for record in read_records(file, shape, source.notes))
    for record, time in _without_quoted(records):
        if time is None:
            source.notes.skip("a date that does not exist", file.label, record.line)
            continue
        message = builder.build(record, time)
        if message is not None:
            yield message


def _without_quoted(records: Iterator[_Timed]) -> Iterator[_Timed]:
    """The records, where a line of a chat that is quoted within a message belongs to that message.

    Such a line runs back in time by more than a day, and the next one does not.
    """
    before: _Timed | None = None
    waiting = next(records, None)
    while waiting is not None:
        after = next(records, None)
        if before is not None and after is not None and is_quoted(before[1], waiting[1], after[1]):
            before[0].lines.extend(waiting[0].raw_lines())
            waiting = after
            continue
        if before is not None:
            yield before
        before, waiting = waiting, after
    if before is not None:
        yield before
