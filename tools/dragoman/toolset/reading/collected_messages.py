"""Collects the messages of one conversation that pass a query, page after page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from dragoman.accounts.workspace import Account
from dragoman.core.context import progress
from dragoman.core.errors import RateLimited
from dragoman.core.model import Message, Order, Page
from dragoman.core.queries import MessageQuery
from dragoman.toolset.paging.feed import CursorState, Feed, FeedPosition, Source
from dragoman.toolset.paging.filters import matches

_MOST_EXAMINED: Final = 5000
_REPORT_EVERY: Final = 500
_MOST_NAMES: Final = 1000


async def message_source(account: Account, conversation: str, query: MessageQuery) -> Source[Message]:
    """How to read the messages of a conversation in the order of a query."""
    provider = await account.provider()

    def fetch(cursor: str | None) -> Awaitable[Page[Message]]:
        return provider.list_messages(conversation, query if cursor is None else replace(query, cursor=cursor))

    return Source(
        fetch=fetch,
        key=lambda message: message.id,
        cursor_after=lambda message: provider.cursor_after(message, query),
        backwards=query.order is Order.LATEST,
    )


@dataclass(slots=True)
class CollectedMessages:
    """Messages that match, in the order of reading.

    Attributes:
        positions: For each message the function, and its argument, that give the position after it.
        tombstones: Deleted messages among those that were examined.
        end: Gives the position after everything that was examined.
        more: Whether there is something behind it.
        examined: Number of messages that were read.
        other_names: Names of authors whose messages did not match.
        interruption: Why reading had to stop before the page was full.
    """

    messages: list[Message] = field(default_factory=list[Message])
    positions: list[tuple[Callable[[int], FeedPosition | None], int]] = field(
        default_factory=list["tuple[Callable[[int], FeedPosition | None], int]"]
    )
    tombstones: list[Message] = field(default_factory=list[Message])
    end: Callable[[], FeedPosition | None] = lambda: None
    more: bool = False
    examined: int = 0
    other_names: dict[str, None] = field(default_factory=dict[str, None])
    interruption: RateLimited | None = None

    def cursor_after(self, account: str, shown: int) -> CursorState:
        """The cursor behind the first ``shown`` messages."""
        if not 0 < shown < len(self.positions):
            return CursorState({account: self.end()})
        after, index = self.positions[shown - 1]
        return CursorState({account: after(index)})

    def examine(self, feed: Feed[Message], query: MessageQuery) -> None:
        """Examine the messages that the feed has at hand, as many as are still wanted."""
        # Never more than the page takes: the position after the last one has to be known.
        most = min(query.limit - len(self.messages), _MOST_EXAMINED - self.examined)
        messages, after = feed.take(most)
        # Most lists are not filtered, and asking each message for its time takes longer than reading it.
        filtered = query.author is not None or query.since is not None or query.until is not None
        end = next((n for n, one in enumerate(messages) if _past_window(one, query)), None) if filtered else None
        self.examined += len(messages[:end])
        for index, message in enumerate(messages[:end]):
            if message.deleted_at is not None:
                self.tombstones.append(message)
            elif not filtered or matches(message, query):
                self.messages.append(message)
                self.positions.append((after, index))
            elif len(self.other_names) < _MOST_NAMES:
                self.other_names[message.author.name] = None
        if end is None:
            self.end, self.more = partial(after, len(messages) - 1), feed.maybe_more
        else:
            self.end, self.more = lambda: None, False


async def collect(feed: Feed[Message], query: MessageQuery) -> CollectedMessages:
    """Read on until a page is full, the list or the window ends, or too much was examined for one call."""
    taken = CollectedMessages()
    reported = 0
    while True:
        try:
            if await feed.peek() is None:
                break
        except RateLimited as error:
            if not taken.messages:
                raise
            # What was read before the service asked for a pause is an answer.
            taken.interruption = error
            return taken
        taken.examine(feed, query)
        if not taken.more or len(taken.messages) == query.limit or taken.examined == _MOST_EXAMINED:
            return taken
        if taken.examined - reported >= _REPORT_EVERY:
            reported = taken.examined
            await progress.report(reported, f"{reported} messages examined")
    taken.end, taken.more = lambda: None, False
    return taken


def _past_window(message: Message, query: MessageQuery) -> bool:
    """Whether this message, and with it all later ones of the list, is outside of the time window."""
    if message.sent_at is None:
        return False
    if query.order is Order.LATEST:
        return query.since is not None and message.sent_at < query.since
    return query.until is not None and message.sent_at >= query.until
