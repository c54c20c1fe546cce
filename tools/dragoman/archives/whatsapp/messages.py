"""From records to messages: names, files, events, and what WhatsApp says in its own words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from datetime import datetime
from functools import lru_cache
from typing import Final

from dragoman.archives.attachments import media_type_of
from dragoman.archives.ids import ContentIds
from dragoman.archives.sources import File
from dragoman.archives.text import clean
from dragoman.archives.times import ClockReader
from dragoman.archives.whatsapp.records import Record
from dragoman.archives.whatsapp.words import ATTACHED, DELETED, EDITED, GROUP, KINDS, OMITTED, TITLES
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Attachment, Author, AuthorKind, Conversation, ConversationKind, Message

_MOST_NAMES: Final = 5000
_LONGEST_NAME: Final = 120
_TWO: Final = 2
# WhatsApp puts a left-to-right mark before words of its own.
_OWN_MARK: Final = "\u200e"
_ISOLATES: Final = dict.fromkeys(map(ord, "\ufeff\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d\u202e"))
_QUOTES: Final = lazy_pattern('["\u201c\u201d\u201e\u00ab\u300c]')
_FILE_IN_BRACKETS: Final = lazy_pattern(r"<(?P<words>[^<>:\uff1a\n]{1,40})[:\uff1a]\s?(?P<file>[^<>\n/\\]{1,255})>\s*")
_FILE_WITH_WORDS: Final = lazy_pattern(r"(?P<file>[^\n/\\]{1,255}\.\w{1,8}) \((?P<words>[^()\n]{1,40})\)\s*(?:\n|$)")
_USUAL_FILE: Final = lazy_pattern(r"(?:IMG|VID|AUD|PTT|STK|DOC|GIF)-\d{8}-WA\d{1,6}\.\w{1,5}")
_ALL_IN_BRACKETS: Final = lazy_pattern(r"<[^<>\n:\d/=]{2,60}>")
_EDITED: Final = lazy_pattern(r"\s*\u200e?<(?P<words>[^<>\n]{2,60})>\s*$")
_TEXT_ENDING: Final = lazy_pattern(r"\.txt$", re.IGNORECASE)
_PACKED: Final = lazy_pattern(r"\.(?:zip|tar|tgz|gz)$", re.IGNORECASE)


class Chat:
    """What a whole file says about its conversation.

    Args:
        file: The text.
        title: The title that the user gave, or empty.
    """

    def __init__(self, file: File, title: str) -> None:
        self._title = unicodedata.normalize("NFC", title or _title_of(file))
        self._names: Counter[str] = Counter()
        self._long_names: Counter[str] = Counter()
        self._is_group = False

    def add(self, record: Record) -> None:
        """Learn from the next record."""
        short, long = _name_candidates(record.lines[0])
        for name, counter in ((short, self._names), (long, self._long_names)):
            if name and (name in counter or len(counter) < _MOST_NAMES):
                counter[name] += 1
        if not short or record.lines[0].partition(": ")[2].startswith(_OWN_MARK):
            self._is_group = self._is_group or GROUP.search(record.lines[0]) is not None

    def split(self, line: str) -> tuple[str, str]:
        """Name and text of a line; the name is empty for an event."""
        short, long = _name_candidates(line)
        # A name may have a colon in it: then both candidates always come together.
        if long and self._long_names[long] >= _TWO and self._long_names[long] == self._names[short]:
            short = long
        return short, line[len(short) + 2 :] if short else line

    def conversation(self) -> Conversation:
        """The conversation."""
        names = [_shown(name) for name in self._names]
        people = tuple(dict.fromkeys(name for name in names if name != self._title))
        is_group = self._is_group or len(self._names) > _TWO
        return Conversation(
            id=f"whatsapp.{' '.join(self._title.casefold().split())}",
            title=self._title,
            kind=ConversationKind.GROUP if is_group else ConversationKind.DIRECT,
            participants=people if is_group else tuple(dict.fromkeys(names)),
        )


def _name_candidates(line: str) -> tuple[str, str]:
    """What stands before the first colon, and before the second one; empty where no name can be there."""
    first, colon, rest = line.partition(": ")
    # An event may quote a text with a colon in it, such as a new subject.
    if not colon or len(first) > _LONGEST_NAME or _QUOTES.search(first):
        return "", ""
    second, colon, _ = rest.partition(": ")
    long = f"{first}: {second}" if colon and len(first) + len(second) <= _LONGEST_NAME else ""
    return first, long


def _title_of(file: File) -> str:
    name = _TEXT_ENDING.sub("", file.name)
    # iOS calls every text so, and the zip file around it by the chat.
    if name == "_chat":
        name = _PACKED.sub("", file.folder.name)
    name = name.translate(_ISOLATES).replace(_OWN_MARK, "").strip()
    for form in TITLES:
        found = form.fullmatch(name)
        if found is not None:
            return clean(found["title"])
    return clean(name)


def _shown(name: str) -> str:
    """A name as people know it: without the mark of profile names, and with plain spaces and hyphens."""
    plain = name.translate(_ISOLATES).replace(_OWN_MARK, "").replace("\u2011", "-")
    return " ".join(plain.lstrip("~ \u00a0\u202f").split()) or name.strip()


class MessageBuilder:
    """Makes the messages of one file, in its order."""

    def __init__(self, file: File, conversation: str, chat: Chat, ids: ContentIds, clock: ClockReader) -> None:
        self._file = file
        self._conversation = conversation
        self._chat = chat
        self._ids = ids
        self._clock = clock
        self._has_files = any(name != file.name for name in file.folder.names)

    def build(self, record: Record, time: datetime) -> Message | None:
        """The message of a record; ``None`` for one that was deleted.

        Args:
            record: Head and lines.
            time: Its time by the phone's clock, without a zone.
        """
        name, first = self._chat.split(record.lines[0])
        plain = self._plain(name, first, record, time)
        if plain is not None:
            return plain
        is_own_words = first.startswith(_OWN_MARK)
        text = clean("\n".join((first, *record.lines[1:])).translate(_ISOLATES).replace(_OWN_MARK, "\u200e"))
        if text.strip("\u200e .\u3002").casefold() in DELETED:
            return None
        text, is_edited = _without_edited(text)
        text, attachments = self._files(text, is_own_words=is_own_words)
        is_event = not name or (is_own_words and not attachments)
        text = text.replace(_OWN_MARK, "").strip()
        sent_at = self._clock.read(time)
        return new_message(
            id=self._id(time, text or "".join(one.name for one in attachments)),
            conversation=self._conversation,
            author=_author(name),
            sent_at=sent_at,
            text=text,
            status="activity" if is_event else None,
            attachments=attachments,
            labels=("edited",) if is_edited else (),
        )

    def _plain(self, name: str, first: str, record: Record, time: datetime) -> Message | None:
        """A message of one line that has nothing of WhatsApp's own words, as most are; ``None`` for any other."""
        if not name or len(record.lines) > 1 or not first.isascii() or "<" in first or "(" in first:
            return None
        text = clean(first)
        if (len(text.split(None, _TWO)) <= _TWO and OMITTED.search(text)) or text.strip(" .").casefold() in DELETED:
            return None
        return new_message(
            id=self._id(time, text),
            conversation=self._conversation,
            author=_author(name),
            sent_at=self._clock.read(time),
            text=text,
        )

    def _id(self, time: datetime, text: str) -> str:
        """The id; day and month stand by size in it, so that the order of dates changes none."""
        day, month = sorted((time.day, time.month))
        clock = time.isoformat(" ", "seconds" if time.second else "minutes")[11:]
        return self._ids.make(self._conversation, f"{time.year}-{day}-{month} {clock}", text)

    def _files(self, text: str, *, is_own_words: bool) -> tuple[str, tuple[Attachment, ...]]:
        """The text without the words for a file, and the file."""
        plain = text.lstrip(_OWN_MARK)
        found = _FILE_IN_BRACKETS.match(plain) or _FILE_WITH_WORDS.match(plain)
        if found is not None:
            name = found["file"].replace(_OWN_MARK, "").strip()
            if is_own_words or self._is_file(name, found["words"]):
                return plain[found.end() :], (self._attachment(name),)
        found = _FILE_IN_BRACKETS.search(plain)
        if found is not None and _OWN_MARK in plain[: found.start() + 1] and found.end() == len(plain):
            return plain[: found.start()], (self._attachment(found["file"].strip()),)
        if _is_omitted(plain, is_own_words=is_own_words or _OWN_MARK in plain):
            return "", (_omitted(plain),)
        return text, ()

    def _is_file(self, name: str, words: str) -> bool:
        if words.strip().casefold() in ATTACHED or _USUAL_FILE.fullmatch(name):
            return True
        return self._has_files and self._file.beside(name) is not None

    def _attachment(self, name: str) -> Attachment:
        lying = self._file.beside(name) if self._has_files else None
        return Attachment(
            name=name,
            media_type=media_type_of(name),
            size=lying.size if lying else None,
            url=lying.reference if lying else None,
        )


