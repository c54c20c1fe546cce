"""Facebook Messenger and Instagram: the JSON of their downloads, and that of Messenger's encrypted chats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Final

from dragoman.archives.attachments import media_type_of
from dragoman.archives.authors import author_called
from dragoman.archives.fields import JsonObject, flag_of, is_object, list_of, record_of, records_of, text_of
from dragoman.archives.format import CERTAIN, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.ids import Notebook
from dragoman.archives.json_stream import CLOSED, JsonReader, pass_over
from dragoman.archives.notes import Notes
from dragoman.archives.sources import File, Folder, Source
from dragoman.archives.text import clean
from dragoman.archives.times import from_milliseconds
from dragoman.core.fast_model import new_message
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Attachment, Conversation, ConversationKind, Message, Reaction

_MESSAGES: Final = "messages[]"
_FILES: Final = ("photos", "videos", "audio_files", "gifs", "files", "media")
_DETAILS: Final = frozenset({"reactions", "sticker", *_FILES})
"""Members that make more of a message than its text."""

_DIGITS: Final = lazy_pattern(r"_(\d+)/?$")
_PART: Final = lazy_pattern(r"message_\d+\.json")
"""Name of one of several files of a chat."""

_TWO: Final = 2


class MessengerFormat(ArchiveFormat):
    """A file for each chat, or several of 10,000 messages each, the newest message first."""

    name = "messenger"
    title = "Messenger or Instagram download (JSON)"
    passes = 2

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether it has participants, and messages with the sender's name."""
        del names
        members = head.members
        if "participants" not in members:
            return 0
        return CERTAIN if members & {"messages[].sender_name", "messages[].senderName", "threadName"} else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """All chats; the parts of one follow each other."""
        del options
        ids, export = Notebook(), None
        for file in source.files():
            here = file.folder if _PART.fullmatch(file.name) else file
            # Parts of one chat share the numbers of equal times; another chat or download begins anew.
            if here != export:
                ids, export = Notebook(), here
            yield from _ChatFile(file, source.notes, ids).items()


