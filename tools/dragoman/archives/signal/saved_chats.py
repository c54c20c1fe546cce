"""Chats as the program signal-export saves them from Signal Desktop: ``data.json`` and ``chat.md`` in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import PurePath
from typing import Final
from urllib.parse import unquote

from dragoman.archives.attachments import media_type_of
from dragoman.archives.fields import JsonObject, flag_of, is_list, is_object, list_of, object_of, records_of, text_of
from dragoman.archives.ids import ContentIds
from dragoman.archives.json_line_values import json_lines
from dragoman.archives.notes import Notes
from dragoman.archives.sources import File
from dragoman.archives.text import clean, lines
from dragoman.archives.times import from_iso
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Attachment, Author, AuthorKind, Conversation, ConversationKind, Message, Reaction

TABLE: Final = "data.json"
TEXT: Final = "chat.md"

_MEMBERS: Final = frozenset({"date", "sender", "body", "quote"})
_BEGINNING: Final = lazy_pattern(r"\[(\d{4}-\d\d-\d\d),? (\d\d:\d\d(?::\d\d)?)\] (.+?): ?(.*)", re.DOTALL)
_REACTIONS: Final = lazy_pattern(r"\n?\(- (.*) -\)[ ]*$")
_STICKER: Final = lazy_pattern(r"\(\( (.*) \)\)")
_FILE: Final = lazy_pattern(r"!?\[([^\[\]\n]*+)\]\((?:\./)?(media/[^)\n]{0,1000})\)")
_DELETED: Final = "(This message was deleted)"
_ME: Final = "Me"
_NOBODY: Final = ("", "No-Sender", "None")
_TWO: Final = 2
_PARTICIPANTS: Final = 200


def is_saved_message(record: JsonObject) -> bool:
    """Whether a line of JSON is a message of ``data.json``."""
    return record.keys() >= _MEMBERS


def begins_chat(line: str) -> bool:
    """Whether a line begins a message of ``chat.md``."""
    return _BEGINNING.match(line) is not None


class SavedChat:
    """Reads one chat.

    Args:
        file: The file for programs or the one for people.
        notes: Where entries that are left out are counted.
        zone: Zone of times that name none.
        ids: Makes ids, which the program does not save.
    """

    def __init__(self, file: File, notes: Notes, zone: tzinfo) -> None:
        self._file = file
        self._notes = notes
        self._zone = zone
        self._ids = ContentIds()
        self._name = PurePath(file.label).parent.name or PurePath(file.label).stem
        self._id = f"signal.name.{self._name}"

    def items(self) -> Iterator[Conversation | Message]:
        """The chat, its messages, and the chat with its people."""
        people: dict[str, None] = {}
        yield self._conversation(people)
        for line, entry in self._entries():
            message = self._message(entry, line)
            if message is not None:
                if len(people) < _PARTICIPANTS and message.author.kind is AuthorKind.PERSON:
                    people.setdefault(message.author.name)
                yield message
        yield self._conversation(people)

    def _conversation(self, people: dict[str, None]) -> Conversation:
        is_group = len(people.keys() - {_ME}) > 1
        kind = ConversationKind.GROUP if is_group else ConversationKind.DIRECT
        return Conversation(id=self._id, title=self._name, kind=kind, participants=tuple(people))

    def _entries(self) -> Iterator[tuple[int, JsonObject]]:
        with self._file.open() as content:
            if self._file.name.endswith(".md"):
                yield from _paragraphs(content_lines=lines(content))
                return
            for number, value in json_lines(content, self._notes, self._file.label):
                yield number, object_of(value)

    def _message(self, entry: JsonObject, line: int) -> Message | None:
        date = text_of(entry, "date")
        sent_at = from_iso(date, self._zone)
        if sent_at is None:
            self._notes.skip("a message without time", self._file.label, line)
            return None
        if flag_of(entry, "deleted"):
            self._notes.skip("a message that was deleted", self._file.label, line)
            return None
        sender = clean(text_of(entry, "sender"))
        quote = clean(text_of(entry, "quote"))
        text = clean("\n".join(part for part in (quote, clean(text_of(entry, "body")), _sticker(entry)) if part))
        return new_message(
            # Milliseconds tell messages apart by themselves, so an edit keeps the id.
            id=self._ids.make(self._id, date, "" if "." in date else text),
            conversation=self._id,
            author=_author(sender),
            sent_at=sent_at,
            text=text,
            status="activity" if flag_of(entry, "call") else None,
            reactions=tuple(_reactions(entry)),
            attachments=tuple(self._attachment(file) for file in records_of(entry, "attachments")),
        )

    def _attachment(self, entry: JsonObject) -> Attachment:
        path = unquote(text_of(entry, "path"))
        lying = self._file.beside(path) if path else None
        name = clean(text_of(entry, "name")) or path.rpartition("/")[2] or "file"
        return Attachment(
            name=name,
            media_type=media_type_of(name) or media_type_of(path),
            size=lying.size if lying else None,
            url=lying.reference if lying else None,
        )


def _author(sender: str) -> Author:
    if sender in _NOBODY:
        return new_author(name="Signal", kind=AuthorKind.SYSTEM)
    return new_author(name=sender, own=sender == _ME)


def _sticker(entry: JsonObject) -> str:
    sticker = entry.get("sticker")
    if is_object(sticker):
        return text_of(sticker, "emoji") or "Sticker"
    return sticker if isinstance(sticker, str) else ""


def _reactions(entry: JsonObject) -> Iterator[Reaction]:
    """The reactions, which are saved as pairs or as objects of name and emoji."""
    people: dict[str, list[str]] = {}
    for reaction in list_of(entry, "reactions"):
        pair = reaction if is_list(reaction) else [object_of(reaction).get(name) for name in ("name", "emoji")]
        if len(pair) == _TWO and isinstance(pair[1], str) and pair[1]:
            people.setdefault(pair[1], []).append(pair[0] if isinstance(pair[0], str) else "")
    for emoji, names in people.items():
        yield Reaction(emoji=emoji, count=len(names), by=tuple(filter(None, names)))


def _paragraphs(content_lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, JsonObject]]:
    """The messages of ``chat.md``, each with the lines that follow its first one."""
    first, found, rest = 0, None, list[str]()
    for number, line in content_lines:
        beginning = _BEGINNING.match(line)
        if beginning is None:
            rest.append(line)
            continue
        if found is not None:
            yield first, _entry(found, rest)
        first, found, rest = number, beginning, []
    if found is not None:
        yield first, _entry(found, rest)


def _entry(beginning: re.Match[str], rest: list[str]) -> JsonObject:
    day, clock, sender, text = beginning.groups()
    text = "\n".join((text, *rest)).rstrip()
    files = [{"name": name, "path": path} for name, path in _FILE.findall(text)]
    text = _STICKER.sub(r"\1", _FILE.sub("", text)).rstrip()
    reacted = _REACTIONS.search(text)
    pairs = [pair.rpartition(": ") for pair in reacted[1].split(", ")] if reacted else []
    body = text[: reacted.start()] if reacted else text
    return {
        "date": f"{day} {clock}",
        "sender": sender,
        "body": body,
        "deleted": body.strip() == _DELETED,
        "attachments": files,
        "reactions": [[name, emoji] for name, _, emoji in pairs],
    }
