"""Where the news of one account go on, for one caller."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from dragoman.core.model import Message
from dragoman.sync.update import Update, identity, version

OVERLAP: Final = timedelta(minutes=2)
"""How long before the last news one asks again, because services show messages in another order than their times."""

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC) + OVERLAP
_MOST_GIVEN: Final = 5000


def shortly_before(time: datetime) -> datetime:
    """A time by :data:`OVERLAP` earlier, or the earliest that can be."""
    return max(time, _EARLIEST) - OVERLAP


@dataclass(frozen=True, slots=True)
class UpdatePosition:
    """What a caller was given already.

    Attributes:
        since: Messages that were written or edited before this time are no news.
        service: The service's own position, where it tells changes.
        caught_up: What the service tells from there on has happened after the caller's first question, so all is news.
        answered_at: When the service last told everything up to then.
        given: What was given of that time and later: version of messages by their identity, and until when it counts.
    """

    since: datetime
    service: str | None = None
    caught_up: bool = False
    given: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    answered_at: datetime | None = None

    def update_of(self, message: Message, *, changed: bool) -> Update | None:
        """The news that a message is; ``None`` when it is none.

        Args:
            message: As the service has it.
            changed: The service says that it is new or edited, whatever its time.
        """
        known = self.given.get(identity(message))
        if known is not None:
            return Update(message, edited=True) if version(message) > known[0] else None
        before = message.sent_at is not None and message.sent_at < self.since
        if message.edited_at is not None and before and message.edited_at >= self.since:
            return Update(message, edited=True)
        return None if before and not changed else Update(message)

    def after(self, given: Collection[Update], left: Iterable[Update]) -> Self:
        """The position once some news were given, and others of the same answer were not."""
        known = {**self.given, **{identity(one.message): (version(one.message), one.until) for one in given}}
        return replace(self, since=self._since_after(given, left), given=known)

    def moved_to(self, service: str | None, *, caught_up: bool) -> Self:
        """The position once everything up to a position of the service was given."""
        oldest = int(self.since.timestamp())
        # What is older than the caller's time is no news anyway.
        recent = {key: (seen, until) for key, (seen, until) in self.given.items() if until >= oldest}
        # Cursors are stored, so they are bounded; what was given first is forgotten first.
        given = dict(list(recent.items())[-_MOST_GIVEN:])
        return replace(self, service=service, caught_up=caught_up, given=given)

    def to_text(self) -> str:
        """For a cursor."""
        answered_at = None if self.answered_at is None else self.answered_at.isoformat()
        members = [self.since.isoformat(), self.service, self.caught_up, dict(self.given), answered_at]
        return json.dumps(members, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Back from a cursor of ours."""
        # Cursors of earlier versions end before the time of the answer.
        since, service, caught_up, given, *more = json.loads(text)
        known = {key: (seen, time) for key, (seen, time) in given.items()}
        answered_at = datetime.fromisoformat(more[0]) if more and more[0] else None
        return cls(datetime.fromisoformat(since), service, caught_up, known, answered_at)

    def _since_after(self, given: Collection[Update], left: Iterable[Update]) -> datetime:
        waiting = min((one.time for one in left), default=None)
        newest = max((one.time for one in given), default=self.since)
        settled = newest - OVERLAP
        return max(self.since, settled if waiting is None else min(waiting, settled))
