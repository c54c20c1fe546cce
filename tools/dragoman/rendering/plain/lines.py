"""Message lines: ``412 11:52 Maria Koch (bot) [👍3; edited]: text``."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple

from dragoman.core.model import Attachment, Author, AuthorKind, Message, Reaction
from dragoman.core.names import hidden_address
from dragoman.core.sanitize import clean_line, clean_name
from dragoman.rendering.budget.fitting import TokenShares
from dragoman.rendering.budget.token_estimate import measure
from dragoman.rendering.budget.truncate import clip, one_line, take
from dragoman.rendering.content.threads import OrderedMessage
from dragoman.rendering.content.time_format import NO_TIME, clock, day, local
from dragoman.rendering.plain.header import reference

USUAL: Final = frozenset(
    {"", "active", "available", "complete", "completed", "created", "delivered", "done", "finished", "normal", "ok"}
    | {"posted", "published", "read", "received", "sent", "success", "succeeded"}
)
"""States that go without saying."""

_OFTEN_EMPTY: Final = attrgetter("reactions", "attachments", "labels", "subject", "status")
_KILO: Final = 1024
_FEW: Final = 10
_COST_OF_REST: Final = 5
_SHORT: Final = 48
_UNITS: Final = ("B", "KB", "MB", "GB", "TB")
_NO_BRACKETS: Final = str.maketrans("[];", "(),")


def badges(
    message: Message, unseen_replies: int, room: TokenShares, repeated: Container[str] = frozenset[str]()
) -> str:
    """`` [👍3; file: x.pdf 47 KB; edited]`` with the space before it, or nothing.

    Args:
        message: The message.
        unseen_replies: How many replies it has when they are not on the page, else 0.
        room: Limits of the answer.
        repeated: Subjects that are told elsewhere.
    """
    if not (unseen_replies or message.edited_at or message.partial or any(_OFTEN_EMPTY(message))):
        return ""
    marks = list(_marks(message, unseen_replies, room, repeated))
    if not marks:
        return ""
    joined = "; ".join(mark.text() for mark in marks)
    if not any(mark.hidden for mark in marks) and (len(joined) * 4 <= room.part or measure(joined) <= room.part):
        return f" [{joined}]"
    return f" [{_some(marks, room.part)}]"


def size(number: int) -> str:
    """``47 KB``."""
    amount = float(max(number, 0))
    for unit in _UNITS[:-1]:
        if round(amount) < _KILO:
            return f"{amount:.1f} {unit}" if amount < _FEW and amount % 1 else f"{amount:.0f} {unit}"
        amount /= _KILO
    return f"{amount:.3g} {_UNITS[-1]}"


def inside(text: str, limit: int, room: TokenShares) -> str:
    """Foreign text within a mark: one line that cannot end the mark or its group."""
    if len(text) <= _SHORT and limit * 4 <= room.part:
        return _inside(text, limit)
    return one_line(text, limit, room.part).translate(_NO_BRACKETS)


@lru_cache(maxsize=2048)
def _inside(text: str, limit: int) -> str:
    """Emoji, labels and file names come again and again."""
    return clean_line(text, limit).translate(_NO_BRACKETS)


@dataclass(frozen=True, slots=True)
class _Mark:
    """One mark, which may be a list.

    Attributes:
        entries: The entries, as far as they may be shown.
        lead: What stands before the first.
        between: What separates them.
        hidden: How many more there are.
    """

    entries: Sequence[str]
    lead: str = ""
    between: str = ", "
    hidden: int = 0

    def text(self, most: int | None = None) -> str:
        """The mark with its first entries."""
        return self.lead + self.between.join(self.entries[:most])


def _some(marks: list[_Mark], tokens: float) -> str:
    """As many entries as fit, and the number of all others."""
    told: list[str] = []
    left = tokens - _COST_OF_REST
    rest = sum(mark.hidden + len(mark.entries) for mark in marks)
    for mark in marks:
        shown = _most_entries(mark, left)
        if not shown:
            break
        told.append(mark.text(shown))
        left -= measure(told[-1]) + 1
        rest -= shown
        if shown < len(mark.entries):
            break
    if not told:
        told.append(clip(marks[0].text(1), max(tokens - _COST_OF_REST, 1)))
        rest -= 1
    return "; ".join([*told, f"+{rest} more"] if rest else told)


def _most_entries(mark: _Mark, tokens: float) -> int:
    left = tokens - measure(mark.lead)
    for number, entry in enumerate(mark.entries):
        left -= measure(mark.between + entry)
        if left < 0:
            return number
    return len(mark.entries)


def _marks(message: Message, unseen_replies: int, room: TokenShares, repeated: Container[str]) -> Iterator[_Mark]:
    most = room.entries
    if message.reactions:
        entries = [_reaction(one, room) for one in message.reactions[:most]]
        yield _Mark(entries, between=" ", hidden=len(message.reactions) - len(entries))
    if message.subject and message.subject not in repeated:
        yield _Mark([f"subject: {inside(message.subject, 120, room)}"])
    if message.labels:
        entries = [inside(label, 40, room) for label in message.labels[:most]]
        yield _Mark(entries, "labels: ", hidden=len(message.labels) - len(entries))
    if message.status and message.status.lower() not in USUAL:
        yield _Mark([f"status: {inside(message.status, 40, room)}"])
    if message.attachments:
        entries = [_file(one, room) for one in message.attachments[:most]]
        yield _Mark(entries, between="; ", hidden=len(message.attachments) - len(entries))
    if unseen_replies:
        yield _Mark([f"replies: {unseen_replies}"])
    if message.edited_at is not None:
        yield _Mark(["edited"])
    if message.partial:
        yield _Mark(["excerpt"])


def _reaction(reaction: Reaction, room: TokenShares) -> str:
    emoji = inside(reaction.emoji, 32, room).replace(" ", "_")
    ends_like_a_count = emoji[-1:].isascii() and emoji[-1:].isalnum()
    return f"{emoji}{':' if ends_like_a_count else ''}{reaction.count}"


def _file(one: Attachment, room: TokenShares) -> str:
    name = inside(one.name, 80, room) or "unnamed"
    return f"file: {name} {size(one.size)}" if one.size is not None else f"file: {name}"


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
