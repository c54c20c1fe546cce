"""The detail lines of ``get_message``: one fact each, ``-- `` in column 0, foreign text on one line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Final

from dragoman.model import Attachment, Author, Citation, Edit, Message, Reaction
from dragoman.text.excerpt import one_line
from dragoman.text.moments import clock, day, local
from dragoman.text.plain.marks import size
from dragoman.text.room import Room

_SHORT: Final = 120
_LONG: Final = 2000
_MOST: Final = 500


def details(message: Message, zone: tzinfo, room: Room) -> list[str]:
    """Everything about a message that its line does not say, at most 500 lines of each kind."""
    found = [
        *_author(message.author, room),
        *([f"-- link: {_long(message.url, room)}"] if message.url else []),
        *(_file(one, room) for one in message.attachments[:_MOST]),
        *(_reaction(one, room) for one in message.reactions[:_MOST] if one.by),
        *(
            [f"-- labels: {', '.join(_short(label, room) for label in message.labels[:_MOST])}"]
            if message.labels
            else []
        ),
        *([f"-- status: {_short(message.status, room)}"] if message.status else []),
        *([f"-- replies: {message.replies}"] if message.replies else []),
        *([f"-- edited: {_moment(message.edited_at, zone)}"] if message.edited_at else []),
        *(_edit(one, zone, room) for one in message.history[:_MOST]),
        *(_source(one, room) for one in message.citations[:_MOST]),
        *_extra(message, room),
    ]
    return [one_line(line, _LONG, room.part * 3) for line in found]


def _author(author: Author, room: Room) -> Iterator[str]:
    facts = [_short(author.id, room), _short(author.email or "", room), author.kind if author.kind != "person" else ""]
    known = ", ".join(fact for fact in facts if fact)
    if known:
        yield f"-- author: {known}"


def _file(one: Attachment, room: Room) -> str:
    facts = (
        _short(one.name, room) or "unnamed",
        _short(one.media_type or "", room),
        "" if one.size is None else f"{size(one.size)}",
        _long(one.url or "", room),
    )
    return f"-- file: {', '.join(fact for fact in facts if fact)}"


def _reaction(one: Reaction, room: Room) -> str:
    more = one.count - len(one.by)
    names = ", ".join(_short(name, room) for name in one.by[: room.entries])
    hidden = max(more, len(one.by) - room.entries)
    return f"-- reaction: {_short(one.emoji, room)} {names}{f' +{hidden} more' if hidden > 0 else ''}"


def _edit(one: Edit, zone: tzinfo, room: Room) -> str:
    when = f" {_moment(one.at, zone)}" if one.at else ""
    return f"-- earlier text{when}: {_long(one.text, room)}"


def _source(one: Citation, room: Room) -> str:
    facts = (_short(one.title, room), _long(one.url or "", room), _long(one.text or "", room))
    return f"-- source: {', '.join(fact for fact in facts if fact)}"


def _extra(message: Message, room: Room) -> Iterator[str]:
    for key, value in list(message.extra.items())[:_MOST]:
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        yield f"-- extra {_short(key, room)}: {_long(said, room)}"


def _moment(at: datetime, zone: tzinfo) -> str:
    moment = local(at, zone)
    return f"{day(moment)} {clock(moment)}"


def _short(text: str, room: Room) -> str:
    return one_line(text, _SHORT, room.part)


def _long(text: str, room: Room) -> str:
    return one_line(text, _LONG, room.part * 2)
