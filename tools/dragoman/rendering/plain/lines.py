"""Message lines: ``412 11:52 Maria Koch (bot) [👍3; edited]: text``."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from dragoman.core.model import Attachment, AuthorKind, Message, Reaction
from dragoman.core.names import hidden_address
from dragoman.core.sanitize import clean_line, clean_name
from dragoman.core.times import date_and_clock
from dragoman.rendering.budget.fitting import TokenShares
from dragoman.rendering.budget.token_estimate import clip, measure, one_line, take
from dragoman.rendering.plain.header import reference

if TYPE_CHECKING:
    from dragoman.rendering.content.threads import OrderedMessage

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
    message: Message, unseen_replies: int, shares: TokenShares, repeated: Container[str] = frozenset[str]()
) -> str:
    """`` [👍3; file: x.pdf 47 KB; edited]`` with the space before it, or nothing.

    Args:
        message: The message.
        unseen_replies: How many replies it has when they are not on the page, else 0.
        shares: Limits of the answer.
        repeated: Subjects that stand elsewhere on the page.
    """
    if not (unseen_replies or message.edited_at or message.partial or any(_OFTEN_EMPTY(message))):
        return ""
    marks = list(_marks(message, unseen_replies, shares, repeated))
    if not marks:
        return ""
    joined = "; ".join(mark.text() for mark in marks)
    if not any(mark.hidden for mark in marks) and (len(joined) * 4 <= shares.part or measure(joined) <= shares.part):
        return f" [{joined}]"
    return f" [{_some(marks, shares.part)}]"


def size(number: int) -> str:
    """``47 KB``."""
    amount = float(max(number, 0))
    for unit in _UNITS[:-1]:
        if round(amount) < _KILO:
            return f"{amount:.1f} {unit}" if amount < _FEW and amount % 1 else f"{amount:.0f} {unit}"
        amount /= _KILO
    return f"{amount:.3g} {_UNITS[-1]}"


def inside(text: str, limit: int, shares: TokenShares) -> str:
    """Foreign text within a mark: one line that cannot end the mark or its group."""
    # Nothing can be cut then, so the result does not depend on the shares and can be cached.
    if len(text) <= _SHORT and limit * 4 <= shares.part:
        return _inside(text, limit)
    return one_line(text, limit, shares.part).translate(_NO_BRACKETS)


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
    parts: list[str] = []
    # Room for the number of those left out is set aside first: it must never be missing.
    left = tokens - _COST_OF_REST
    rest = sum(mark.hidden + len(mark.entries) for mark in marks)
    for mark in marks:
        shown = _most_entries(mark, left)
        if not shown:
            break
        parts.append(mark.text(shown))
        left -= measure(parts[-1]) + 1
        rest -= shown
        if shown < len(mark.entries):
            break
    if not parts:
        parts.append(clip(marks[0].text(1), max(tokens - _COST_OF_REST, 1)))
        rest -= 1
    return "; ".join([*parts, f"+{rest} more"] if rest else parts)


def _most_entries(mark: _Mark, tokens: float) -> int:
    left = tokens - measure(mark.lead)
    for number, entry in enumerate(mark.entries):
        left -= measure(mark.between + entry)
        if left < 0:
            return number
    return len(mark.entries)


def _marks(message: Message, unseen_replies: int, shares: TokenShares, repeated: Container[str]) -> Iterator[_Mark]:
    most = shares.entries
    if message.reactions:
        entries = [_reaction(one, shares) for one in message.reactions[:most]]
        yield _Mark(entries, between=" ", hidden=len(message.reactions) - len(entries))
    if message.subject and message.subject not in repeated:
        yield _Mark([f"subject: {inside(message.subject, 120, shares)}"])
    if message.labels:
        entries = [inside(label, 40, shares) for label in message.labels[:most]]
        yield _Mark(entries, "labels: ", hidden=len(message.labels) - len(entries))
    if message.status and message.status.lower() not in USUAL:
        yield _Mark([f"status: {inside(message.status, 40, shares)}"])
    if message.attachments:
        entries = [_file(one, shares) for one in message.attachments[:most]]
        yield _Mark(entries, between="; ", hidden=len(message.attachments) - len(entries))
    if unseen_replies:
        yield _Mark([f"replies: {unseen_replies}"])
    if message.edited_at is not None:
        yield _Mark(["edited"])
    if message.partial:
        yield _Mark(["excerpt"])


def _reaction(reaction: Reaction, shares: TokenShares) -> str:
    emoji = inside(reaction.emoji, 32, shares).replace(" ", "_")
    # ``tada3`` would read as three of another emoji.
    ends_like_a_count = emoji[-1:].isascii() and emoji[-1:].isalnum()
    return f"{emoji}{':' if ends_like_a_count else ''}{reaction.count}"


def _file(one: Attachment, shares: TokenShares) -> str:
    name = inside(one.name, 80, shares) or "unnamed"
    return f"file: {name} {size(one.size)}" if one.size is not None else f"file: {name}"


_KINDS: Final = {AuthorKind.BOT: " (bot)", AuthorKind.SYSTEM: " (system)"}


@dataclass(slots=True)
class RenderedMessage:
    """The parts of a message line that do not depend on the other lines.

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


