"""New messages by Convore's events, which tell nothing of changed texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from dragoman.core.errors import NotFound
from dragoman.core.model import Changes, Message
from dragoman.core.times import format_time, parse_time
from dragoman.providers.convore.api import Api
from dragoman.providers.convore.reading import ConvoreReader
from dragoman.providers.kit.event_feed import Event, EventFeed

_MOST_PAGES: Final = 20


class ChangeReader:
    """Follows the events of one account."""

    def __init__(self, api: Api, reader: ConvoreReader) -> None:
        self._api = api
        self._reader = reader
        self._feed = EventFeed(self._events)

    async def changes(self, position: str | None) -> Changes:
        """The messages of the events since a position, each once."""
        batch = await self._feed.since(position)
        found: dict[tuple[str, str], Message] = {}
        # Several events may be about one message.
        for conversation, message in dict.fromkeys(batch.values):
            try:
                found[conversation, message] = await self._reader.get_message(conversation, message)
            except NotFound:
                continue  # it is gone again
        return Changes(messages=list(found.values()), position=batch.position, more=batch.more)

    async def _events(self, after: datetime) -> Sequence[Event[tuple[str, str]]]:
        found: list[Event[tuple[str, str]]] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await self._api.events(format_time(after), cursor)
            for one in page.data:
                at = parse_time(one.created_at)
                # Without its ids an event leads to nothing that could be read.
                if one.id and at and one.conversation_id and one.message_id:
                    found.append(Event(one.id, at, (one.conversation_id, one.message_id)))
            cursor = page.next_cursor
            if not cursor:
                break
        return found
