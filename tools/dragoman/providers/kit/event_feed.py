"""Follows a service's list of events by time: each event once, also one that is recorded late.

The events of the last minutes are listed again, and a position names those of them that were given.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, NamedTuple, TypeVar

from dragoman.core.errors import Conflict, InvalidArgument
from dragoman.core.times import format_time, parse_time
from dragoman.providers.kit.cursor import decode, encode

T = TypeVar("T")

OVERLAP: Final = timedelta(minutes=2)
"""The delay with which a service may record an event."""

CLOCKS_DIFFER: Final = timedelta(minutes=15)
"""The lag of its clock; once an event was seen, only the service's own clock counts."""

_AT_ONCE: Final = 50
_LIST: Final = "events"


class Event(NamedTuple, Generic[T]):
    """Something that happened: its id, when the service recorded it, and what it is about."""

    id: str
    at: datetime
    value: T


class EventBatch(NamedTuple, Generic[T]):
    """Events since a position in the order of recording, the next position, and whether there are more."""

    values: Sequence[T]
    position: str
    more: bool


@dataclass(frozen=True, slots=True)
class _Position:
    after: str
    given: tuple[str, ...]


class EventFeed(Generic[T]):
    """The events of one account.

    Args:
        fetch: Lists all events that were recorded after a time, in any order.
    """

    def __init__(self, fetch: Callable[[datetime], Awaitable[Sequence[Event[T]]]]) -> None:
        self._fetch = fetch

    async def since(self, position: str | None) -> EventBatch[T]:
        """The next events; without a position none, and the position of this moment.

        Raises:
            Conflict: The position is none of this feed.
        """
        start = _decoded(position)
        after = parse_time(start.after) if start else datetime.now(UTC) - CLOCKS_DIFFER
        if after is None:
            raise _unknown()
        events = sorted(await self._fetch(after), key=lambda one: (one.at, one.id))
        if start is None:
            return EventBatch((), _encoded(after, events), more=False)
        given = set(start.given)
        fresh = [one for one in events if one.id not in given]
        told, left = fresh[:_AT_ONCE], fresh[_AT_ONCE:]
        given.update(one.id for one in told)
        # While some are left, the next listing begins at the same time: it would miss them otherwise.
        begin = after if left else max([after, *(one.at - OVERLAP for one in events)])
        # Only what will be listed again has to be named.
        known = [one for one in events if one.id in given and one.at >= begin]
        return EventBatch([one.value for one in told], _encoded(begin, known), more=bool(left))


def _encoded(after: datetime, given: Sequence[Event[T]]) -> str:
    return encode(_Position(format_time(after), tuple(one.id for one in given)), list_id=_LIST)


def _decoded(position: str | None) -> _Position | None:
    try:
        return decode(_Position, position, list_id=_LIST)
    except InvalidArgument as error:
        raise _unknown() from error


def _unknown() -> Conflict:
    return Conflict("The position is not known.", hint="Read the conversations instead.")