@lru_cache(maxsize=1000)
def _author(name: str) -> Author:
    if not name:
        return new_author(name="WhatsApp", kind=AuthorKind.SYSTEM)
    return new_author(name=_shown(name))


def _without_edited(text: str) -> tuple[str, bool]:
    found = _EDITED.search(text[-100:])
    if found is None or found["words"].strip(" .\u200e").casefold() not in EDITED:
        return text, False
    return text[: len(text) - len(found[0])], True


def _is_omitted(text: str, *, is_own_words: bool) -> bool:
    """Whether a text only says that a file was left out."""
    if "\n" in text or len(text) > _LONGEST_NAME:
        return False
    if _ALL_IN_BRACKETS.fullmatch(text):
        return " " in text or OMITTED.search(text) is not None or not text.isascii()
    return (is_own_words and OMITTED.search(text) is not None) or _is_bare(text)


def _is_bare(text: str) -> bool:
    """Old versions for iOS write ``image omitted`` without any mark."""
    return (
        len(text.split()) <= _TWO and OMITTED.search(text) is not None and any(kind.search(text) for kind, *_ in KINDS)
    )


def _omitted(text: str) -> Attachment:
    document, bullet, _ = text.partition(" \u2022 ")
    if bullet:
        name = document.replace(_OWN_MARK, "").strip()
        return Attachment(name=name, media_type=media_type_of(name))
    for kind, name, media_type in KINDS:
        if kind.search(text):
            return Attachment(name=name, media_type=media_type)
    return Attachment(name="media")
