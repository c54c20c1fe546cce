"""What a store knows of how current it is: leases, what sync has read, coverage, and what has arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dragoman.core.errors import Conflict
from dragoman.core.model import Conversation, Message
from dragoman.store.coverage import BEGINNING, INSTANT, NOTHING_COVERED, OPEN, Coverage, Span

LEASE: Final = 30
"""Seconds after which a lease that nobody renews is free."""

CLOCK_TOLERANCE: Final = 25
"""Seconds by which a lease may end later than it should. One that ends still later was noted by a wrong clock."""

MOST_ARRIVALS: Final = 100_000
"""Arrivals that a store keeps at least."""


class LeaseLostError(Conflict):
    """Another process has taken the lease; nothing of the step was stored."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to keep an account current.

    Attributes:
        account: Which account.
        holder: Name of the process that has it.
        fence: Grows with each taking, so that a step of an earlier holder is refused.
    """

    account: str
    holder: str
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What went wrong since the last success.

    Attributes:
        failures: How often in a row.
        error: What the last failure says, for people.
        retry_at: When it is tried again.
    """

    failures: int = 0
    error: str = ""
    retry_at: datetime | None = None


NO_FAILURE: Final = Attempts()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSync:
    """How far an account is.

    Attributes:
        position: The service's position of changes; ``None`` where it has none, or none yet.
        listing: Where the list of all conversations goes on, while it is read; ``None`` else.
        listed_at: When all conversations were last listed; ``None`` before that was done once.
        fresh_at: When the service last told what is new. The conversations that ``follow`` are known up to then.
        began_at: When sync began: what was written since is news, what is older is history.
        attempts: Failures of the account as a whole.
    """

    position: str | None = None
    listing: str | None = None
    listed_at: datetime | None = None
    fresh_at: datetime | None = None
    began_at: datetime | None = None
    attempts: Attempts = NO_FAILURE


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationSync:
    """How far a conversation is.

    Attributes:
        id: Of the conversation.
        cursor: The provider's cursor with which reading into the past goes on; empty for none.
        cursor_at: The beginning of the span that it goes on from; it is good for no other.
        last_message_at: What the service last told of it.
        checked_at: When its newest messages were last read.
        follows: The account's rounds tell what is new in it, so it is known up to the account's ``fresh_at``.
        listed_at: When the service last named it.
        gone_at: When the service said that it is not there; ``None`` while it is.
        attempts: Failures of this conversation.
        reach: How far back from the present it is held; ``None`` when its newest messages are not. Filled in by the
            store from the coverage.
    """

    id: str
    cursor: str = ""
    cursor_at: datetime | None = None
    last_message_at: datetime | None = None
    checked_at: datetime | None = None
    follows: bool = False
    listed_at: datetime | None = None
    gone_at: datetime | None = None
    attempts: Attempts = NO_FAILURE
    reach: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStep:
    """What one step of a sync has brought. It is stored wholly or not at all, in the order of these members.

    Attributes:
        messages: To remember; a tombstone removes the content of a message.
        news: Messages to remember that have arrived or were edited; they are noted as arrivals.
        news_since: Of the news that the store had already, what was written and edited before then is none;
            ``None``: the service itself says that all of them are.
        conversations: What the service tells of conversations.
        behind_from: From then on nothing is known any more of the conversations that ``follow``.
        uncovered: Spans of conversations that are not held completely.
        covered: Spans of conversations of which every message is in the store after this step.
        states: How far conversations are; each replaces what was there, but for ``reach``.
        account: How far the account is; replaces what was there.
    """

    messages: Sequence[Message] = ()
    news: Sequence[Message] = ()
    news_since: datetime | None = None
    conversations: Sequence[Conversation] = ()
    behind_from: datetime | None = None
    uncovered: Sequence[tuple[str, Span]] = ()
    covered: Sequence[tuple[str, Span]] = ()
    states: Sequence[ConversationSync] = ()
    account: AccountSync | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationCoverage:
    """What the store holds of a conversation.

    Attributes:
        coverage: The spans; one that ends :data:`OPEN` goes up to ``fresh_at``.
        fresh_at: When the newest messages were last asked for; ``None`` when they are not covered.
    """

    coverage: Coverage = NOTHING_COVERED
    fresh_at: datetime | None = None

    def covers(self, since: datetime | None = None, until: datetime | None = None) -> bool:
        """Whether every message of that time is in the store, as of ``fresh_at``.

        Args:
            since: The first instant; ``None`` is the beginning of the conversation.
            until: The first instant after it; ``None``, or later than ``fresh_at``, is the present.
        """
        first = BEGINNING if since is None else since
        if until is None or (self.fresh_at is not None and until > self.fresh_at):
            until = OPEN
        if until == OPEN:
            reach = self.coverage.reach
            return self.fresh_at is not None and reach is not None and reach <= first
        return until <= first or self.coverage.covers(Span(first, max(until, first + INSTANT)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A conversation, or the account where ``conversation`` is empty, that could not be read."""

    conversation: str
    attempts: Attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSummary:
    """How current an account is.

    Attributes:
        conversations: How many the service has, as far as they were listed.
        held: Of how many the store holds everything since the time that was asked about.
        oldest: Time of the oldest message of the account in the store.
        listed: All conversations of the service were listed.
        fresh_at: When the service last told what is new.
        failures: The account first, then conversations, at most ten.
        failed: How many conversations could not be read.
        holder: Name of the process that keeps the account current now; empty for none.
    """

    conversations: int = 0
    held: int = 0
    oldest: datetime | None = None
    listed: bool = False
    fresh_at: datetime | None = None
    failures: Sequence[Failure] = ()
    failed: int = 0
    holder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message that has arrived, or was edited.

    Attributes:
        serial: Grows with every arrival in the store.
        first: The serial with which the message itself arrived; less than ``serial`` for an edited one, and 0 when the
            message is older than the sync.
        message: As it is stored now.
    """

    serial: int
    first: int
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """A part of all arrivals, in their order, each message once with its last version.

    Attributes:
        oldest: Before this serial the log has been cut; it is complete from there on.
        newest: The last serial that was ever given in the store; 0 for none.
    """

    items: Sequence[Arrival]
    oldest: int
    newest: int