def repaired(text: str) -> str:
    """A text whose bytes of UTF-8 were taken for letters of Latin-1, as Meta's downloads write every text."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


class _ChatFile:
    """Reads one file twice: members that describe the chat may stand behind its messages."""

    def __init__(self, file: File, notes: Notes, ids: Notebook) -> None:
        self._file = file
        self._notes = notes
        self._ids = ids
        self._chat = self._description()
        self._is_encrypted = "threadName" in self._chat
        self._conversation = self._describe()

    def items(self) -> Iterator[Item]:
        """The chat, then its messages; those of one millisecond in the order in which they were written."""
        yield self._conversation
        waiting: list[tuple[JsonObject, int]] = []
        time = None
        with self._file.open() as content:
            reader = JsonReader(content, self._notes, self._file.label)
            for value in reader.objects(_MESSAGES):
                here = value.get("timestamp_ms", value.get("timestamp"))
                if here != time:
                    yield from self._messages(waiting)
                    waiting.clear()
                time = here
                waiting.append((value, reader.line))
        yield from self._messages(waiting)

    def _description(self) -> JsonObject:
        with self._file.open() as content:
            reader = JsonReader(content, Notes(), self._file.label)
            items = reader.items(_MESSAGES, take_block=pass_over)
            return {path: value for path, value in items if path not in ("", _MESSAGES) and value is not CLOSED}

    def _describe(self) -> Conversation:
        names = [name for name in map(self._participant, list_of(self._chat, "participants")) if name]
        title = self._text(text_of(self._chat, "threadName", "title"))
        person, _, number = title.rpartition("_")
        # The number tells files apart, and is another one in the next download.
        is_numbered = self._is_encrypted and person in names and number.isdecimal()
        return Conversation(
            id=self._id(names, title),
            title=(person if is_numbered else title) or ", ".join(names),
            kind=ConversationKind.DIRECT if len(names) <= _TWO else ConversationKind.GROUP,
            participants=tuple(names),
        )

    def _id(self, names: list[str], title: str) -> str:
        service = "instagram" if "instagram" in self._file.label.casefold() else "messenger"
        if self._is_encrypted:
            # The file has no id of the chat, so names and title make one.
            return f"{service}.e2ee.{sha256(repr((sorted(names), title)).encode()).hexdigest()[:20]}"
        # The digits stay when a chat gets another title, which the path begins with.
        path = text_of(self._chat, "thread_path") or self._file.folder.name
        digits = _DIGITS.search(path)
        return f"{service}.{digits[1] if digits else path.rpartition('/')[2] or title}"

    def _participant(self, entry: object) -> str:
        if isinstance(entry, str):
            return self._text(entry)
        return self._text(text_of(entry, "name")) if is_object(entry) else ""

    def _text(self, text: str) -> str:
        return clean(text if self._is_encrypted else repaired(text))

    def _messages(self, newest_first: list[tuple[JsonObject, int]]) -> Iterator[Message]:
        # Numbers of equal times count from the oldest, so that a later download gives the same ids.
        for entry, line in newest_first if len(newest_first) == 1 else reversed(newest_first):
            sent_at = from_milliseconds(entry.get("timestamp_ms", entry.get("timestamp")))
            if sent_at is None:
                self._notes.skip("a message without time", self._file.label, line)
            elif flag_of(entry, "is_unsent") or flag_of(entry, "isUnsent"):
                self._notes.skip("a message that was unsent", self._file.label, line)
            else:
                name = self._text(text_of(entry, "sender_name", "senderName"))
                plain = new_message(
                    id=self._message_id(text_of(entry, "timestamp_ms", "timestamp")),
                    conversation=self._conversation.id,
                    author=author_called(name or "Facebook user"),
                    sent_at=sent_at,
                    text=self._text_of(entry) if "share" in entry else self._text(text_of(entry, "content", "text")),
                )
                if entry.keys().isdisjoint(_DETAILS):  # as most are
                    yield plain
                    continue
                yield replace(
                    plain,
                    reactions=tuple(self._reactions(entry)),
                    attachments=tuple(self._attachments(entry)),
                )

    def _message_id(self, time: str) -> str:
        """The time, and the number of the message among those of that time."""
        number = self._ids.add(f"{time} {self._conversation.id}")
        return time if number == 1 else f"{time}.{number}"

    def _text_of(self, entry: JsonObject) -> str:
        text = self._text(text_of(entry, "content", "text"))
        share = record_of(entry, "share")
        shared = [self._text(text_of(share, name)) for name in ("share_text", "link")]
        return "\n".join(part for part in (text, *(part for part in shared if part not in text)) if part)

    def _reactions(self, entry: JsonObject) -> Iterator[Reaction]:
        by_emoji: dict[str, list[str]] = {}
        for reaction in records_of(entry, "reactions"):
            emoji = self._text(text_of(reaction, "reaction"))
            if emoji:
                by_emoji.setdefault(emoji, []).append(self._text(text_of(reaction, "actor")))
        for emoji, names in by_emoji.items():
            yield Reaction(emoji=emoji, count=len(names), by=tuple(name for name in names if name))

    def _attachments(self, entry: JsonObject) -> Iterator[Attachment]:
        files = [file for member in _FILES for file in records_of(entry, member)]
        for file in (*files, record_of(entry, "sticker")):
            uri = self._text(text_of(file, "uri"))
            if uri:
                yield self._attachment(uri)

    def _attachment(self, uri: str) -> Attachment:
        """The uri begins at the root of the download, which is a folder somewhere above this file."""
        name = uri.partition("?")[0].rpartition("/")[2] or "file"
        if uri.startswith(("https://", "http://")):
            return Attachment(name=name, media_type=media_type_of(name), url=uri)
        # The last two steps are the folder of the kind and the file, whatever lies above them.
        near = "/".join(uri.removeprefix("./").split("/")[-_TWO:])
        lying = self._file.beside(near) or self._file.beside(f"../{near}")
        return Attachment(
            name=name,
            media_type=media_type_of(name),
            size=lying.size if lying else None,
            url=lying.reference if lying else None,
        )
