"""Model objects as JSON objects; every string is cleaned."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from operator import attrgetter
from typing import Final, cast

from dragoman.model import Attachment, AuthorKind, Citation, Conversation, Edit, Message
from dragoman.refs import Reference
from dragoman.sanitize import NOBODY
from dragoman.text.excerpt import clip, one_line, take
from dragoman.text.moments import iso
from dragoman.text.room import Room

JsonObject = dict[str, object]

_NAME: Final = 200
_URL: Final = 2000
_ID: Final = 400
_DEPTH: Final = 4
_OFTEN_EMPTY: Final = attrgetter("reactions", "attachments", "labels")
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def dumps(value: object) -> str:
    """Compact JSON, readable in every script."""
    return _ENCODER.encode(value)


def message_object(message: Message, zone: tzinfo, room: Room, start: int = 0) -> tuple[JsonObject, int]:
    """A message as it stands in a list, and where the shown part of its text ends."""
    text, end, _ = cut_text(message.text, start, room.text)
    found: JsonObject = {"ref": message_ref(message, room)} if message.number is None else {"number": message.number}
    if message.sent_at is not None:
        found["sent_at"] = iso(message.sent_at, zone)
    found["author"] = one_line(message.author.name, _NAME, room.part) or NOBODY
    found["text"] = text
    found |= present(
        bot=message.author.kind is AuthorKind.BOT,
        reply_to=_parent(message, room),
        replies=max(message.replies, 0),
        edited_at=message.edited_at and iso(message.edited_at, zone),
    )
    if any(_OFTEN_EMPTY(message)):
        found |= _lists(message, room)
    found |= present(
        subject=one_line(message.subject or "", _URL, room.part * 2),
        status=one_line(message.status or "", _NAME, room.part),
        partial=message.partial,
        cut=len(message.text) - end,
    )
    return found, end


def full_object(message: Message, zone: tzinfo, room: Room, start: int) -> tuple[JsonObject, int]:
    """A message with everything that is known of it."""
    found, end = message_object(message, zone, room, start)
    author = {
        "id": one_line(message.author.id, _ID, room.part),
        "name": found["author"],
        "kind": str(message.author.kind),
        "email": one_line(message.author.email or "", _NAME, room.part),
    }
    found = {"ref": message_ref(message, room), **found, "author": present(**author)}
    found |= present(
        url=one_line(message.url or "", _URL, room.part * 2),
        citations=[_citation(one, room) for one in message.citations[: room.entries]],
        history=[_edit(one, zone, room) for one in message.history[: room.entries]],
        extra=cast("JsonObject", _plain(message.extra, room, _DEPTH)),
    )
    return found, end


def conversation_object(one: Conversation, zone: tzinfo, room: Room) -> JsonObject:
    """A conversation as it stands in a list."""
    return {
        "ref": conversation_ref(one.account, one.id, room),
        "title": one_line(one.title, _NAME, room.part),
        "kind": str(one.kind),
        **present(
            last_message_at=one.last_message_at and iso(one.last_message_at, zone),
            participants=[one_line(name, _NAME, room.part) for name in one.participants[: room.entries]],
            messages=one.messages,
            unread=one.unread,
            url=one_line(one.url or "", _URL, room.part * 2),
        ),
    }


def message_ref(message: Message, room: Room) -> str:
    """The reference of a message."""
    return _ref(Reference(message.account, message.conversation[:_ID], message.id[:_ID]), room)


def conversation_ref(account: str, conversation: str, room: Room) -> str:
    """The reference of a conversation."""
    return _ref(Reference(account, conversation[:_ID]), room)


def cut_text(text: str, start: int, tokens: float) -> tuple[str, int, float]:
    """As much of a text as has room: cleaned, where it ends, what it costs within quotes."""
    piece, end, cost = take(text, start, tokens, _escaped)
    return cast("str", json.loads(f'"{piece}"')) if "\\" in piece else piece, end, cost


def present(**members: object) -> JsonObject:
    """The members that say something: no nulls, no defaults."""
    return {name: value for name, value in members.items() if value}


def _escaped(text: str) -> str:
    return dumps(text)[1:-1]


def _ref(reference: Reference, room: Room) -> str:
    return clip(one_line(str(reference), _ID, room.reference), room.reference)


def _parent(message: Message, room: Room) -> int | str | None:
    """The number of what this message answers, else its reference."""
    if message.reply_to is None or message.reply_to_number is not None:
        return message.reply_to_number
    return _ref(Reference(message.account, message.conversation[:_ID], message.reply_to[:_ID]), room)


def _lists(message: Message, room: Room) -> JsonObject:
    most = room.entries
    return present(
        reactions=_reactions(message, room),
        attachments=[_attachment(one, room) for one in message.attachments[:most]],
        labels=[one_line(label, _NAME, room.part) for label in message.labels[:most]],
        left_out=sum(max(0, len(one) - most) for one in (message.reactions, message.attachments, message.labels)),
    )


def _reactions(message: Message, room: Room) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in message.reactions[: room.entries]:
        emoji = one_line(one.emoji, _NAME, room.part)
        counts[emoji] = counts.get(emoji, 0) + one.count
    return counts


def _attachment(one: Attachment, room: Room) -> JsonObject:
    return {
        "name": one_line(one.name, _NAME, room.part) or "unnamed",
        **present(
            media_type=one_line(one.media_type or "", _NAME, room.part),
            size=one.size,
            url=one_line(one.url or "", _URL, room.part * 2),
        ),
    }


def _citation(one: Citation, room: Room) -> JsonObject:
    text = cut_text(one.text or "", 0, room.part * 2)[0]
    url = one_line(one.url or "", _URL, room.part * 2)
    return {"title": one_line(one.title, _NAME, room.part), **present(url=url, text=text)}


def _edit(one: Edit, zone: tzinfo, room: Room) -> JsonObject:
    return {"text": cut_text(one.text, 0, room.part * 2)[0], **present(at=one.at and iso(one.at, zone))}


def _plain(value: object, room: Room, depth: int) -> object:
    """What only a service knows, as JSON: cleaned, not too deep and not too long."""
    anything = value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping) and depth:
        items = list(cast("Mapping[object, object]", value).items())[: room.entries]
        return {one_line(str(key), _NAME, room.part): _plain(item, room, depth - 1) for key, item in items}
    if isinstance(value, list | tuple) and depth:
        return [_plain(item, room, depth - 1) for item in cast("Sequence[object]", value)[: room.entries]]
    return cut_text(str(anything), 0, room.part)[0]
