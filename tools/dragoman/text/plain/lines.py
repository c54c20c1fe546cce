"""Message lines: ``412 11:52 Maria Koch (bot) [👍3; edited]: text``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from dragoman.model import AuthorKind, Message
from dragoman.sanitize import clean_name
from dragoman.text.excerpt import clip, take
from dragoman.text.moments import NO_TIME, clock, day, local
from dragoman.text.plain.header import reference
from dragoman.text.plain.marks import marks
from dragoman.text.room import Room
from dragoman.text.threads import Placed
from dragoman.text.tokens import measure

_KINDS: Final = {AuthorKind.BOT: " (bot)", AuthorKind.SYSTEM: " (system)"}
_DAY_LINE_COST: Final = 8.0
_PLACE_COST: Final = 5.0


@dataclass(frozen=True, slots=True)
class Said:
    """A message laid out, but for what depends on its place.

    Attributes:
        tail: Name, marks and text.
        at: When, in the zone of the page.
        cost: Tokens of the whole line.
        text_cost: Tokens of the text in it.
        end: Where the shown part of the text ends.
    """

    tail: str
    at: datetime | None
    cost: float
    text_cost: float
    end: int


def indent(text: str) -> str:
    """Keep column 0 free: one space before every line but the first."""
    return text.replace("\n", "\n ")


def handle(message: Message, room: Room) -> str:
    """What a message is called: its number, else its reference."""
    if message.number is not None:
        return str(message.number)
    return reference(message.account, message.conversation, message.id, room)


def parent_handle(message: Message, room: Room) -> str:
    """What the message that this one answers is called."""
    if message.reply_to_number is not None:
        return str(message.reply_to_number)
    return reference(message.account, message.conversation, message.reply_to or "", room)


def who(message: Message, more_marks: str, room: Room) -> str:
    """``Maria Koch (bot) [👍3]``."""
    return f"{clip(clean_name(message.author.name), room.part)}{_KINDS.get(message.author.kind, '')}{more_marks}"


def say(message: Message, unseen_replies: int, zone: tzinfo, room: Room) -> Said:
    """Lay a message out, its text cut to its room."""
    left_of_text = who(message, marks(message, unseen_replies, room), room)
    text, end, text_cost = take(message.text, 0, room.text, indent)
    if end < len(message.text):
        text = f"{text.rstrip()} ... (+{len(message.text) - end:,} chars, get_message {handle(message, room)})"
    else:
        text = text.rstrip("\n ")
    at = None if message.sent_at is None else local(message.sent_at, zone)
    tail = f"{left_of_text}: {text}" if text else f"{left_of_text}:"
    cost = measure(f"{handle(message, room)} 00:00 {tail}\n")
    if message.reply_to is not None:
        cost += _PLACE_COST
    return Said(tail, at, cost, text_cost, end)


def page(messages: Sequence[Message], said: Sequence[Said], placed: Sequence[Placed], room: Room) -> list[str]:
    """The lines of a page, with a line for each day."""
    lines: list[str] = []
    today = ""
    for place in placed:
        message, one = messages[place.index], said[place.index]
        when = NO_TIME if one.at is None else clock(one.at)
        its_day = today if one.at is None else day(one.at)
        if its_day != today and not place.reply:
            today = its_day
            lines.append(f"== {today}")
        date = f"{its_day} " if its_day != today else ""
        if place.reply:
            named = "" if place.under_parent else f"re {parent_handle(message, room)} "
            lines.append(f">{handle(message, room)} {named}{date}{when} {one.tail}")
        else:
            lines.append(f"{handle(message, room)} {when} {one.tail}")
    return lines
