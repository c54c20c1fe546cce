"""Telegram Desktop's machine-readable export: one chat, or the whole account.

The facts are read in the exporter's source, ``export_output_json.cpp`` of tdesktop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from dragoman.archives.attachments import media_type_of
from dragoman.archives.fields import JsonObject, count_of, is_list, is_object, list_of, record_of, records_of, text_of
from dragoman.archives.format import CERTAIN, LIKELY, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.json_stream import JsonReader, pass_over
from dragoman.archives.notes import Notes
from dragoman.archives.sources import File, Folder, Source
from dragoman.archives.text import clean
from dragoman.archives.times import from_iso, from_seconds
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.model import Attachment, Author, AuthorKind, Conversation, ConversationKind, Message, Reaction

_CHATS: Final = ("chats.list[]", "left_chats.list[]")
_MESSAGES: Final = tuple(f"{chats}.messages[]" for chats in _CHATS)
_ALL_MESSAGES: Final = frozenset({"messages[]", *_MESSAGES})
_ENDS: Final = frozenset({"", *_CHATS})
"""Paths of the events that end a chat."""

_MEMBERS: Final = frozenset(f"{end}.{name}".strip(".") for end in _ENDS for name in ("name", "type", "id"))
_KINDS: Final[Mapping[str, tuple[str, ConversationKind]]] = {
    "saved_messages": ("saved", ConversationKind.DIRECT),
    "replies": ("replies", ConversationKind.DIRECT),
    "personal_chat": ("user", ConversationKind.DIRECT),
    "bot_chat": ("user", ConversationKind.DIRECT),
    "private_group": ("group", ConversationKind.GROUP),
    "private_supergroup": ("group", ConversationKind.GROUP),
    "public_supergroup": ("group", ConversationKind.GROUP),
    "private_channel": ("channel", ConversationKind.CHANNEL),
    "public_channel": ("channel", ConversationKind.CHANNEL),
    "verify_codes": ("verify", ConversationKind.DIRECT),
}
_TITLES: Final = {"saved": "Saved Messages", "replies": "Replies"}
_DELETED: Final = "Deleted Account"
_MISSING_FILE: Final = "(File "
_PLAIN: Final = frozenset({"id", "type", "date", "date_unixtime", "from", "from_id", "text", "text_entities"})
_EXTRA: Final = ("forwarded_from", "saved_from", "via_bot", "author")


class TelegramFormat(ArchiveFormat):
    """``result.json`` of Telegram Desktop, and what others write in the form of one chat."""

    name = "telegram"
    title = "Telegram export (JSON)"

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether it has Telegram's list of chats, or is one chat of it."""
        del names
        members = head.members
        if "chats.list" in members or "left_chats.list" in members or {"personal_information", "about"} <= members:
            return CERTAIN
        if "messages[].date_unixtime" in members or "messages[].text_entities" in members:
            return CERTAIN
        one_chat = {"type", "id", "messages"} <= members and "messages[].from" in members
        return LIKELY if one_chat and "messages[].date" in members else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """All chats and their messages."""
        for file in source.files():
            yield from _Export(file, source, options).items()


