"""Searches messages with the service's own search."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, Self

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Hit, SearchPage
from dragoman.core.permalinks import read_link
from dragoman.core.text_size import run_sized
from dragoman.providers.base.provider import SearchQuery
from dragoman.providers.glean.api import Api
from dragoman.providers.glean.cache import PersonCache
from dragoman.providers.glean.conversation_id import Address, IdKind
from dragoman.providers.glean.errors import gap_in, raise_partial_failure
from dragoman.providers.glean.mapping.mapping import link_of, message_id, metadata_of, to_message
from dragoman.providers.glean.mapping.results import Piece, flatten_results, in_order, snippet_text, text_of
from dragoman.providers.glean.mapping.wire import Result, SearchAnswer, Snippet
from dragoman.providers.glean.messages.reader import MessageReader
from dragoman.providers.glean.messages.scope_check import home_of, is_in_conversation
from dragoman.providers.glean.people import with_names
from dragoman.providers.glean.settings import GleanSettings
from dragoman.providers.kit.cursor import decode, digest, encode
from dragoman.providers.kit.wire import or_empty

MOST: Final = 100
_SNIPPET: Final = 400  # characters
_MARGIN: Final = timedelta(days=2)  # the filter leaves its own day out, and nobody says in which zone days begin
_LIST: Final = "search"
_MOST_SEEN: Final = 1000
_WORD: Final = re.compile(r"\w+")
_SHORTEST: Final = 2


@dataclass(frozen=True, slots=True)
class SearchPosition:
    """The position of a search: the service's cursor, its token, and digests of the hits before.

    A message can come as a hit and as a part of another one.
    """

    cursor: str = ""
    token: str = ""
    seen: tuple[str, ...] = ()

    @classmethod
    def read(cls, cursor: str | None) -> Self:
        """Parse a cursor; without one the beginning."""
        return decode(cls, cursor, list_id=_LIST) or cls()

    def write(self) -> str:
        """As a cursor."""
        return encode(self, list_id=_LIST)

    def fresh(self, pieces: Iterable[Piece]) -> list[Piece]:
        """The pieces that were not given yet, each once."""
        known, found = set(self.seen), list[Piece]()
        for piece in pieces:
            short = digest(message_id(piece.result))
            if short not in known:
                known.add(short)
                found.append(piece)
        return found

    def following(self, answer: SearchAnswer, given: Sequence[Piece]) -> Self | None:
        """The place after an answer; ``None`` at the end, which a cursor that comes again is, too."""
        if not answer.has_more_results or not answer.cursor or answer.cursor == self.cursor:
            return None
        seen = (*self.seen, *(digest(message_id(piece.result)) for piece in given))
        return type(self)(answer.cursor, answer.tracking_token or self.token, seen[-_MOST_SEEN:])


@dataclass(frozen=True, slots=True)
class Finder:
    """Searches on behalf of one person."""

    api: Api
    cache: PersonCache
    settings: GleanSettings

    async def search(self, query: SearchQuery, reader: MessageReader | None) -> SearchPage:
        """A page of hits as the service ranks them; ``reader`` is of the only conversation to search."""
        position = SearchPosition.read(query.cursor)
        name = await self._name(reader) if reader else ""
        answer, raw = await self.api.read("search", self._body(query, name, position), SearchAnswer, family="search")
        # A search in which every source failed is answered with 200 and no results.
        raise_partial_failure(answer, raw.request_id)
        size = len(raw.body)
        pieces = await run_sized(lambda: list(relevant(flatten_results(answer.results), query.text)), size)
        # A message comes as a hit and as a part of another one.
        fresh = position.fresh([one for one in pieces if self._inside(one, reader)])
        homes = [reader.conversation if reader else self._home(one) for one in fresh]
        hits = await run_sized(lambda: list(map(to_hit, fresh, homes)), size)
        messages = await with_names(self.api, self.cache, [hit.message for hit in hits])
        following = position.following(answer, fresh)
        return SearchPage(
            items=[replace(hit, message=message) for hit, message in zip(hits, messages, strict=True)],
            cursor=following.write() if following else None,
            missed=gap_in(answer),
        )

    async def source_of(self, name: str) -> str:
        """The source system's id of a channel, from the link of any message in it; empty when none tells."""
        body = {"query": "", "pageSize": 10, "requestOptions": self._options([_facet("channel", name)])}
        answer, _ = await self.api.read("search", body, SearchAnswer, family="search")
        # No request tells the id of a channel; links of its messages hold it.
        for piece in flatten_results(answer.results):
            link = read_link(link_of(piece.result))
            container = (metadata_of(piece.result).container or "").lstrip("#")
            if link is not None and container.casefold() == name.lstrip("#").casefold():
                return link.channel
        return ""

    def _body(self, query: SearchQuery, name: str, position: SearchPosition) -> dict[str, object]:
        facets = [_facet("channel", name)] if name else []
        # The facet takes addresses alone; names are matched by the caller.
        if query.author and "@" in query.author.strip().lstrip("@"):
            facets.append(_facet("from", query.author.strip()))
        if query.since is not None and (day := _day_before(query.since)) is not None:
            facets.append(_facet("last_updated_at", day, "GT"))
        body: dict[str, object] = {
            "query": query.text,
            "pageSize": max(1, min(query.limit, MOST)),
            "maxSnippetSize": _SNIPPET,
            "requestOptions": self._options(facets),
        }
        following = {"cursor": position.cursor, "trackingToken": position.token}
        return body | {key: value for key, value in following.items() if value}

    def _options(self, facets: Sequence[object]) -> dict[str, object]:
        options: dict[str, object] = {
            "facetBucketSize": 0,
            "datasourcesFilter": [self.cache.connector or self.settings.connector],
            # The words are looked for as they were typed; corrections would hide that nothing has them.
            "disableSpellcheck": True,
            "disableQueryAutocorrect": True,
        }
        return {**options, "facetFilters": list(facets)} if facets else options

    async def _name(self, reader: MessageReader) -> str:
        """The channel's name, by which the search filters; empty where there is no such filter."""
        if reader.address.where is not IdKind.CHANNEL:
            return ""
        if reader.address.looks_like_an_id and reader.conversation not in self.cache.names:
            self.cache.learn(reader.conversation, await reader.fetch())
        return self.cache.names.get(reader.conversation) or reader.address.id

    def _inside(self, piece: Piece, reader: MessageReader | None) -> bool:
        """Whether a piece is in the conversation that is searched; where nothing tells, the filter did."""
        if reader is None:
            return True
        if reader.address.where is IdKind.DOCUMENT:
            wholes = [piece.whole or piece.result, piece.result]
            return reader.address.id in {message_id(one) for one in wholes}
        # Facets filter by name, which two channels may share.
        inside = is_in_conversation(piece.result, reader.address, self.cache.sources.get(reader.conversation) or "")
        return inside is True or (inside is None and reader.address.where is IdKind.CHANNEL)

    def _home(self, piece: Piece) -> str:
        """The conversation of a hit; the name of its channel is learned with it."""
        conversation = home_of(piece, self.settings)
        name = metadata_of(piece.result).container
        if name:
            self.cache.names.put(conversation, name.lstrip("#"))
        return conversation


