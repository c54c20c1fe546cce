"""What stands in brackets before the text of a message, where the text cannot imitate it."""

from __future__ import annotations

from collections.abc import Container, Iterator
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
    found = list(_all(message, unseen_replies, room, repeated))
    if not found:
        return ""
    joined = "; ".join(found)
    if len(joined) * 4 <= room.part or measure(joined) <= room.part:
        return f" [{joined}]"
    return f" [{_some(found, room.part)}]"


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


def _some(found: list[str], tokens: float) -> str:
    """The marks that fit, and how many more there are."""
    kept: list[str] = []
    left = tokens - 4
    for mark in found:
        left -= measure(mark) + 1
        if left < 0:
            break
        kept.append(mark)
    first = kept or [clip(found[0], max(tokens - 4, 1))]
    rest = len(found) - len(first)
    return "; ".join([*first, f"+{rest} more"] if rest else first)


def _all(message: Message, unseen_replies: int, room: TokenShares, repeated: Container[str]) -> Iterator[str]:
    if message.reactions:
        yield _joined(" ", [_reaction(one, room) for one in message.reactions[: room.entries]], len(message.reactions))
    if message.subject and message.subject not in repeated:
        yield f"subject: {inside(message.subject, 120, room)}"
    if message.labels:
        labels = [inside(label, 40, room) for label in message.labels[: room.entries]]
        yield f"labels: {_joined(', ', labels, len(message.labels))}"
    if message.status and message.status.lower() not in USUAL:
        yield f"status: {inside(message.status, 40, room)}"
    if message.attachments:
        yield from _files(message.attachments, room)
    if unseen_replies:
        yield f"replies: {unseen_replies}"
    if message.edited_at is not None:
        yield "edited"
    if message.partial:
        yield "excerpt"


def _reaction(reaction: Reaction, room: TokenShares) -> str:
    emoji = inside(reaction.emoji, 32, room).replace(" ", "_")
    ends_like_a_count = emoji[-1:].isascii() and emoji[-1:].isalnum()
    return f"{emoji}{':' if ends_like_a_count else ''}{reaction.count}"


def _joined(between: str, items: list[str], total: int) -> str:
    more = total - len(items)
    return between.join([*items, f"+{more} more"] if more else items)


def _files(attachments: tuple[Attachment, ...], room: TokenShares) -> Iterator[str]:
    for one in attachments[: room.entries]:
        name = inside(one.name, 80, room) or "unnamed"
        yield f"file: {name} {size(one.size)}" if one.size is not None else f"file: {name}"
    if len(attachments) > room.entries:
        yield f"+{len(attachments) - room.entries} files"
