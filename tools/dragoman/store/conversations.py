"""The part of a store that holds conversations of its own: what was imported, and what is written to the local account.

An implementation opens transactions (:class:`ConversationStore`) and gives each the same plain operations
(:class:`ConversationTables`). What an import or an edit means is decided by the caller, for every database alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from dragoman.core.model import Author, Conversation, Message, SearchPage
from dragoman.core.queries import SearchQuery

if TYPE_CHECKING:
    from dragoman.store.sql.messages.prepared import PreparedColumns

T = TypeVar("T")

MOST_CHANGES: Final = 100_000
"""Changes that a store keeps at least."""


def conversation_key(conversation: str) -> Hashable:
    """The key under which :meth:`ConversationStore.read` caches a conversation with its count."""
    return conversation


def message_key(conversation: str, message: str) -> Hashable:
    """The key under which :meth:`ConversationStore.read` caches a message with the number of its replies."""
    return conversation, message


Merge: TypeAlias = Callable[[Message, Message], Message]
"""Takes the stored and the new message; returns the one to store, or the stored one itself to change nothing."""


def merge_by_id(messages: Sequence[Message], merge: Merge) -> dict[str, Message]:
    """The messages by their ids; versions of one message are merged in their order."""
    merged: dict[str, Message] = {}
    for message in messages:
        before = merged.get(message.id)
        merged[message.id] = message if before is None else merge(before, message)
    return merged


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRow:
    """A stored conversation.

    Attributes:
        key: The store's own number of the conversation.
        known: A service or the user described it; otherwise only messages of it were read.
        message_count: How many visible messages it has.
        oldest_us: Time of the oldest of them.
        last_activity_us: Time by which conversations are sorted.
    """

    key: int
    known: bool
    message_count: int
    oldest_us: int | None
    last_activity_us: int
    conversation: Conversation

    @property
    def with_count(self) -> Conversation:
        """The conversation with the number of messages that are stored here."""
        return replace(self.conversation, messages=self.message_count)


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A stored message.

    Attributes:
        position: Time in microseconds and the store's number: the order of a conversation.
        visible: It may be shown; a tombstone may not.
    """

    message: Message
    position: tuple[int, int]
    visible: bool