def searchable(address: Address) -> None:
    """Refuse to search in a chat, which the service cannot."""
    if address.where is IdKind.CHAT:
        raise InvalidArgument("Glean does not search its chats.", hint="Read the chat with list_messages.")


def _facet(name: str, value: str, relation: str = "EQUALS") -> dict[str, object]:
    return {"fieldName": name, "values": [{"value": value, "relationType": relation}]}


def _day_before(since: datetime) -> str | None:
    """A day that is safely before a time. A message was last updated at the earliest when it was written."""
    try:
        return (since - _MARGIN).date().isoformat()
    except OverflowError:
        return None


def relevant(pieces: Iterable[Piece], query: str) -> Iterator[Piece]:
    """The pieces that were looked for.

    A part of something larger counts when it has a word of the query. Where no part has one, because the service
    looks for meaning, all parts of a whole conversation count.
    """
    words = {word.casefold() for word in _WORD.findall(query) if len(word) >= _SHORTEST}
    for _, group in groupby(pieces, key=lambda piece: id(piece.whole) if piece.whole else None):
        parts = list(group)
        matching = [one for one in parts if _has(one.result, words) or (one.whole is None and one.beneath is None)]
        everything = [one for one in parts if one.beneath is None]
        yield from matching or everything


def to_hit(piece: Piece, conversation: str) -> Hit:
    """A hit with the passage that the service shows, where it shows one that is not the whole text."""
    message = to_message(piece.result, conversation)
    first = next((one for one in in_order(or_empty(piece.result.snippets)) if snippet_text(one)), None)
    if first is None:
        return Hit(message=message)
    excerpt = snippet_text(first)
    return Hit(message=message, excerpt=excerpt, highlights=tuple(_highlights(first, excerpt)))


def _highlights(snippet: Snippet, excerpt: str) -> Iterator[tuple[int, int]]:
    """The marked stretches. They count characters of plain text, so those of markup are left out."""
    if snippet.text != excerpt:
        return
    for one in or_empty(snippet.ranges):
        start, end = one.start_index, one.end_index
        if start is not None and end is not None and 0 <= start < end <= len(excerpt):
            yield start, end


def _has(result: Result, words: set[str]) -> bool:
    text = text_of(result)[0].casefold()
    return any(word in text for word in words)
