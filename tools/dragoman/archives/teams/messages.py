"""Resources of the type ``chatMessage`` as messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote

from dragoman.archives.attachments import media_type_of
from dragoman.archives.authors import author_called
from dragoman.archives.fields import JsonObject, object_of, record_of, records_of, text_of
from dragoman.archives.json_mending import parse
from dragoman.archives.notes import Notes
from dragoman.archives.teams.bodies import card_text, text_of_body
from dragoman.archives.teams.chats import Chats, person_of
from dragoman.archives.text import clean
from dragoman.archives.times import from_iso, from_milliseconds
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Attachment, Author, AuthorKind, Message, Reaction
from dragoman.core.safe_text import Sentence

_EMOJI: Final = {"like": "👍", "heart": "❤️", "laugh": "😆", "surprised": "😮", "sad": "😢", "angry": "😡"}
_QUOTED: Final = "messageReference"
_FORWARDED: Final = "forwardedMessageReference"
_CARD: Final = ("application/vnd.microsoft.card", "application/vnd.microsoft.teams.card")
_OTHERS: Final = frozenset(
    {"subject", "replyToId", "lastEditedDateTime", "deletedDateTime", "reactions", "attachments", "webUrl"}
)
_ABSENT: Final[tuple[object, ...]] = (None, [], "", {})
_NOBODY: Final[Mapping[str, str]] = {}
_EVENT: Final = lazy_pattern(r"(?:#microsoft\.graph\.)?(\w+?)(?:EventMessageDetail)?")
_WORDS: Final = lazy_pattern(r"(?<=[a-z])(?=[A-Z])")


class MessageMapper:
    """Maps messages.

    Args:
        chats: Collects what they tell of conversations and people.
        notes: Where messages that cannot be read are counted.
    """

    def __init__(self, chats: Chats, notes: Notes) -> None:
        self._chats = chats
        self._notes = notes
        self._file = self._fallback = ""
        self._places: dict[str, str] = {}

    def enter(self, file: str, name: str) -> None:
        """Go on with another file; ``name`` is the conversation's id where messages tell none."""
        self._file, self._fallback = file, name
        self._places.clear()

    def skip(self, reason: Sentence, line: int) -> None:
        """Count an entry that is left out."""
        self._notes.skip(reason, self._file, line)

    def message(self, entry: JsonObject, line: int) -> Message | None:
        """The message of an entry; ``None`` when it is counted and left out."""
        id_ = text_of(entry, "id")
        # An id is the time of creation in milliseconds.
        sent_at = from_iso(entry.get("createdDateTime")) or (from_milliseconds(id_) if id_ else None)
        if not id_ or sent_at is None:
            self.skip("a message without id or time", line)
            return None
        place = self._place(entry)
        event = record_of(entry, "eventDetail")
        if event:
            self._chats.name(place, event, text_of(entry, "createdDateTime"))
        # Kinds that are newer than the interface come as `unknownFutureValue`; they are events.
        is_event = entry.get("messageType") != "message" and text_of(entry, "messageType") != ""
        author = self._author(entry, event, place)
        text = self._event_text(event, entry) if is_event else self._text(entry)
        if not is_event and _is_plain(entry):
            return new_message(id=id_, conversation=self._places[place], author=author, sent_at=sent_at, text=text)
        address = text_of(entry, "webUrl")
        return new_message(
            id=id_,
            conversation=self._places[place],
            author=author,
            sent_at=sent_at,
            text=text,
            subject=clean(text_of(entry, "subject")) or None,
            reply_to=_parent(entry, id_),
            # Not `lastModifiedDateTime`, which a reaction changes as well.
            edited_at=from_iso(entry.get("lastEditedDateTime")),
            deleted_at=from_iso(entry.get("deletedDateTime")),
            status="activity" if is_event else None,
            reactions=tuple(self._reactions(entry)) if entry.get("reactions") else (),
            attachments=tuple(_attachments(entry)) if entry.get("attachments") else (),
            url=address if address.startswith("https://") else None,
        )

    def _place(self, entry: JsonObject) -> str:
        """The id of the conversation in which a message is, which is noted at its first message in a file."""
        channel = text_of(record_of(entry, "channelIdentity"), "channelId") if entry.get("channelIdentity") else ""
        place = channel or text_of(entry, "chatId") or self._fallback
        if place not in self._places:
            self._chats.enter(place, is_channel=bool(channel))
            self._chats.note_file(place, self._fallback)
            self._places[place] = f"teams.{place}"
        return place

    def _author(self, entry: JsonObject, event: JsonObject, place: str) -> Author:
        kind, person = person_of(record_of(entry, "from"))
        if not kind:
            kind, person = person_of(record_of(event, "initiator"))
        if not kind:
            return new_author(name="Teams", kind=AuthorKind.SYSTEM)
        id_, name = self._chats.learn(person)
        if kind == "user":
            self._chats.take_part(place, id_ or name, name)
        return author_called(name or id_ or "user", id_, AuthorKind.PERSON if kind == "user" else AuthorKind.BOT)

    def _text(self, entry: JsonObject) -> str:
        if not entry.get("mentions") and not entry.get("attachments"):
            return text_of_body(record_of(entry, "body"), _NOBODY)
        mentioned: dict[str, str] = {}
        for mention in records_of(entry, "mentions"):
            _, person = person_of(record_of(mention, "mentioned"))
            self._chats.learn(person)
            mentioned[text_of(mention, "id")] = text_of(person, "id")
        body = record_of(entry, "body")
        parts = [text_of_body(body, mentioned)]
        for attachment in records_of(entry, "attachments"):
            content = _content_of(attachment)
            if text_of(attachment, "contentType") == _FORWARDED:
                parts.append(self._forwarded(content))
            elif _is_card(attachment):
                parts.append(card_text(content))
        return clean("\n".join(part for part in parts if part))

    def _forwarded(self, content: JsonObject) -> str:
        _, person = person_of(record_of(content, "originalMessageSender"))
        _, name = self._chats.learn(person)
        text = text_of_body({"contentType": "html", "content": text_of(content, "originalMessageContent")}, {})
        return f"Forwarded from {name}:\n{text}" if name else f"Forwarded:\n{text}"

    def _event_text(self, event: JsonObject, entry: JsonObject) -> str:
        """What happened, in the words of the service, with the people and the name that it is about."""
        found = _EVENT.fullmatch(text_of(event, "@odata.type"))
        words = _WORDS.sub(" ", found[1]).lower() if found else ""
        people = [name or id_ for name, id_ in self._people(event)]
        title = text_of(event, "chatDisplayName", "channelDisplayName", "teamDisplayName", "callRecordingDisplayName")
        details = ", ".join(part for part in (clean(title), *people) if part)
        return f"{words or self._text(entry) or 'event'}{': ' if details else ''}{details}"

    def _people(self, event: JsonObject) -> Iterator[tuple[str, str]]:
        for member in records_of(event, "members"):
            id_, name = self._chats.learn(member)
            yield name, id_
        for participant in records_of(event, "callParticipants"):
            _, person = person_of(record_of(participant, "participant"))
            id_, name = self._chats.learn(person)
            yield name, id_

    def _reactions(self, entry: JsonObject) -> Iterator[Reaction]:
        by_emoji: dict[str, list[str]] = {}
        for reaction in records_of(entry, "reactions"):
            kind = text_of(reaction, "reactionType")
            custom = text_of(reaction, "displayName") or kind
            emoji = f":{custom.strip(':')}:" if kind == "custom" else _EMOJI.get(kind, kind)
            if emoji:
                _, person = person_of(record_of(reaction, "user"))
                id_, name = self._chats.learn(person)
                by_emoji.setdefault(emoji, []).append(name or id_)
        for emoji, names in by_emoji.items():
            yield Reaction(emoji=emoji, count=len(names), by=tuple(name for name in names if name))