class _Export:
    """Reads one file; once, where type and id of each chat stand before its messages, as Telegram writes them."""

    def __init__(self, file: File, source: Source, options: ReadOptions) -> None:
        self._file = file
        self._notes = source.notes
        self._options = options
        self._learnt: list[Conversation] | None = None

    def items(self) -> Iterator[Item]:
        """The chats, each before its messages, and again where its name stands behind them."""
        place, members = 0, dict[str, object]()
        chat: Conversation | None = None
        with self._file.open() as content:
            reader = JsonReader(content, self._notes, self._file.label)
            for path, value in reader.items("messages[]", *_MESSAGES):
                if path in _ALL_MESSAGES:
                    if chat is None:
                        chat = self._chat(members, place)
                        yield chat
                    yield from self._message(value, chat, reader)
                elif path in _ENDS:
                    if chat is not None and "name" in members and chat.title != self._conversation(members).title:
                        yield replace(chat, title=self._conversation(members).title)
                    place, members, chat = place + 1, {}, None
                elif path in _MEMBERS:
                    members[path.rpartition(".")[2]] = value

    def _chat(self, members: JsonObject, place: int) -> Conversation:
        """The chat whose messages begin; a file that describes it behind them is read twice."""
        if "id" in members and "type" in members:
            return self._conversation(members)
        if self._learnt is None:
            self._learnt = list(self._chats())
        return self._learnt[min(place, len(self._learnt) - 1)]

    def _chats(self) -> Iterator[Conversation]:
        """All chats in the order of the file; damage is counted at the other reading."""
        members: dict[str, object] = {}
        with self._file.open() as content:
            reader = JsonReader(content, Notes(), self._file.label)
            for path, value in reader.items("messages[]", *_MESSAGES, take_block=pass_over):
                if path in _ENDS:
                    yield self._conversation(members)
                    members = {}
                elif path in _MEMBERS:
                    members[path.rpartition(".")[2]] = value
        yield self._conversation(members)  # of a file that ends too early

    def _conversation(self, chat: JsonObject) -> Conversation:
        word, kind = _KINDS.get(text_of(chat, "type"), ("chat", ConversationKind.GROUP))
        title = clean(text_of(chat, "name")) or _TITLES.get(word, "")
        id_ = text_of(chat, "id") or title
        return Conversation(id=f"telegram.{word}.{id_}", title=title, kind=kind)

    def _message(self, value: object, chat: Conversation, reader: JsonReader) -> Iterator[Message]:
        if not is_object(value):
            self._notes.skip("no JSON object", self._file.label, reader.line)
            return
        plain = _plain_message(value, chat) if value.keys() <= _PLAIN else None
        if plain is not None:
            yield plain
            return
        kind = text_of(value, "type") or "message"
        if kind == "unsupported":
            self._notes.skip("a message that Telegram did not export", self._file.label, reader.line)
            return
        sent_at = from_seconds(value.get("date_unixtime")) or from_iso(value.get("date"), self._options.zone)
        if sent_at is None or not text_of(value, "id"):
            self._notes.skip("a message without id or time", self._file.label, reader.line)
            return
        reactions = tuple(_reactions(value))
        is_event = kind == "service"
        yield new_message(
            id=text_of(value, "id"),
            conversation=chat.id,
            author=_author(value, chat),
            sent_at=sent_at,
            text=clean(_event(value) if is_event else "\n".join(_lines(value))),
            reply_to=_parent(value),
            edited_at=None if reactions or is_event else self._edited_at(value),
            status="activity" if is_event else None,
            reactions=reactions,
            attachments=tuple(_attachments(value, self._file)),
            extra=MappingProxyType({name: text_of(value, name) for name in _EXTRA if text_of(value, name)}),
        )

    def _edited_at(self, message: JsonObject) -> datetime | None:
        # A first reaction sets this time too, so it counts only where there is none.
        return from_seconds(message.get("edited_unixtime")) or from_iso(message.get("edited"), self._options.zone)


def _plain_message(message: JsonObject, chat: Conversation) -> Message | None:
    """A message that is a text of somebody and nothing else, as most are; ``None`` for any other."""
    id_, text, name, person = message.get("id"), message.get("text"), message.get("from"), message.get("from_id")
    sent_at = from_seconds(message.get("date_unixtime"))
    if not (isinstance(text, str) and isinstance(name, str) and isinstance(person, str) and name and person):
        return None
    if type(id_) is not int or sent_at is None or message.get("type") != "message":
        return None
    return new_message(
        id=str(id_),
        conversation=chat.id,
        author=_named(name, person),
        sent_at=sent_at,
        text=clean(text),
    )


def _author(message: JsonObject, chat: Conversation) -> Author:
    name = text_of(message, "from", "actor")
    id_ = text_of(message, "from_id", "actor_id")
    if not name and not id_:
        return new_author(name=chat.title or "Telegram", kind=AuthorKind.SYSTEM)
    return _named(name, id_)


@lru_cache(maxsize=10_000)
def _named(name: str, id_: str) -> Author:
    """The same object again, which stores faster. Before 2021 ids were written without their kind."""
    return new_author(name=clean(name) or _DELETED, id=f"user{id_}" if id_.isdecimal() else id_)


