"""Which conversations moved and which threads were answered: a search tells a person; of a bot all are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from dragoman.core.context.clock import current_clock
from dragoman.core.errors import NotFound, PermissionDenied, UnsupportedOperation
from dragoman.core.json_fields import record_of, records_of, text_of
from dragoman.core.model import Conversation
from dragoman.providers.kit.cache import TtlCache
from dragoman.providers.kit.times import EPOCH, from_us, parse_time, to_us
from dragoman.providers.slack.api import Api
from dragoman.providers.slack.conversations import ConversationReader
from dragoman.providers.slack.reading import MessageReader
from dragoman.providers.slack.search import root_in
from dragoman.providers.slack.wire import time_of, ts_of

_WEEK: Final = timedelta(days=7)
_MOST_HITS: Final = 100
_MOST_PAGES: Final = 5
_FRESH: Final = 600.0  # seconds for which it is known which conversations the account is in


class Movement:
    """Tells for one account where something happened.

    Attributes:
        answered: When threads were answered last that a search came upon, by conversation and root; ``None`` where
            no search tells.
    """

    def __init__(self, api: Api, conversations: ConversationReader, reader: MessageReader) -> None:
        self._api = api
        self._conversations = conversations
        self._reader = reader
        self._joined = TtlCache[str, Sequence[str]](1, _FRESH)
        self.answered: Mapping[str, Mapping[str, int]] | None = None

    async def moved(self, since: datetime | None) -> Sequence[Conversation]:
        """The conversations of the account; a person's search tells when most of them moved."""
        joined = self._joined.get("")
        if joined is None:
            joined = [text_of(one, "id") for one in await self._conversations.memberships()]
            self._joined.put("", joined)
        newest = await self._search(since)
        if not newest:
            return [Conversation(id=one) for one in joined]
        found = sorted((one for one in joined if one in newest), key=newest.__getitem__, reverse=True)
        return [Conversation(id=one, last_message_at=from_us(newest[one])) for one in found]

    async def is_gone(self, conversation: str, message: str) -> bool:
        """Whether a message is deleted."""
        try:
            return (await self._reader.raw(conversation, message)).get("subtype") == "tombstone"
        except NotFound:
            return True

    async def _search(self, since: datetime | None) -> Mapping[str, int]:
        """When conversations had their newest message, since a week before a time; nothing where no search tells."""
        self.answered = None
        if await self._api.is_bot() or self._api.may("search:read") is False:
            return {}
        floor, newest, answered = 0 if since is None else to_us(since), dict[str, int](), dict[str, dict[str, int]]()
        day = (since or parse_time(current_clock().wall()) or EPOCH) - _WEEK
        with suppress(NotFound, PermissionDenied, UnsupportedOperation):
            for page in range(1, _MOST_PAGES + 1):
                answer = await self._api.read(
                    "search.messages", query=f"after:{day:%Y-%m-%d}", sort="timestamp", count=_MOST_HITS, page=page
                )
                hits, at = records_of(record_of(answer, "messages"), "matches"), 0
                for hit in hits:
                    room, at = text_of(record_of(hit, "channel"), "id"), time_of(ts_of(hit.get("ts")))
                    newest.setdefault(room, at)
                    if root := root_in(hit):
                        answered.setdefault(room, {}).setdefault(root, at)
                if len(hits) < _MOST_HITS or not floor or at < floor:
                    self.answered = answered if newest else None
                    return newest
        return {}
