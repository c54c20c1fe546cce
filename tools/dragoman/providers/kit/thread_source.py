"""The requests to a service that lists messages and the replies to each of them apart.

:class:`.InlineThreads` reads both as one list, and :class:`.ThreadChanges` finds out what is new in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from dragoman.core.model import Message, Order

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Post(NamedTuple):
    """The place of a message of the service.

    Attributes:
        id: Empty for what cannot be addressed; that is left out.
        root: The first message of the thread that it answers.
        is_listed: It answers one, and stands in the list of the conversation as well.
        replies: How many answer it.
        newest_reply: When it was answered last, in microseconds since 1970; 0 where that is not told.
    """

    id: str
    root: str | None = None
    is_listed: bool = False
    replies: int = 0
    newest_reply: int = 0


@dataclass(frozen=True, slots=True)
class HistoryRange:
    """A window of a conversation's messages.

    Attributes:
        order: ``LATEST`` reads from a time backwards, ``OLDEST`` forwards.
        at: That time in microseconds since 1970; ``None`` is the newest message.
        inclusive: Also what was sent at that very time.
        limit: How many are wanted; the service may give fewer.
    """

    order: Order = Order.LATEST
    at: int | None = None
    inclusive: bool = False
    limit: int = 100


class HistoryPart(Protocol[R_co]):
    """A part of the list of a conversation: its entries in any order, and whether there are more in that direction."""

    @property
    def entries(self) -> Sequence[R_co]:
        """Messages in the service's own form."""
        ...

    @property
    def more(self) -> bool:
        """Whether the list goes on beyond these."""
        ...


class ThreadSource(Protocol[R]):
    """Asks the service. ``R`` is a message in the service's own form."""

    async def history(self, conversation: str, wanted: HistoryRange, /) -> HistoryPart[R]:
        """List messages of a conversation without the replies to them; not an empty part, unless the list ends."""
        ...

    async def replies(self, conversation: str, root: str, since: int | None = None, /) -> Sequence[R]:
        """A message and what answers it, each once, since a time perhaps; of a reply only itself.

        Raises:
            NotFound: There is no such message.
        """
        ...

    async def to_messages(
        self, conversation: str, raw: Sequence[R], part: HistoryPart[R] | None = None, /
    ) -> list[Message]:
        """Messages of the model; ``part`` is what holds all of them, which may have been read and mapped before."""
        ...

    def post(self, raw: R, /) -> Post:
        """The place of a message."""
        ...

    def time_of(self, identifier: str, /) -> int:
        """When a message was sent, as its id tells, in microseconds since 1970; 0 for what is no id."""
        ...

    def is_listed(self, message: Message, /) -> bool:
        """Whether a reply stands in the list of the conversation as well."""
        ...

    async def raw(self, conversation: str, message: str, /) -> R:
        """One message with everything that is known of it.

        Raises:
            NotFound: There is none.
        """
        ...