def _is_plain(entry: JsonObject) -> bool:
    """Whether a message has a text and nothing else, as most have."""
    return _OTHERS.isdisjoint(entry) or all(entry.get(name) in _ABSENT for name in _OTHERS)


def _parent(entry: JsonObject, id_: str) -> str | None:
    """The answered message: in a channel the first of the thread, in a chat the one that is quoted."""
    thread = text_of(entry, "replyToId")
    if thread:
        return thread if thread != id_ else None
    for attachment in records_of(entry, "attachments"):
        if text_of(attachment, "contentType") == _QUOTED:
            return text_of(attachment, "id") or text_of(_content_of(attachment), "messageId") or None
    return None


def _content_of(attachment: JsonObject) -> JsonObject:
    """The content of a card or a quoted message: JSON in a text."""
    content = attachment.get("content")
    if not isinstance(content, str):
        return object_of(content)
    try:
        return object_of(parse(content))
    except ValueError:
        return {}


def _is_card(attachment: JsonObject) -> bool:
    return text_of(attachment, "contentType").startswith(_CARD)


def _attachments(entry: JsonObject) -> Iterator[Attachment]:
    for attachment in records_of(entry, "attachments"):
        kind, address = text_of(attachment, "contentType"), text_of(attachment, "contentUrl")
        if kind in (_QUOTED, _FORWARDED) or _is_card(attachment):
            continue
        name = text_of(attachment, "name") or unquote(address.partition("?")[0].rstrip("/").rpartition("/")[2])
        if name:
            yield Attachment(
                id=text_of(attachment, "id"),
                name=name,
                media_type=kind if "/" in kind and "vnd.microsoft" not in kind else media_type_of(name),
                url=address if address.startswith(("https://", "http://")) else None,
            )
