"""Pages of conversations, for services that list them in no order and know of others that an account is not in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from dragoman.core.folding import fold
from dragoman.core.model import Conversation, Page
from dragoman.core.queries import ConversationQuery
from dragoman.providers.kit.cache import TtlCache
from dragoman.providers.kit.cursor import cut_page

_FRESH: Final = 60.0  # seconds for which a list is good for its next pages
_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)


def matches(conversation: Conversation, words: str) -> bool:
    """Whether a title, id, topic or participant has these words; they are folded."""
    texts = (conversation.title, conversation.id, conversation.topic, *conversation.participants)
    return any(words in fold(text) for text in texts)


class ConversationList:
    """The conversations of one account.

    Args:
        own: Lists those that the account is in, with the times of their last messages as far as these are known.
        elsewhere: Lists others that a text means, such as public channels and people. It is given the query, the
            text without the sign of a title, folded, and those of the account's own that match.
    """

    def __init__(
        self,
        own: Callable[[], Awaitable[Sequence[Conversation]]],
        elsewhere: Callable[[ConversationQuery, str, Sequence[Conversation]], Awaitable[Sequence[Conversation]]],
    ) -> None:
        self._own = own
        self._elsewhere = elsewhere
        self._listed = TtlCache[str, Sequence[Conversation]](1, _FRESH)

    async def page(self, query: ConversationQuery) -> Page[Conversation]:
        """A page, most recent first; those whose last message nobody knows, and those from elsewhere, come last."""
        found = [one for one in await self._sorted(query) if query.kind in (None, one.kind)]
        if query.text:
            wanted = fold(query.text.strip().lstrip("#@"))
            found = [one for one in found if matches(one, wanted)]
            found += await self._elsewhere(query, wanted, found)
        list_id = f"{query.text} {query.kind}"
        return cut_page(found, lambda one: one.id, size=query.limit, cursor=query.cursor, list_id=list_id)

    async def _sorted(self, query: ConversationQuery) -> Sequence[Conversation]:
        known = self._listed.get("") if query.cursor is not None else None
        if known is None:
            known = sorted(await self._own(), key=lambda one: one.last_message_at or _LONG_AGO, reverse=True)
            self._listed.put("", known)
        return known
