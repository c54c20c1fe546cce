"""The lines of a Signal export: frames of a backup, each of which comes after those that it refers to."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from operator import itemgetter
from typing import Final

from dragoman.archives.fields import JsonObject, is_object, number_of, object_of, record_of, records_of, text_of
from dragoman.archives.ids import Notebook
from dragoman.archives.json_line_values import json_lines
from dragoman.archives.notes import Notes
from dragoman.archives.signal.content import ContentReader
from dragoman.archives.signal.people import Directory
from dragoman.archives.sources import File
from dragoman.archives.text import clean
from dragoman.archives.times import from_milliseconds
from dragoman.core.fast_model import new_message
from dragoman.core.model import Conversation, Edit, Message, Reaction

_TEXT: Final = frozenset({"text"})
_BODY: Final = frozenset({"body"})
_DELETED: Final = ("remoteDeletedMessage", "adminDeletedMessage")
_UPDATE: Final = "updateMessage"
_KINDS: Final = (
    *("standardMessage", "contactMessage", "stickerMessage", "paymentNotification", "giftBadge", "viewOnceMessage"),
    *("directStoryReplyMessage", "poll", _UPDATE, *_DELETED),
)


class FrameReader:
    """Reads one export.

    Args:
        file: Its file of lines.
        notes: Where lines that are left out are counted.
    """

    def __init__(self, file: File, notes: Notes) -> None:
        self._file = file
        self._notes = notes
        self._people = Directory()
        self._content = ContentReader(file, self._people)
        self._first_times = Notebook()
        self._announced: dict[str, None] = {}

    def items(self) -> Iterator[Conversation | Message]:
        """The chats, each before its messages, and once more with all that became known of it."""
        with self._file.open() as content:
            for line, value in json_lines(content, self._notes, self._file.label):
                if not is_object(value):
                    self._notes.skip("no JSON object", self._file.label, line)
                    continue
                if "chatItem" not in value or len(value) > 1:
                    self._people.learn(value)
                if "chatItem" in value:
                    yield from self._item(record_of(value, "chatItem"), line)
        for chat in self._announced:
            conversation = self._people.conversation(chat)
            if conversation is not None:
                yield conversation

    def _item(self, item: JsonObject, line: int) -> Iterator[Conversation | Message]:
        chat = text_of(item, "chatId")
        conversation = self._people.conversation_id(chat)
        kind = _kind_of(item)
        versions = _versions(item)
        if conversation is None:
            self._notes.skip("a message of no chat", self._file.label, line)
        elif from_milliseconds(versions[0].get("dateSent")) is None:
            self._notes.skip("a message without time", self._file.label, line)
        elif kind is None:
            self._notes.skip("a message of an unknown kind", self._file.label, line)
        else:
            if chat not in self._announced:
                self._announced[chat] = None
                yield from filter(None, [self._people.conversation(chat)])
            plain = None if item.get("revisions") or item.get("pinDetails") else self._plain(item, conversation)
            yield plain or self._message(versions, kind, conversation)

    def _plain(self, item: JsonObject, conversation: str) -> Message | None:
        """A message that is a text and nothing else, as most are; ``None`` for any other."""
        body = record_of(item, "standardMessage")
        words = record_of(body, "text")
        text = clean(text_of(words, "body"))
        if not text or _says_more(body, _TEXT) or _says_more(words, _BODY):
            return None
        author = self._people.author(text_of(item, "authorId"))
        time = text_of(item, "dateSent")
        sent_at = from_milliseconds(time)
        return new_message(
            id=f"{time}.{author.id}", conversation=conversation, author=author, sent_at=sent_at, text=text
        )

    def _message(self, versions: list[JsonObject], kind: str, conversation: str) -> Message:
        first, item = versions[0], versions[-1]
        author = self._people.author(text_of(item, "authorId"))
        time = text_of(first, "dateSent")
        for version in versions[1:]:
            # A quote names the version that was quoted, by its time.
            self._first_times.put(f"{conversation} {text_of(version, 'dateSent')}.{author.id}", time)
        body = record_of(item, kind)
        sent_at = from_milliseconds(time)
        is_deleted = kind in _DELETED
        text = "" if is_deleted else self._content.text(kind, body)
        earlier = [(self._content.text(kind, record_of(one, kind)), one) for one in versions[:-1]]
        return new_message(
            id=f"{time}.{author.id}",
            conversation=conversation,
            author=author,
            sent_at=sent_at,
            text=text,
            reply_to=self._parent(record_of(body, "quote"), conversation),
            edited_at=from_milliseconds(item.get("dateSent")) if len(versions) > 1 else None,
            deleted_at=sent_at if is_deleted else None,
            status="activity" if kind == _UPDATE else None,
            reactions=tuple(self._reactions(body)),
            attachments=() if is_deleted else tuple(self._content.attachments(body)),
            labels=("pinned",) if item.get("pinDetails") else (),
            history=tuple(
                Edit(text=text_, at=from_milliseconds(one.get("dateSent"))) for text_, one in earlier if text_ != text
            ),
        )

    def _parent(self, quote: JsonObject, conversation: str) -> str | None:
        """The quoted message by its first time, also where an edited version of it was quoted."""
        time = text_of(quote, "targetSentTimestamp")
        if not number_of(quote, "targetSentTimestamp"):
            return None
        author = self._people.author(text_of(quote, "authorId")).id
        first = self._first_times.get(f"{conversation} {time}.{author}")
        return f"{first or time}.{author}"

    def _reactions(self, body: JsonObject) -> Iterator[Reaction]:
        people: dict[str, dict[str, None]] = {}
        for reaction in records_of(body, "reactions"):
            emoji = text_of(reaction, "emoji")
            if emoji:
                people.setdefault(emoji, {})[text_of(reaction, "authorId")] = None
        for emoji, numbers in people.items():
            names = tuple(self._people.author(number).name for number in numbers)
            yield Reaction(emoji=emoji, count=len(names), by=names)


def _says_more(record: JsonObject, known: AbstractSet[str]) -> bool:
    """Whether a member has a value that is not one of these."""
    return not record.keys() <= known and any(map(record.get, record.keys() - known))


def _kind_of(item: JsonObject) -> str | None:
    for name in _KINDS:
        if name in item and is_object(item[name]):
            return name
    return None


def _versions(item: JsonObject) -> list[JsonObject]:
    """All versions of a message, the first one first."""
    if not item.get("revisions"):
        return [item]
    versions = [(number_of(one, "dateSent") or 0, object_of(one)) for one in records_of(item, "revisions")]
    return [*(one for _, one in sorted(versions, key=itemgetter(0))), item]
