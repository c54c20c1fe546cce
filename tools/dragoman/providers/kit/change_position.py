"""Where the changes of an account go on that are found by asking its conversations.

A position remembers of each recent conversation up to which time it was told, and of its newest messages which
version was told, so that edits and deletions are noticed whatever their time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from dragoman.core.errors import Conflict, InvalidArgument
from dragoman.core.model import Author, Conversation, Message
from dragoman.core.sanitize import NOBODY
from dragoman.providers.kit.cursor import decode, digest, encode
from dragoman.providers.kit.times import from_us, to_us

OVERLAP_US: Final = 120_000_000
"""How late a service may show a message, in microseconds."""

SECOND: Final = 1_000_000
"""Microseconds."""

_REMEMBERED: Final = 20  # conversations, and messages of each, whose edits and deletions are noticed
_MOST_ENTRIES: Final = 200
_LIST: Final = "conversation changes"
_NOBODY: Final = Author(name=NOBODY)


class Entry(NamedTuple):
    """A message that was told or passed: what tells its versions apart, when it was sent, what it answers."""

    id: str
    version: str
    sent: int
    root: str


class Known(NamedTuple):
    """What is known of a conversation: its newest time, what was listed of it, and in which round it was read."""

    id: str
    newest: int
    listed: int
    round: int
    entries: tuple[Entry, ...]


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
        messages: In any order, replies to them included.
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
    for message in window.messages:
        entry = known.get(message.id)
        if time_of(message) >= passed if entry is None else entry.version != _version(message):
            yield message


def known_after(before: Known, window: Window, listed: int, round_: int, missing: Collection[Entry] = ()) -> Known:
    """What is known of a conversation once a window of it was told.

    Args:
        before: What was known.
        window: What was read.
        listed: The time that the list of conversations had for it.
        round_: The round in which it was read.
        missing: What the window should have held and did not; it was asked for, and is not expected again.
    """
    times = sorted(((time_of(one), one) for one in window.messages), key=lambda pair: (pair[0], pair[1].id))
    newest = max([before.newest, *(time for time, _ in times)])
    if window.until is not None:  # the next window begins there, and is due in this round
        newest = max(to_us(window.until) + OVERLAP_US, before.newest + 1)
        round_, listed = round_ - 1, -1
    recent = {one.id for time, one in times if time >= newest - OVERLAP_US}
    seen = {one.id: _entry(one) for _, one in times}
    unseen = [one for one in before.entries if one.id not in seen and one not in missing]
    entries = sorted([*unseen, *seen.values()], key=lambda one: (one.sent, one.id))
    last = {one.id for one in entries[-_REMEMBERED:]}
    return Known(
        before.id, newest, listed, round_, tuple(one for one in entries if one.id in recent | last)[-_MOST_ENTRIES:]
    )


def ended(position: ChangePosition, listed: Sequence[Conversation]) -> ChangePosition:
    """The position once everything was read: only what is recent has to be remembered."""
    since = max([position.since, *map(listed_time, listed), *(one.newest for one in position.known)])
    known = {one.id: one for one in position.known}
    for one in listed:
        if one.id not in known and one.last_message_at is not None:
            known[one.id] = Known(one.id, listed_time(one), listed_time(one), position.round, ())
    ranked = sorted(known.values(), key=lambda one: max(one.newest, one.listed), reverse=True)
    late = [_recent(one) for one in ranked[_REMEMBERED:] if max(one.newest, one.listed) >= since - OVERLAP_US]
    return ChangePosition(since, position.round + 1, (*ranked[:_REMEMBERED], *late[:_MOST_ENTRIES]))


def _recent(known: Known) -> Known:
    """A conversation of which only what may be told again is remembered."""
    begin = (known.newest - OVERLAP_US) // SECOND
    return known._replace(entries=tuple(one for one in known.entries if one.version or one.sent >= begin))


def _entry(message: Message) -> Entry:
    return Entry(message.id, _version(message), _sent(message) // SECOND, message.reply_to or "")


def _version(message: Message) -> str:
    if message.edited_at is None and message.deleted_at is None:
        return ""
    return digest(f"{message.edited_at} {message.deleted_at is None}")[:5]


def tombstone(conversation: str, entry: Entry) -> Message:
    """A message of which only the id and the time are known, as a deleted one."""
    at = from_us(entry.sent * SECOND)
    root = entry.root or None
    return Message(
        id=entry.id, conversation=conversation, author=_NOBODY, sent_at=at, text="", reply_to=root, deleted_at=at
    )


def _sent(message: Message) -> int:
    return 0 if message.sent_at is None else to_us(message.sent_at)


def time_of(message: Message) -> int:
    """When something happened to a message last."""
    edited = message.edited_at
    return max(_sent(message), 0 if edited is None else to_us(edited))


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
