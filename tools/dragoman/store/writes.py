"""The parts of a store that make writing safe: the outbox, confirmations, the audit log."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

LEASE: Final = 10
"""Seconds after which a write that nobody renews counts as cut off."""

TOLERANCE: Final = 60
"""Seconds by which the clocks of two processes may differ. What lies further ahead was noted by a wrong clock."""

REPEATED: Final = 60
"""Seconds within which the same content to the same place looks like a mistake."""


UNDELIVERED: Final = 24 * 60 * 60
"""Seconds within which the same content gets the first result while its answer is not known to have arrived."""

LONGEST_OFFER: Final = 600
"""Most seconds for which a confirmation is good."""

EXPOSURE: Final = 24 * 60 * 60
"""Seconds for which a conversation counts that was shown to a viewer."""

MOST_EXPOSURES: Final = 100
"""Most conversations of one viewer, those shown last."""


class State(StrEnum):
    """How far a write has come. ``FAILED``: it was certainly not made. ``UNKNOWN``: it may have been."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A write that is about to be made.

    Attributes:
        conversation: Id of where it goes.
        digest: Hash of exactly the content.
        key: The caller's own name of this write, by which repeating it is recognised.
        who: The client program that asked for it.
        principal: Who was authenticated, empty for the user of this machine; each has keys of their own.
        once: Making it twice leaves two messages, so that the same content soon after is remarked upon.
    """

    account: str
    operation: str
    conversation: str
    digest: str
    key: str | None = None
    who: str = ""
    principal: str = ""
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A write in the outbox.

    Attributes:
        message: Reference of the message that came of it.
        attempts: How often it was begun.
        begun: When it was first begun.
        fresh: It is to be made now; otherwise it was begun before, and must not be made again.
        delivered: The caller is known to have the answer.
    """

    id: int
    intent: Intent
    state: State
    message: str | None
    begun: datetime | None
    finished: datetime | None
    attempts: int = 1
    fresh: bool = False
    delivered: bool = False

    @property
    def digest(self) -> str:
        """Hash of the content."""
        return self.intent.digest

    @property
    def stamp(self) -> str:
        """Changes with everything that happens to the write; who agrees to another attempt agrees to a stamp."""
        return f"{self.id}.{self.attempts}.{self.state.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One line of the audit log.

    Attributes:
        who: The client program.
        conversation: Id of where it went.
        message: Id of the message, where one came of it.
        outcome: ``begun`` and then ``done``, ``failed`` or ``unknown``; ``found`` when the service was looked at later;
            ``asked`` (answered with a preview), ``unseen`` (also, because no person can have seen the question),
            ``declined``, ``cancelled``, ``refused`` (by the policy), ``repeated``, or the code of an error, when
            nothing was given to the service.
        digest: Hash of the content.
        principal: Who was authenticated, empty for the user of this machine.
        write: Number of the outbox's entry, the same in all lines of one write.
        at: When; filled in by the store.
    """

    who: str
    account: str
    operation: str
    conversation: str
    outcome: str
    message: str | None = None
    digest: str | None = None
    principal: str = ""
    write: int | None = None
    at: datetime | None = None


class WriteStore(ABC):
    """The outbox: each write is in it before it is made, and its outcome after.

    A write at work has a lease, which its process renews. One that is pending without a lease was cut off: it is told
    as ``UNKNOWN``. Writes with an outcome are forgotten after 90 days, others never. Every beginning and end is also
    in the audit log, in the same transaction.
    """

    @abstractmethod
    async def begin(self, intent: Intent, *, accepted: str = "", per_minute: int | None = None) -> Entry:
        """Put a write into the outbox before it is made, or return what stands in its way, which is not ``fresh``.

        In its way stand: the same key; without a key the same content of the same principal whose outcome is not
        known, or, where the intent is to be made ``once``, that was written within :data:`REPEATED`, or within
        :data:`UNDELIVERED` when the answer is not known to have arrived. One that failed is taken up again.

        Of any number of callers with the same key or content, in whichever process, one gets a fresh entry. When it
        is returned, it survives a crash.

        Args:
            intent: What is to be made.
            accepted: The stamp of an entry that may be made once more, because somebody has agreed to it.
            per_minute: Most writes of the account in a minute.

        Raises:
            RateLimited: There were as many; ``retry_after`` says when the next may be made.
            Unavailable: The store cannot be written; nothing may be sent then.
        """

    @abstractmethod
    async def find_conflict(self, intent: Intent) -> Entry | None:
        """What would stand in the way of a write, see :meth:`begin`."""

    @abstractmethod
    async def require_rate(self, account: str, per_minute: int | None) -> None:
        """Refuse what :meth:`begin` would refuse now because there were so many writes.

        Raises:
            RateLimited: There were.
        """

    @abstractmethod
    async def find(self, account: str, key: str, principal: str = "") -> Entry | None:
        """The write of that account, key and principal; ``None`` when there was none."""

    @abstractmethod
    async def renew(self, entry: Entry) -> None:
        """Say that a write is still at work; to be said more often than every :data:`LEASE` seconds."""

    @abstractmethod
    async def finish(
        self,
        entry: int,
        state: Literal["done", "failed", "unknown"],
        message: str | None = None,
        *,
        attempts: int | None = None,
        outcome: str = "",
    ) -> bool:
        """Put down how a write ended; ``False`` when it had an outcome already.

        That one attempt failed says nothing of a later one. That one succeeded settles all.

        Args:
            entry: Its number.
            state: ``unknown`` may become one of the others later.
            message: Reference of the message that came of it.
            attempts: Which attempt it was; without it, whichever is the last.
            outcome: What the audit log says, by default the state.
        """

    @abstractmethod
    async def pending(self) -> list[Entry]:
        """The writes without an outcome or with an unknown one, oldest first, at most a thousand."""

    @abstractmethod
    async def deliver(self, entry: int) -> None:
        """Put down that the caller has the answer: until then a repetition gets the first result."""

    @abstractmethod
    async def unknown_outcomes(self, account: str, conversation: str, principal: str) -> list[Entry]:
        """A principal's writes to a conversation within a day whose outcome is unknown, at most a thousand."""

    @abstractmethod
    async def message_refs_since(self, account: str, since: datetime) -> set[str]:
        """References of the messages that came of the writes of an account since then."""

    @abstractmethod
    async def could_be_another(self, entry: Entry, message: str, *, loosely: bool) -> bool:
        """Whether the message with that reference may be the result of another write than this one.

        Args:
            entry: The write in question.
            message: Reference of the message.
            loosely: It is only nearly what was to be written, so any write of the conversation may have been it.
        """


