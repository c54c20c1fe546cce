"""Cursors into the messages of a source system, where the service has none of its own.

A :class:`Mark` says after which message to go on, and which messages were given already: the service may
repeat some, and whole conversations overlap in time.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Message, Order
from dragoman.providers.glean.mapping.message_batch import Batch
from dragoman.providers.glean.mapping.times import EPOCH

_DIGEST: Final = 8  # characters
_MOST_SEEN: Final = 1000
_MICROSECOND: Final = timedelta(microseconds=1)
_YEARS: Final = 300_000_000_000_000_000  # microseconds from 1970 to beyond any time that there is
_Micros = Annotated[int, Field(ge=-_YEARS, le=_YEARS)]


class Mark(BaseModel):
    """A place between two messages.

    Attributes:
        order: Of the list that it belongs to.
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
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    order: Literal["latest", "oldest"] = Field(alias="o")
    at: _Micros = Field(alias="t")
    id: str = Field(alias="i")
    coarse: bool = Field(default=False, alias="c")
    seen: str | None = Field(default=None, alias="s", pattern=r"^[A-Za-z0-9_-]*$")
    edge: _Micros | None = Field(default=None, alias="w")
    keys: list[_Micros] = Field(default_factory=list[int], alias="k", max_length=8)
    root: bool = Field(default=False, alias="r")
    source: str | None = Field(default=None, alias="x")
    thread: str | None = Field(default=None, alias="h")

    @classmethod
    def read(cls, cursor: str, order: Order) -> Self:
        """Read a cursor back.

        Raises:
            InvalidArgument: It is none of this order's lists.
        """
        try:
            mark = cls.model_validate_json(cursor)
        except ValidationError:
            mark = None
        if mark is None or mark.order != order.value:
            raise InvalidArgument("This cursor belongs to another list.", hint="Repeat the call without cursor.")
        return mark

    @classmethod
    def after(cls, message: Message, order: Order, *, coarse: bool, root: bool) -> Self | None:
        """The place right after a message; ``None`` when it has no time. ``root`` as the attribute."""
        if message.sent_at is None:
            return None
        return cls.model_validate({"o": order.value, "t": micros(message), "i": message.id, "c": coarse, "r": root})

    def write(self) -> str:
        """As a cursor."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)

    def references(self) -> list[int]:
        """The timestamps to ask with, in milliseconds, the best first.

        The first overlaps with what was given, because the service may exclude its reference and several
        messages may share it. The others step past messages that fill a page of their own.
        """
        latest = self.order == "latest"
        if latest:
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
        here, latest = micros(message), self.order == "latest"
        if here == self.at:  # the service may order these in its own way
            return self.seen is not None or ((message.id < self.id) if latest else (message.id > self.id))
        if (here < self.at) if latest else (here > self.at):
            return True
        beyond_edge = self.edge is not None and ((here >= self.edge) if latest else (here <= self.edge))
        return late and self.seen is not None and not beyond_edge


def next_mark(
    order: Order, before: Mark | None, given: Sequence[Message], held: Sequence[Message], batch: Batch, *, root: bool
) -> Mark | None:
    """The place after what was just given; ``None`` when no message so far had a time.

    Args:
        order: Of the list.
        before: The place before.
        given: The messages of this page.
        held: Messages that were read and come with the next page.
        batch: What was read last.
        root: Whether the first message of the thread is still to come.
    """
    timed = [(micros(one), one.id) for one in (*given, *held) if one.sent_at is not None]
    places = [*timed, (before.at, before.id)] if before else timed
    if not places:
        return None
    at, identifier = min(places) if order is Order.LATEST else max(places)
    page = "".join(digest(one.id) for one in given)
    earlier = (before.seen or "") if before else ""
    crowded = len(earlier + page) > _MOST_SEEN * _DIGEST
    return Mark.model_validate({
        "o": order.value,
        "t": at,
        "i": identifier,
        "c": batch.coarse or (before is not None and before.coarse),
        "s": page if crowded or (before is not None and before.seen is None) else earlier + page,
        "w": before and (before.at if crowded or before.seen is None else before.edge),
        "k": _keys(order, batch),
        "r": root,
    })  # fmt: skip


def _keys(order: Order, batch: Batch) -> list[int]:
    """The outermost time of the results in each sense of it. The service goes on behind one of these."""
    spans = [span for span in batch.spans if span]
    outermost = min if order is Order.LATEST else max
    senses = [[span[sense] for span in spans if len(span) > sense] for sense in range(4)]
    return [_since_epoch(outermost(times)) for times in senses if times]


@lru_cache(maxsize=4096)
def digest(identifier: str) -> str:
    """A short stand-in for an id; those of a page come again with the next one."""
    whole = hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(whole[: _DIGEST * 6 // 8]).decode()


def digests(seen: str | None) -> frozenset[str]:
    """Take digests that stand one behind the other apart."""
    whole = seen or ""
    return frozenset(whole[at : at + _DIGEST] for at in range(0, len(whole), _DIGEST))


def micros(message: Message) -> int:
    """The time of a message in microseconds since 1970; 0 without one."""
    return _since_epoch(message.sent_at or EPOCH)


def _since_epoch(at: datetime) -> int:
    return (at - EPOCH) // _MICROSECOND
