"""The part of a store that numbers messages and remembers them with their conversations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from dragoman.core.model import Conversation, Message, Page, SearchPage
from dragoman.core.queries import MessageQuery, SearchQuery

Remember: TypeAlias = Literal["full", "numbers", "off"]
"""What is kept of a message: all of it for searching, its number, or nothing."""

CONVERSATIONS: Final = 5000
"""Most conversations of an account that are listed, the most recent ones."""


class MessageStore(ABC):
    """Messages by number, and a full-text index over them."""

    @abstractmethod
    async def number(
        self, messages: Sequence[Message], remember: Remember = "full", *, account: str = ""
    ) -> list[Message]:
        """The same messages with their numbers and those of the messages that they answer.

        A new message gets the next number, its parent before it. A number is never given twice, whatever crashes, and
        callers that number the same message at the same time get the same number. When this returns, new numbers
        survive a crash. Nothing is written when nothing is new or changed.

        While the store cannot be written, messages keep the numbers that they have, and new ones get none.

        Args:
            messages: As the provider gave them.
            remember: How much to keep; with ``off`` nothing is kept and no number given.
            account: Where they are; empty when each says so itself.

        Raises:
            Unavailable: The store cannot be read.
        """

    @abstractmethod
    async def locate(self, number: int) -> tuple[str, str, str] | None:
        """Account, conversation id and message id of the message with that number; ``None`` when there is none."""

    @abstractmethod
    async def search(self, account: str, query: SearchQuery) -> SearchPage:
        """Search what is remembered of an account, with the numbers of the messages filled in.

        A page and those that its cursor leads to show each message at most once, whatever is added meanwhile.

        Returns:
            A page whose ``back_to`` is the time of the oldest message that is remembered there.

        Raises:
            InvalidArgument: There is nothing to look for in the query, or its cursor belongs to another search.
        """

    @abstractmethod
    async def page(self, account: str, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page of what is remembered of a conversation, with numbers, oldest first; its author filter is passed over.

        Whether that is everything of that time, coverage tells. A cursor is the id of the message to go on after.

        Raises:
            Conflict: That message is not remembered any more.
        """

    @abstractmethod
    async def remember_conversations(self, conversations: Sequence[Conversation]) -> None:
        """Keep what is known of conversations; what a later one leaves out stays.

        While the store cannot be written, nothing is kept.
        """

    @abstractmethod
    async def optimize(self) -> None:
        """Make what many small writes have brought fast to search, in short steps; nothing where it is not worth it."""

    @abstractmethod
    async def conversation(self, account: str, conversation: str) -> Conversation | None:
        """What is known of one conversation; ``None`` when nothing is."""

    @abstractmethod
    async def conversations(self, account: str | None = None) -> list[Conversation]:
        """The known conversations, most recent first, at most :data:`CONVERSATIONS`."""
