"""Discord: files of DiscordChatExporter, and the data package that Discord itself hands out.

The facts are read in DiscordChatExporter's source and in packages of both generations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dragoman.archives.attachments import media_type_of
from dragoman.archives.authors import author_called
from dragoman.archives.discord_names import CUSTOM_EMOJI, KINDS
from dragoman.archives.discord_package import PackageReader, messages_folder
from dragoman.archives.fields import (
    EMPTY,
    JsonObject,
    count_of,
    flag_of,
    object_of,
    record_of,
    records_of,
    text_of,
)
from dragoman.archives.format import CERTAIN, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.json_stream import CLOSED, JsonReader
from dragoman.archives.sources import File, Folder, Source
from dragoman.archives.text import clean, clean_name
from dragoman.archives.times import from_iso
from dragoman.core.fast_model import new_message
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Attachment, Author, AuthorKind, Conversation, ConversationKind, Message, Reaction

_MENTION: Final = lazy_pattern(r"<@!?(\d{1,20})>")
_MESSAGES: Final = "messages[]"
_PLAIN: Final = frozenset({"id", "type", "timestamp", "content", "author", "mentions", "inlineEmojis", "interaction"})
"""Members beside which a message is only a text, unless others hold something."""

_USUAL: Final = frozenset({"Default", "20", "23"})
# Numbers from Discord's own API, names from DiscordChatExporter, which leaves new kinds as numbers.
_EVENTS: Final = frozenset(str(number) for number in range(1, 19)) | {
    "RecipientAdd",
    "RecipientRemove",
    "Call",
    "ChannelNameChange",
    "ChannelIconChange",
    "ChannelPinnedMessage",
    "GuildMemberJoin",
    "ThreadCreated",
}


class DiscordFormat(ArchiveFormat):
    """A JSON file of DiscordChatExporter, or a data package."""

    name = "discord"
    title = "Discord export or data package"

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether it has a guild and a channel, or a folder has the package's index of messages."""
        if not head.data:
            return CERTAIN if messages_folder(names) is not None else 0
        return CERTAIN if {"guild", "channel"} <= head.members else 0

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """All channels and their messages; exported files last, for they tell more of the same messages."""
        del options
        for folder in source.folders():
            yield from PackageReader(folder, source).items()
        for file in source.files():
            yield from _Export(file, source).items()


class _Export:
    """Reads one file of DiscordChatExporter."""

    def __init__(self, file: File, source: Source) -> None:
        self._file = file
        self._notes = source.notes
        self._names: dict[str, str] = {}

    def items(self) -> Iterator[Item]:
        """The channel, then its messages."""
        channel = EMPTY
        guild = ""
        conversation: Conversation | None = None
        with self._file.open() as content:
            reader = JsonReader(content, self._notes, self._file.label)
            for path, value in reader.items(_MESSAGES):
                if path == "channel":
                    channel = object_of(value)
                elif path == "guild":
                    guild = text_of(object_of(value), "name")
                elif path == _MESSAGES:
                    if conversation is None:
                        conversation = _channel(channel, guild)
                        yield conversation
                    yield from self._message(value, conversation, reader)
                elif value is CLOSED and conversation is None and channel:
                    yield _channel(channel, guild)

    def _message(self, value: object, conversation: Conversation, reader: JsonReader) -> Iterator[Message]:
        message = object_of(value)
        sent_at = from_iso(message.get("timestamp"))
        id_ = text_of(message, "id")
        if sent_at is None or not id_:
            self._notes.skip("a message without id or time", self._file.label, reader.line)
            return
        author = _author(record_of(message, "author"))
        if not any(message.get(name) for name in message.keys() - _PLAIN) and message.get("type") in _USUAL:
            text = clean(self._text(message))
            yield new_message(id=id_, conversation=conversation.id, author=author, sent_at=sent_at, text=text)
            return
        forwarded = record_of(message, "forwardedMessage")
        kind = text_of(message, "type")
        parts = [self._text(message), *_cards(message)]
        if forwarded:
            parts += ["Forwarded:", self._text(forwarded), *_cards(forwarded)]
        yield new_message(
            id=id_,
            conversation=conversation.id,
            author=author,
            sent_at=sent_at,
            text=clean("\n".join(part for part in parts if part)),
            reply_to=_parent(message, conversation),
            edited_at=from_iso(message.get("timestampEdited")),
            status="activity" if kind in _EVENTS else None,
            reactions=tuple(_reactions(message)),
            attachments=tuple(_attachments(message, self._file)) + tuple(_attachments(forwarded, self._file)),
            labels=("pinned",) if flag_of(message, "isPinned") else (),
        )

    def _text(self, message: JsonObject) -> str:
        for person in records_of(message, "mentions"):
            self._names[text_of(person, "id")] = clean_name(text_of(person, "nickname", "name"))
        text = text_of(message, "content")
        if "<" not in text:
            return text
        text = CUSTOM_EMOJI.sub(r"\1", text)
        return _MENTION.sub(lambda found: f"@{self._names.get(found[1]) or found[1]}", text)