def _parent(message: JsonObject) -> str | None:
    is_elsewhere = text_of(message, "reply_to_peer_id") != ""
    return None if is_elsewhere else text_of(message, "reply_to_message_id") or None


def _lines(message: JsonObject) -> Iterator[str]:
    """The text, and what Telegram shows below it."""
    text = "".join(_pieces(message.get("text")))
    if text:
        yield text
    poll = record_of(message, "poll")
    if poll:
        yield f"Poll: {''.join(_pieces(poll.get('question')))}"
        for answer in records_of(poll, "answers"):
            yield f"- {''.join(_pieces(answer.get('text')))}: {count_of(answer, 'voters') or 0}"
    yield from _cards(message)


def _cards(message: JsonObject) -> Iterator[str]:
    place = record_of(message, "location_information")
    if place:
        where = f"{_number(place, 'latitude')}, {_number(place, 'longitude')}"
        words = (text_of(message, "place_name"), text_of(message, "address"), where)
        yield f"Location: {', '.join(word for word in words if word)}"
    contact = record_of(message, "contact_information")
    if contact:
        words = (text_of(contact, "first_name"), text_of(contact, "last_name"), text_of(contact, "phone_number"))
        yield f"Contact: {' '.join(word for word in words if word)}"
    if text_of(message, "game_title"):
        yield f"Game: {text_of(message, 'game_title')}"
    invoice = record_of(message, "invoice_information")
    if invoice:
        words = (text_of(invoice, "title"), text_of(invoice, "amount"), text_of(invoice, "currency"))
        yield f"Invoice: {' '.join(word for word in words if word)}"


def _number(record: JsonObject, name: str) -> str:
    value = record.get(name)
    return str(value) if isinstance(value, int | float | str) else ""


def _pieces(text: object) -> Iterator[str]:
    """A text as Telegram writes it: a string, a piece with a type, or a list of both."""
    if isinstance(text, str):
        yield text
    elif is_object(text):
        inner = text.get("text")
        yield from _pieces(inner) if is_list(inner) else (_piece(text),)
    elif is_list(text):
        for piece in text:
            yield piece if isinstance(piece, str) else _piece(piece) if is_object(piece) else ""


def _piece(piece: JsonObject) -> str:
    text = text_of(piece, "text")
    kind = text_of(piece, "type")
    href = text_of(piece, "href")
    if kind == "text_link" and href and href != text:
        return f"{text} ({href})"
    if kind == "pre":
        return f"\n```{text_of(piece, 'language')}\n{text}\n```\n"
    return text


def _event(message: JsonObject) -> str:
    """What happened, in the words of the exporter."""
    action = text_of(message, "action").replace("_", " ")
    members = ", ".join(member for member in list_of(message, "members") if isinstance(member, str))
    seconds = count_of(message, "duration_seconds") if "call" in action else None
    details = (
        text_of(message, "title", "new_title"),
        members,
        "" if seconds is None else f"{seconds} s",
        text_of(message, "discard_reason"),
    )
    return f"{action or 'event'} {', '.join(detail for detail in details if detail)}".rstrip()


def _reactions(message: JsonObject) -> Iterator[Reaction]:
    for entry in records_of(message, "reactions"):
        kind = text_of(entry, "type")
        emoji = {"paid": "\u2b50", "custom_emoji": ":custom:"}.get(kind) or text_of(entry, "emoji")
        by = tuple(text_of(person, "from") for person in records_of(entry, "recent") if text_of(person, "from"))
        count = count_of(entry, "count") or len(by)
        if emoji and count:
            yield Reaction(emoji=emoji, count=count, by=by)


def _attachments(message: JsonObject, export: File) -> Iterator[Attachment]:
    for member, size in (("file", "file_size"), ("photo", "photo_file_size")):
        path = text_of(message, member)
        if not path:
            continue
        there = "" if path.startswith(_MISSING_FILE) else path
        name = text_of(message, "file_name") or there.rpartition("/")[2] or text_of(message, "media_type") or member
        lying = export.beside(there) if there else None
        yield Attachment(
            name=name,
            media_type=text_of(message, "mime_type") or ("image/jpeg" if member == "photo" else media_type_of(name)),
            size=count_of(message, size) or (lying.size if lying else None),
            url=lying.reference if lying else None,
        )
