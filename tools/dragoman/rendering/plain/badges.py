"""The badges in brackets before the text of a message, which the text cannot imitate."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Final

from dragoman.core.model import Attachment, Message, Reaction
from dragoman.core.sanitize import clean_line
from dragoman.rendering.budget.token_estimate import measure
from dragoman.rendering.budget.token_shares import TokenShares
from dragoman.rendering.budget.truncate import clip, one_line

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