def _channel(channel: JsonObject, guild: str) -> Conversation:
    kind = text_of(channel, "type")
    name = clean(text_of(channel, "name"))
    is_thread = "Thread" in kind
    # The category of a thread is the channel that holds it.
    parent = clean(text_of(channel, "category")) if is_thread else ""
    return Conversation(
        id=f"discord.{text_of(channel, 'id') or name}",
        title=f"{parent} / {name}" if parent else name or guild,
        kind=KINDS.get(kind, ConversationKind.THREAD if is_thread else ConversationKind.CHANNEL),
        topic=clean(text_of(channel, "topic")),
    )


def _author(person: JsonObject) -> Author:
    id_, name = text_of(person, "id"), text_of(person, "nickname", "name")
    kind = AuthorKind.BOT if flag_of(person, "isBot") else AuthorKind.PERSON
    return author_called(clean_name(name) or id_ or "Discord", id_, kind)


def _parent(message: JsonObject, conversation: Conversation) -> str | None:
    """The answered message: pins and forwards refer to a message too, and answer none."""
    reference = record_of(message, "reference")
    is_reply = text_of(message, "type") in ("Reply", "19") and text_of(reference, "type") in ("", "Default")
    channel = text_of(reference, "channelId")
    # An answer to a message elsewhere has no parent in this conversation.
    is_here = not channel or conversation.id == f"discord.{channel}"
    return text_of(reference, "messageId") or None if is_reply and is_here else None


def _cards(message: JsonObject) -> Iterator[str]:
    """The embeds as lines; a preview of a link that stands in the text says nothing more."""
    text = text_of(message, "content")
    for embed in records_of(message, "embeds"):
        url = text_of(embed, "url")
        if url and url in text:
            continue
        title = text_of(embed, "title")
        yield text_of(record_of(embed, "author"), "name")
        yield f"{title} ({url})" if title and url else title or url
        yield text_of(embed, "description")
        for entry in records_of(embed, "fields"):
            yield f"{text_of(entry, 'name')}: {text_of(entry, 'value')}"
        yield text_of(record_of(embed, "footer"), "text")


def _reactions(message: JsonObject) -> Iterator[Reaction]:
    for entry in records_of(message, "reactions"):
        emoji = record_of(entry, "emoji")
        name = text_of(emoji, "name")
        count = count_of(entry, "count")
        by = tuple(text_of(user, "nickname", "name") for user in records_of(entry, "users"))
        if name and count:
            # Only custom emoji have an id; others are the character itself.
            shown = f":{name.strip(':')}:" if text_of(emoji, "id") else name
            yield Reaction(emoji=shown, count=count, by=tuple(name for name in by if name))


def _attachments(message: JsonObject, export: File) -> Iterator[Attachment]:
    for entry in records_of(message, "attachments"):
        name = text_of(entry, "fileName") or text_of(entry, "url").rpartition("/")[2] or "file"
        yield Attachment(
            id=text_of(entry, "id"),
            name=name,
            media_type=media_type_of(name),
            size=count_of(entry, "fileSizeBytes"),
            url=_address(text_of(entry, "url"), export),
        )
    for sticker in records_of(message, "stickers"):
        name = text_of(sticker, "name") or "sticker"
        yield Attachment(id=text_of(sticker, "id"), name=name, url=_address(text_of(sticker, "sourceUrl"), export))


def _address(url: str, export: File) -> str | None:
    """A web address as it is; of a file that was downloaded, where it lies."""
    if url.startswith(("https://", "http://")):
        return url
    # An export made on Windows writes paths with backslashes.
    lying = export.beside(url.replace("\\", "/")) if url else None
    return lying.reference if lying else None