@dataclass(frozen=True, slots=True)
class ChangeLog:
    """What was recorded of changes.

    Attributes:
        oldest: Number of the first change that is still known; 1 where none was recorded.
        newest: Number of the last one, 0 where none was recorded.
        changes: Some of them in their order: number, conversation and message.
    """

    oldest: int
    newest: int
    changes: Sequence[tuple[int, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """Which messages of a conversation.

    Attributes:
        thread: Id of a message: only it and the replies below it.
        author: Part of a name, an id or an e-mail address.
        since: Not before this time.
        until: Before this time.
        after: Position of the message to go on from, in the direction of reading.
        newest_first: The direction of reading.
    """

    thread: str | None = None
    author: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: tuple[int, int] | None = None
    newest_first: bool = True
    limit: int = 50


class ConversationTables(ABC):
    """What can be done within one transaction. Blocks; a worker thread runs it."""

    @abstractmethod
    def counts(self) -> tuple[int, int]:
        """How many conversations and visible messages there are."""

    @abstractmethod
    def find(self, conversation: str) -> ConversationRow | None:
        """The conversation with that id."""

    @abstractmethod
    def recent(self, text: str, *, exact: bool, before: tuple[int, int] | None) -> Iterator[ConversationRow]:
        """The known conversations, most recent first.

        Args:
            text: Only those with it in their title or among their people, folded; empty for all.
            exact: Only those that are called so as a whole.
            before: ``(last_activity_us, key)`` of the one to go on after.
        """

    @abstractmethod
    def describe(self, conversation: Conversation) -> None:
        """Create a conversation, or change it; what the new version leaves out stays as it was."""

    @abstractmethod
    def get(self, conversation: str, message: str) -> StoredMessage | None:
        """What is stored under an id, also a tombstone."""

    @abstractmethod
    def find_with_message(self, conversation: str, message: str) -> tuple[ConversationRow, StoredMessage | None] | None:
        """A conversation and a message of it, with the number of its replies."""

    @abstractmethod
    def page(self, conversation: ConversationRow, query: PageQuery) -> list[StoredMessage]:
        """Visible messages of a conversation, in the direction of reading."""

    @abstractmethod
    def reply_counts(self, conversation: ConversationRow, ids: Sequence[str]) -> dict[str, int]:
        """How many visible messages answer each of these; those without an answer are left out."""

    @abstractmethod
    def put(self, conversation: str, messages: Iterable[Message], merge: Merge | None = None) -> int:
        """Store messages, also several versions of one, in the order in which they came.

        Args:
            conversation: Its id.
            messages: Any number.
            merge: Decides what is stored of a message that is there already; by default the new one.

        Returns:
            How many of them are new and visible.
        """

    @abstractmethod
    def insert_prepared(self, conversation: str, authors: Sequence[Author], prepared: PreparedColumns) -> int | None:
        """Store messages that were prepared, or none of them when one is there already.

        Args:
            conversation: Its id.
            authors: Their authors.
            prepared: The columns of at least one.

        Returns:
            How many of them are visible; ``None`` when nothing was stored, so that they are to be given to :meth:`put`.
        """

    @abstractmethod
    def record_change(self, conversation: str, message: str) -> None:
        """Note that a message is new or has changed. The last :data:`MOST_CHANGES` notes are kept."""

    @abstractmethod
    def changes_after(self, number: int, limit: int) -> ChangeLog:
        """The changes after the one with that number."""

    @abstractmethod
    def search(self, query: SearchQuery) -> SearchPage:
        """One page of hits, best first.

        Raises:
            InvalidArgument: The query has nothing to look for, or the cursor belongs to another search.
        """

    @abstractmethod
    def ids_after(self, prefix: str, after: int) -> list[tuple[int, str, str, tuple[str, ...]]]:
        """Some messages behind a position, in conversations whose ids begin so.

        Returns:
            Position, id, conversation, and ids of messages that each names: its parent, and ``extra["references"]``.
        """

    @abstractmethod
    def find_import(self, digest: str) -> str | None:
        """The report of an import with this digest, if all of its conversations are still as full."""

    @abstractmethod
    def record_import(self, digest: str, report: str, conversations: Iterable[str]) -> None:
        """Keep the report of a complete import, and how many messages its conversations hold by now."""


class ConversationStore(ABC):
    """Transactions over stored conversations. Tasks, threads and processes may share one."""

    @property
    @abstractmethod
    def name(self) -> str:
        """How errors call it."""

    @property
    @abstractmethod
    def writable(self) -> bool:
        """Whether this user may write to it, also when its disk is full just now."""

    @abstractmethod
    def peek(self, key: Hashable) -> tuple[Any] | None:
        """The cached result of an earlier :meth:`read` in a tuple, without waiting, while nobody has written since."""

    @abstractmethod
    async def read(self, key: Hashable | None, work: Callable[[ConversationTables], T], *, single: bool = False) -> T:
        """Run ``work`` on one consistent state.

        Args:
            key: Under it the result is cached, and then nobody may change it; without one the store is always read.
            work: Reads.
            single: It asks the tables exactly once.

        Raises:
            DragomanError: The store cannot be read.
        """

    @abstractmethod
    async def write(self, work: Callable[[ConversationTables], T]) -> T:
        """Run ``work`` in a transaction; when this returns, what it wrote survives a crash and a power cut.

        What has begun is finished even when the caller is cancelled. An exception undoes it all.

        Raises:
            NotWritableError: The store cannot be written now, and may be later.
            DragomanError: Nothing was written.
        """

    async def optimize(self) -> None:  # noqa: B027 - most databases need nothing of the kind
        """Make what an import has brought fast to read, where the database needs that. Others may write meanwhile.

        Raises:
            DragomanError: The store cannot be written now. What was stored is complete nevertheless.
        """
