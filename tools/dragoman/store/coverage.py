"""Which stretches of time of a conversation the store holds completely, as intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
"""Before all messages, those without a time included."""

OPEN: Final = datetime.max.replace(tzinfo=UTC)
"""The end of a span that goes up to the present."""

FRESH: Final = timedelta(minutes=3)
"""What is held is told without asking the service while the last round of a sync is no longer ago."""

INSTANT: Final = timedelta(microseconds=1)
"""The shortest time between two different times."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of time.

    Attributes:
        since: Its first instant.
        until: The first instant after it.

    Raises:
        ValueError: It is empty.
    """

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        """Refuse an empty span."""
        if self.since >= self.until:
            raise ValueError("a span ends after it begins")

    def meets(self, other: Span) -> bool:
        """Do the two overlap or touch, so that they are one."""
        return self.since <= other.until and other.since <= self.until


@dataclass(frozen=True, slots=True)
class Coverage:
    """Spans in their order, none of which meets another. Made by :meth:`of`."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, spans: Iterable[Span]) -> Self:
        """The union of any spans."""
        merged: list[Span] = []
        # By their beginnings, so that a span can meet the last merged one only.
        for span in sorted(spans):
            if merged and merged[-1].meets(span):
                merged[-1] = Span(merged[-1].since, max(merged[-1].until, span.until))
            else:
                merged.append(span)
        return cls(tuple(merged))

    @property
    def newest(self) -> Span | None:
        """The last span."""
        return self.spans[-1] if self.spans else None

    @property
    def reach(self) -> datetime | None:
        """How far back from the present nothing is missing; ``None`` when the present is not covered."""
        newest = self.newest
        # Spans that touch are one, so whatever is before this span has a gap behind it.
        return newest.since if newest is not None and newest.until == OPEN else None

    def add(self, span: Span) -> Self:
        """The same and a span."""
        return self.of((*self.spans, span))

    def subtract(self, span: Span) -> Self:
        """The same without a span."""
        return type(self)(tuple(rest for one in self.spans for rest in _without(one, span)))

    def covers(self, span: Span) -> bool:
        """Whether all of a span is covered."""
        return any(one.since <= span.since and span.until <= one.until for one in self.spans)

    def gaps(self, span: Span) -> tuple[Span, ...]:
        """What of a span is not covered, in order."""
        return type(self)((span,)).minus(self).spans

    def minus(self, other: Coverage) -> Self:
        """The same without all that another covers."""
        left = self
        for span in other.spans:
            left = left.subtract(span)
        return left


NOTHING_COVERED: Final = Coverage()


def _without(one: Span, gone: Span) -> Iterator[Span]:
    if gone.until <= one.since or one.until <= gone.since:
        yield one
        return
    if one.since < gone.since:
        yield Span(one.since, gone.since)
    if gone.until < one.until:
        yield Span(gone.until, one.until)
