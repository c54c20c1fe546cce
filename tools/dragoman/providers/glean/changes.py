"""Conversations with something new: chats by their list, others by a search for recent updates."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from dragoman.core.errors import NotFound, PermissionDenied
from dragoman.core.model import Conversation
from dragoman.core.queries import SearchQuery
from dragoman.providers.glean.chat.chats import Chats
from dragoman.providers.glean.search import MOST, Finder

INDEX_DELAY: Final = timedelta(days=1)
"""The delay with which messages may appear, because source systems are indexed."""

_MOST_PAGES: Final = 5


async def moved_conversations(chats: Chats, finder: Finder, since: datetime | None) -> Sequence[Conversation]:
    """The conversations in which something was updated since the day before a time, in no order.

    Where the search finds more than is read of it, nothing is said of their times, so that all of them are looked at.
    """
    found = list[Conversation]()
    # A tenant may have no chats, or a token without the scope for them.
    with suppress(NotFound, PermissionDenied):
        found += await chats.conversations()
    times, query = dict[str, datetime](), SearchQuery(text="", since=since, limit=MOST)
    for _ in range(_MOST_PAGES):
        page = await finder.search(query, None)
        for one in (hit.message for hit in page.items):
            at = one.edited_at or one.sent_at
            if at is not None:
                times[one.conversation] = max(at, times.get(one.conversation, at))
        query = replace(query, cursor=page.cursor)
        if page.cursor is None:
            break
    # A time that the search did not reach would make a conversation look quiet.
    is_all = query.cursor is None
    return [*found, *(Conversation(id=one, last_message_at=at if is_all else None) for one, at in times.items())]
