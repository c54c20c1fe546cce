"""The position of changes that are found by asking conversations.

A position holds a time for each recent conversation: everything up to it was told. It also holds the versions of the
newest messages, so that edits and deletions are noticed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from dragoman.core.errors import Conflict, InvalidArgument
from dragoman.core.model import Author, Conversation, Message
from dragoman.core.sanitize import NOBODY
from dragoman.core.times import from_us, to_us
from dragoman.providers.kit.cursor import decode, digest, encode

OVERLAP_US: Final = 120_000_000
"""The delay with which a service may show a message, in microseconds."""

SECOND: Final = 1_000_000
"""Microseconds."""

_REMEMBERED: Final = 20  # conversations, and messages of each, whose edits and deletions are noticed
_MOST_ENTRIES: Final = 200
_LIST: Final = "conversation changes"
_NEVER: Final = 1 << 40
_NOBODY: Final = Author(name=NOBODY)


class Entry(NamedTuple):
    """A message that was told or passed: what tells its versions apart, when it was sent, what it answers."""

    id: str
    version: str
    sent: int
    root: str


class Known(NamedTuple):
    """The state of a conversation.

    Attributes:
        newest: Up to which time it was told, in microseconds.
        listed: The time of its last message, as it was listed.
        round: In which round it was read.
        entries: Messages that were told or passed.
        whole_from: From this second on they are all messages but replies, so that what is not among them is new.
    """

    id: str
    newest: int
    listed: int
    round: int
    entries: tuple[Entry, ...]
    whole_from: int = _NEVER


@dataclass(frozen=True, slots=True)
class ChangePosition:
    """Everything up to ``since`` was told, but what ``known`` says otherwise of."""

    since: int
    round: int
    known: tuple[Known, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The newest messages of a conversation, or a part of them.

    Attributes:
        messages: Replies to them included; one without a time stands behind what it follows.
        begin: The messages from this time on are all there; ``None`` stands for the beginning of the conversation.
        threads: The ids of those to which all replies since ``begin`` are there; ``None`` stands for all.
        until: Newer ones than this follow, and nothing is concluded from what is not there; ``None`` where none do.
    """

    messages: Sequence[Message]
    begin: datetime | None = None
    threads: frozenset[str] | None = None
    until: datetime | None = None


def news_of(before: Known, window: Window) -> Iterator[Message]:
    """The messages of a window that are new or edited."""
    known = {one.id: one for one in before.entries}
    passed = before.newest - OVERLAP_US if before.entries else before.newest + 1
    for sent, message in _dated(window.messages):
        entry = known.get(message.id)
        if entry is not None:
            is_news = entry.version != _version(message)
        else:
            is_late = message.reply_to is None and sent // SECOND > before.whole_from
            is_news = is_late or max(sent, time_of(message)) >= passed
        if is_news:
            yield message


def known_after(before: Known, window: Window, listed: int, round_: int, missing: Collection[Entry] = ()) -> Known:
    """The state of a conversation after a window of it.

    Args:
        before: What was known.
        window: What was read.
        listed: The time that the list of conversations had for it.
        round_: The round in which it was read.
        missing: What the window should have held and did not; it was asked for, and is not expected again.
    """
    dated = _dated(window.messages)
    newest = max([before.newest, *(max(sent, time_of(one)) for sent, one in dated)])
    if window.until is not None:  # the next window begins there, and is due in this round
        newest = max(to_us(window.until) + OVERLAP_US, before.newest + 1)
        round_, listed = round_ - 1, -1
    recent = {one.id for sent, one in dated if max(sent, time_of(one)) >= newest - OVERLAP_US}
    seen = {one.id: _entry(one, sent) for sent, one in dated}
    # What one window does not show may be in the next one; what was asked for and is gone is not.
    unseen = [one for one in before.entries if one.id not in seen and one not in missing]
    entries = sorted([*unseen, *seen.values()], key=lambda one: (one.sent, one.id))
    last = entries[-_REMEMBERED:]
    kept = recent | {one.id for one in last}
    whole = (
        max(last[0].sent, 0 if window.begin is None else to_us(window.begin) // SECOND) if seen else before.whole_from
    )
    found = tuple(one for one in entries if one.id in kept)[-_MOST_ENTRIES:]
    return Known(before.id, newest, listed, round_, found, _NEVER if window.until else whole)


def ended(position: ChangePosition, listed: Sequence[Conversation]) -> ChangePosition:
    """The position once everything was read: only what is recent has to be remembered."""
    since = max([position.since, *map(listed_time, listed), *(one.newest for one in position.known)])
    known = {one.id: one for one in position.known}
    for one in listed:
        if one.id not in known and one.last_message_at is not None:
            known[one.id] = Known(one.id, listed_time(one), listed_time(one), position.round, ())
    ranked = sorted(known.values(), key=lambda one: max(one.newest, one.listed), reverse=True)
    # Positions have to stay short, so of older conversations only what may be told twice is kept.
    late = [_recent(one) for one in ranked[_REMEMBERED:] if max(one.newest, one.listed) >= since - OVERLAP_US]
    return ChangePosition(since, position.round + 1, (*ranked[:_REMEMBERED], *late[:_MOST_ENTRIES]))


def _recent(known: Known) -> Known:
    """Forget what cannot be told again of a conversation."""
    begin = (known.newest - OVERLAP_US) // SECOND
    entries = tuple(one for one in known.entries if one.version or one.sent >= begin)
    return known._replace(entries=entries, whole_from=max(begin, known.whole_from))


def _dated(messages: Sequence[Message]) -> list[tuple[int, Message]]:
    """Messages with the times when they were sent, for those without one that of the message before."""
    found, last = list[tuple[int, Message]](), 0
    for one in messages:
        last = last if one.sent_at is None else to_us(one.sent_at)
        found.append((last, one))
    return found


def _entry(message: Message, sent: int) -> Entry:
    return Entry(message.id, _version(message), sent // SECOND, message.reply_to or "")


def _version(message: Message) -> str:
    # Most messages never change, and an empty version keeps positions short.
    if message.edited_at is None and message.deleted_at is None:
        return ""
    return digest(f"{message.edited_at} {message.deleted_at is None}")[:5]


def tombstone(conversation: str, entry: Entry) -> Message:
    """A deleted message, made of its id and time."""
    at = from_us(entry.sent * SECOND)
    root = entry.root or None
    return Message(
        id=entry.id, conversation=conversation, author=_NOBODY, sent_at=at, text="", reply_to=root, deleted_at=at
    )


def time_of(message: Message) -> int:
    """When something happened to a message last; 0 where nobody knows."""
    return max((to_us(at) for at in (message.sent_at, message.edited_at) if at is not None), default=0)


def listed_time(one: Conversation) -> int:
    """When a conversation moved last, as it was listed; 0 where that is not told."""
    return 0 if one.last_message_at is None else to_us(one.last_message_at)


def encoded(position: ChangePosition) -> str:
    """A position as text."""
    return encode(position, list_id=_LIST)


def decoded(position: str | None) -> ChangePosition | None:
    """Read a position; ``None`` where there is none yet.

    Raises:
        Conflict: It is none of these.
    """
    try:
        return decode(ChangePosition, position, list_id=_LIST)
    except InvalidArgument:
        raise Conflict("The position is not known.", hint="Read the conversations instead.") from None