class ConfirmationStore(ABC):
    """One-time tokens by which a person's consent to exactly one content comes back."""

    @abstractmethod
    async def offer(self, digest: str, seconds: float = 600) -> str:
        """A token for the content with that hash, good once within so many seconds. Only its hash is kept."""

    @abstractmethod
    async def redeem(self, token: str, digest: str) -> float:
        """Use a token up, which exactly one caller can, only in time and for the content it was offered for.

        Returns:
            Seconds for which it was still good; 0 when it is not good for the content with that hash.
        """


class ExposureStore(ABC):
    """Whose text was shown to whom, for the flow guard of all processes.

    A viewer is a principal and a client program, a place is an account and the id of a conversation.
    """

    @abstractmethod
    async def record(self, viewer: tuple[str, str], places: Sequence[tuple[str, str]]) -> None:
        """Put down that text of conversations is shown to a viewer, in one transaction."""

    @abstractmethod
    async def list(self, viewer: tuple[str, str]) -> list[tuple[str, str]]:
        """The places that were shown to a viewer within :data:`EXPOSURE`, the last ones first."""


class AuditLog(ABC):
    """Who wrote what where and how it ended, without the texts. It only grows."""

    @abstractmethod
    async def record(self, line: AuditRecord) -> None:
        """Add a line; its time is filled in. When this returns, it survives a crash."""

    @abstractmethod
    async def read(self, limit: int = 100) -> list[AuditRecord]:
        """The last lines, newest first."""
