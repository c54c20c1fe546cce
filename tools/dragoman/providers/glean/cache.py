"""Caches names and traits of conversations, and messages for a moment only.

Each person that the account acts for has a cache, so that nobody learns through it what another one may see.
Everything is bounded; forgetting costs a request and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dragoman.core.model import Author
from dragoman.providers.glean.mapping.chat_wire import Chat
from dragoman.providers.glean.mapping.message_batch import Batch
from dragoman.providers.kit.cache import LruCache, TtlCache
from dragoman.providers.kit.lookup import Lookup
from dragoman.transport.http import DerivedCache

_MOST_BORDERS: Final = 500
_FRESH: Final = 2.0  # seconds in which the first page that told a title may still serve as first page


@dataclass(slots=True)
class ListTraits:
    """Traits of a conversation's list of messages.

    ``irregular``: a place in the list is more than a time. ``coarse``: times are whole seconds. ``borders``: times at
    which pages began or ended; others may have the same on the other side.
    """

    irregular: bool = False
    coarse: bool = False
    borders: frozenset[datetime] = frozenset()


@dataclass(slots=True)
class PersonCache:
    """Caches of one person: services show each person something else.

    Attributes:
        names: What people call a channel, by conversation id.
        listed: Names of channels that ``list_conversations`` showed.
        sources: The source system's id behind such a name, by conversation id; empty where there is none.
        traits: By conversation id.
        links: Ids of messages by the permalinks that came with them.
        people: Finds authors by the service's id, once somebody needed one.
        early: First answers that were asked for a title; the call that follows may take them.
        batches: By the answer that they came in.
        connector: What searches call the account's datasource: the service's own word, seen on a message of it.
        people_refused: The credentials do not allow to look people up.
    """

    names: LruCache[str, str] = field(default_factory=lambda: LruCache(4000))
    listed: LruCache[str, None] = field(default_factory=lambda: LruCache(8000))
    sources: LruCache[str, str] = field(default_factory=lambda: LruCache(2000))
    traits: LruCache[str, ListTraits] = field(default_factory=lambda: LruCache(2000))
    links: LruCache[str, str] = field(default_factory=lambda: LruCache(4000))
    people: Lookup[str, Author] | None = None
    early: TtlCache[str, Batch | Chat] = field(default_factory=lambda: TtlCache(4, _FRESH))
    batches: DerivedCache[Batch] = field(default_factory=DerivedCache[Batch])
    connector: str = ""
    people_refused: bool = False

    def learn(self, conversation: str, batch: Batch) -> None:
        """Store what a batch shows about its conversation."""
        if batch.name:
            self.names.put(conversation, batch.name)
        traits = self.traits.get(conversation) or ListTraits()
        for one in (*batch.messages, batch.root):
            if one is not None and one.url:
                self.links.put(one.url, one.id)
        times = [one.sent_at for one in batch.messages if one.sent_at]
        borders = traits.borders if len(traits.borders) < _MOST_BORDERS else frozenset[datetime]()
        if times:
            borders |= {min(times), max(times)}
        self.traits.put(
            conversation, ListTraits(traits.irregular or batch.irregular, traits.coarse or batch.coarse, borders)
        )
