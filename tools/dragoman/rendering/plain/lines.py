"""Message lines: ``412 11:52 Maria Koch (bot) [👍3; edited]: text``."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from datetime import tzinfo
from typing import Final, NamedTuple

from dragoman.core.model import Author, AuthorKind, Message
from dragoman.core.sanitize import clean_name
from dragoman.rendering.budget.token_shares import TokenShares
from dragoman.rendering.budget.truncate import clip, take
from dragoman.rendering.content.authors import hidden_address
from dragoman.rendering.content.threads import OrderedMessage
from dragoman.rendering.content.time_format import NO_TIME, clock, day, local
from dragoman.rendering.plain.badges import badges
from dragoman.rendering.plain.header import reference

_KINDS: Final = {AuthorKind.BOT: " (bot)", AuthorKind.SYSTEM: " (system)"}


class RenderedMessage(NamedTuple):
    """A message laid out, but for what depends on its place.

    Attributes:
        tail: Name, marks and text.
        day: The day in the zone of the page, empty when it is not known.
        clock: The time of that day.
        end: Where the shown part of the text ends.
    """

    tail: str
    day: str
    clock: str
    end: int


def indent(text: str) -> str:
    """Keep column 0 free: one space before every line but the first."""
    return text.replace("\n", "\n ")


def message_handle(message: Message, room: TokenShares) -> str:
    """The name of a message in an answer: its number, else its reference; ``new`` before it is stored."""
    if message.number is not None:
        return str(message.number)
    if not message.id:
        return "new"
    return reference(message.account, message.conversation, message.id, room)


def parent_handle(message: Message, room: TokenShares) -> str:
    """The name of the message that this one answers."""
    if message.reply_to_number is not None:
        return str(message.reply_to_number)
    return reference(message.account, message.conversation, message.reply_to or "", room)


def author_line(message: Message, more_marks: str, room: TokenShares) -> str:
    """``Maria Koch (bot) [👍3]``."""
    return f"{clip(clean_name(message.author.name), room.part)}{_kind(message.author)}{more_marks}"


def _kind(author: Author) -> str:
    """The kind of an author in brackets, which a name cannot imitate: it loses its own."""
    kind = " (you)" if author.own else _KINDS.get(author.kind, "")
    address = hidden_address(author)
    return f" ({clean_name(address)}){kind}" if address else kind


def render_message(
    message: Message, unseen_replies: int, zone: tzinfo, room: TokenShares, repeated: Container[str] = frozenset[str]()
) -> RenderedMessage:
    """Lay a message out, its text cut to its room; subjects in ``repeated`` are left out."""
    left_of_text = author_line(message, badges(message, unseen_replies, room, repeated), room)
    text, end = cut_text(message, room)
    tail = f"{left_of_text}: {text}" if text else f"{left_of_text}:"
    return RenderedMessage(tail, *when(message, zone), end)


def cut_text(message: Message, room: TokenShares) -> tuple[str, int]:
    """The text as far as there is room, with what is missing, and where the shown part ends."""
    text, end, _ = take(message.text, 0, room.text, indent)
    if end == len(message.text):
        return text.rstrip("\n "), end
    handle = message_handle(message, room)
    return f"{text.rstrip()} ... (+{len(message.text) - end:,} chars, get_message {handle})", end


def when(message: Message, zone: tzinfo) -> tuple[str, str]:
    """Day and time of a message, as they are shown."""
    if message.sent_at is None:
        return "", NO_TIME
    moment = local(message.sent_at, zone)
    return day(moment), clock(moment)


def page(
    messages: Sequence[Message], said: Sequence[RenderedMessage], placed: Sequence[OrderedMessage], room: TokenShares
) -> list[str]:
    """The lines of a page, with a line for each day."""
    return written(list(places(messages, said, placed, room)))


def written(lines: Sequence[tuple[str, RenderedMessage | None]]) -> list[str]:
    """Lines whose places are known."""
    return [f"{place} {one.tail}" if one else place for place, one in lines]


def places(
    messages: Sequence[Message], said: Sequence[RenderedMessage], placed: Sequence[OrderedMessage], room: TokenShares
) -> Iterator[tuple[str, RenderedMessage | None]]:
    """The prefix of each line before the name; day lines have nothing else."""
    today = ""
    for place in placed:
        message, one = messages[place.at], said[place.at]
        date = ""
        if one.day and one.day != today:
            if place.first:
                today = one.day
                yield f"== {today}", None
            else:
                date = f"{one.day} "
        if not place.reply:
            yield f"{message_handle(message, room)} {one.clock}", one
            continue
        parent = "" if place.under_parent else f"re {parent_handle(message, room)} "
        yield f">{message_handle(message, room)} {parent}{date}{one.clock}", one