def message_handle(message: Message, shares: TokenShares) -> str:
    """The name of a message in an answer: its number, else its reference; ``new`` before it is stored."""
    if message.number is not None:
        return str(message.number)
    if not message.id:
        # A preview shows messages that have no id yet.
        return "new"
    return reference(message.account, message.conversation, message.id, shares)


def parent_handle(message: Message, shares: TokenShares) -> str:
    """The name of the message that this one answers."""
    if message.reply_to_number is not None:
        return str(message.reply_to_number)
    return reference(message.account, message.conversation, message.reply_to or "", shares)


def author_line(message: Message, more_marks: str, shares: TokenShares) -> str:
    """``Maria Koch (bot) [👍3]``; a name cannot imitate the brackets, because it loses its own."""
    author = message.author
    address = hidden_address(author)
    shown = f" ({clean_name(address)})" if address else ""
    kind = " (you)" if author.own else _KINDS.get(author.kind, "")
    return f"{clip(clean_name(author.name), shares.part)}{shown}{kind}{more_marks}"


def render_message(
    message: Message,
    unseen_replies: int,
    zone: tzinfo,
    shares: TokenShares,
    repeated: Container[str] = frozenset[str](),
) -> RenderedMessage:
    """Lay a message out, its text cut to its room; subjects in ``repeated`` are left out."""
    # Marks stand before the text, so that no text can imitate them.
    left_of_text = author_line(message, badges(message, unseen_replies, shares, repeated), shares)
    text, end = cut_text(message, shares)
    tail = f"{left_of_text}: {text}" if text else f"{left_of_text}:"
    return RenderedMessage(tail, *date_and_clock(message.sent_at, zone), end)


def cut_text(message: Message, shares: TokenShares) -> tuple[str, int]:
    """The text as far as there is room, with what is missing, and where the shown part ends."""
    text, end, _ = take(message.text, 0, shares.text, indent)
    if end == len(message.text):
        return text.rstrip("\n "), end
    handle = message_handle(message, shares)
    return f"{text.rstrip()} ... (+{len(message.text) - end:,} chars, get_message {handle})", end


def page(
    messages: Sequence[Message],
    rendered: Sequence[RenderedMessage],
    shares: TokenShares,
    ordered: Sequence[OrderedMessage] = (),
) -> list[str]:
    """The lines of a page, with a line for each day.

    Args:
        messages: What is on the page.
        rendered: The same, laid out.
        ordered: Their order; without one, that of ``messages``, where every reply names its parent.
        shares: Limits of the answer.
    """
    from dragoman.rendering.content.threads import OrderedMessage  # noqa: PLC0415  # takes time, and a search needs none

    lines: list[str] = []
    today = ""
    for entry in ordered or [OrderedMessage(at, reply=one.reply_to is not None) for at, one in enumerate(messages)]:
        message, one = messages[entry.at], rendered[entry.at]
        date = ""
        if one.day and one.day != today:
            # A day line within a thread would part it from its beginning, so replies carry the date themselves.
            if entry.first:
                today = one.day
                lines.append(f"== {today}")
            else:
                date = f"{one.day} "
        start = f"{message_handle(message, shares)} "
        if entry.reply:
            parent = "" if entry.under_parent else f"re {parent_handle(message, shares)} "
            start = f">{start}{parent}{date}"
        lines.append(f"{start}{one.clock} {one.tail}")
    return lines
