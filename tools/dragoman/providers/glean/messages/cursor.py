"""Cursors into the messages of a source system, where the service has none of its own.

A :class:`Position` says after which message to go on, and which messages were given already: the service may
repeat some, and whole conversations overlap in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from dragoman.core.model import Message, Order
from dragoman.core.times import EPOCH, to_us
from dragoman.providers.glean.mapping.message_batch import Batch
from dragoman.providers.kit.cursor import decode, digest, encode, foreign_cursor

_DIGEST: Final = 8  # characters
_MOST_SEEN: Final = 1000
_MOST_KEYS: Final = 8
_YEARS: Final = 300_000_000_000_000_000  # microseconds from 1970 to beyond any time that there is


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two messages.

    Attributes:
        at: Time of the outermost message that was given, or held back because others may share its time, in
            microseconds since 1970.
        id: And its id, which only matters where ``seen`` is unknown.
        coarse: Whether several times can hide behind one.
        seen: Digests of the messages given last; ``None`` when that is unknown.
        edge: Everything up to this time was given, though it may be missing in ``seen``.
        keys: Other times that the service may take for that of the last result, where results are conversations.
        root: Whether the first message of the thread was held back for the end.
        source: The source system's id that is read, where it differs from the one in the conversation.
        thread: The source system's id of the thread, where only a thread of the conversation is read.
        latest: Whether the newest message comes first.
    """

    at: int
    id: str
    coarse: bool = False
    seen: str | None = None
    edge: int | None = None
    keys: tuple[int, ...] = ()
    root: bool = False
    source: str | None = None
    thread: str | None = None
    latest: bool = True

    @classmethod
    def read(cls, cursor: str, order: Order) -> Self | None:
        """Parse a cursor of the lists in this order."""
        position = decode(cls, cursor, list_id=order)
        times = [] if position is None else [position.at, position.edge or 0, *position.keys]
        # A cursor may be made up, and such a time would overflow.
        if any(abs(at) > _YEARS for at in times) or len(times) > _MOST_KEYS + 2:
            raise foreign_cursor()
        return position

    @classmethod
    def after(cls, message: Message, order: Order, *, coarse: bool, root: bool) -> Self | None:
        """The place right after a message; ``None`` when it has no time. ``root`` as the attribute."""
        if message.sent_at is None:
            return None
        return cls(micros(message), message.id, coarse, root=root, latest=order is Order.LATEST)

    def write(self) -> str:
        """As a cursor."""
        return encode(self, list_id=Order.LATEST if self.latest else Order.OLDEST)

    def references(self) -> list[int]:
        """The timestamps to ask with, in milliseconds, the best first.

        The first overlaps with what was given, because the service may exclude its reference and several
        messages may share it. The others step past messages that fill a page of their own.
        """
        latest = self.latest
        if latest:
            # Nobody tells whether the service cuts or rounds its seconds.
            steps = (1000, 500, 0, -1) if self.coarse else (1, 0, -1)
        else:
            steps = (-1, 0, 500, 1000) if self.coarse else (-1, 0, 1)
        bases = sorted({self.at, *self.keys}, reverse=latest)
        return list(dict.fromkeys(base // 1000 + step for base in bases for step in steps))

    def fresh(self, batch: Batch) -> list[Message]:
        """The messages of a batch that were not given yet."""
        known = digests(self.seen)
        return [message for message in batch.messages if self._is_new(message, known, late=batch.whole)]

    def lacks(self, message: Message) -> bool:
        """Whether a single message was not given yet."""
        return self._is_new(message, digests(self.seen), late=True)

    def _is_new(self, message: Message, known: frozenset[str], *, late: bool) -> bool:
        if digest(message.id) in known:
            return False
        if message.sent_at is None:
            return self.seen is not None and self.edge is None
        here, latest = micros(message), self.latest
        if here == self.at:  # the service may order these in its own way
            return self.seen is not None or ((message.id < self.id) if latest else (message.id > self.id))
        if (here < self.at) if latest else (here > self.at):
            return True
        beyond_edge = self.edge is not None and ((here >= self.edge) if latest else (here <= self.edge))
        # A whole conversation as a result comes with messages that an earlier page could not have shown.
        return late and self.seen is not None and not beyond_edge


def next_position(
    order: Order,
    before: Position | None,
    given: Sequence[Message],
    held: Sequence[Message],
    batch: Batch,
    *,
    root: bool,
) -> Position | None:
    """The position after what was just given; ``None`` when no message so far had a time.

    ``held`` were read and come with the next page. ``root``: the first message of the thread is still to come.
    """
    timed = [(micros(one), one.id) for one in (*given, *held) if one.sent_at is not None]
    places = [*timed, (before.at, before.id)] if before else timed
    if not places:
        return None
    at, identifier = min(places) if order is Order.LATEST else max(places)
    page = "".join(digest(one.id) for one in given)
    earlier = (before.seen or "") if before else ""
    crowded = len(earlier + page) > _MOST_SEEN * _DIGEST
    # A cursor must not grow with every page. Beyond so many digests only the last page is remembered one by one, and
    # everything up to the place before it counts as given.
    return Position(
        at,
        identifier,
        batch.coarse or (before is not None and before.coarse),
        seen=page if crowded or (before is not None and before.seen is None) else earlier + page,
        edge=(before.at if crowded or before.seen is None else before.edge) if before else None,
        keys=_keys(order, batch),
        root=root,
        latest=order is Order.LATEST,
    )


def _keys(order: Order, batch: Batch) -> tuple[int, ...]:
    """The outermost time of the results in each sense of it. The service goes on behind one of these."""
    spans = [span for span in batch.spans if span]
    outermost = min if order is Order.LATEST else max
    # Which of its times a conversation is sorted by is not documented.
    senses = [[span[sense] for span in spans if len(span) > sense] for sense in range(4)]
    return tuple(to_us(outermost(times)) for times in senses if times)


def digests(seen: str | None) -> frozenset[str]:
    """Take digests that stand one behind the other apart."""
    whole = seen or ""
    return frozenset(whole[at : at + _DIGEST] for at in range(0, len(whole), _DIGEST))


def micros(message: Message) -> int:
    """The time of a message in microseconds since 1970; 0 without one."""
    return to_us(message.sent_at or EPOCH)
