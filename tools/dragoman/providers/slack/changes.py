"""Which conversations moved and which threads were answered: a search tells a person; of a bot all are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from dragoman.core.errors import NotFound
from dragoman.core.json_fields import text_of
from dragoman.core.model import Conversation
from dragoman.providers.kit.cache import TtlCache
from dragoman.providers.kit.times import from_us
from dragoman.providers.slack.api import Api
from dragoman.providers.slack.conversations import ConversationReader
from dragoman.providers.slack.reading import MessageReader
from dragoman.providers.slack.search import Recent, search_recent

_FRESH: Final = 600.0  # seconds for which it is known which conversations the account is in


class Movement:
    """Tells for one account where something happened."""

    def __init__(self, api: Api, conversations: ConversationReader, reader: MessageReader) -> None:
        self._api = api
        self._conversations = conversations
        self._reader = reader
        self._joined = TtlCache[str, Sequence[str]](1, _FRESH)
        self._recent: Recent | None = None

    async def moved(self, since: datetime | None) -> Sequence[Conversation]:
        """The conversations of the account; a person's search tells when most of them moved."""
        joined = self._joined.get("")
        if joined is None:
            joined = [text_of(one, "id") for one in await self._conversations.memberships()]
            self._joined.put("", joined)
        self._recent = await search_recent(self._api, since)
        if self._recent is None:
            return [Conversation(id=one) for one in joined]
        newest = self._recent.newest
        found = sorted((one for one in joined if one in newest), key=newest.__getitem__, reverse=True)
        return [Conversation(id=one, last_message_at=from_us(newest[one])) for one in found]

    def answered(self) -> Mapping[str, Mapping[str, int]] | None:
        """When threads were answered last, by conversation and root; ``None`` where no search tells."""
        return self._recent.answered if self._recent else None

    async def is_gone(self, conversation: str, message: str) -> bool:
        """Whether a message is deleted."""
        try:
            return (await self._reader.raw(conversation, message)).get("subtype") == "tombstone"
        except NotFound:
            return True
