"""The conversations that can be listed: channels that searches can be narrowed to, and chats."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from dragoman.core.errors import NotFound, PermissionDenied
from dragoman.core.model import Conversation, ConversationKind, Page
from dragoman.core.names import conversation_matches_text
from dragoman.providers.base.provider import ConversationQuery
from dragoman.providers.glean.api import Api
from dragoman.providers.glean.cache import PersonCache
from dragoman.providers.glean.chat.chats import Chats
from dragoman.providers.glean.conversation_id import channel_id
from dragoman.providers.glean.errors import raise_partial_failure
from dragoman.providers.glean.mapping.wire import Bucket, SearchAnswer
from dragoman.providers.glean.settings import GleanSettings
from dragoman.providers.kit.cursor import cut_page
from dragoman.providers.kit.wire import or_empty

MOST_CHANNELS: Final = 3000
_FACET: Final = "channel"
_LIST: Final = "conversations"
_LONGEST_PAGE: Final = 200
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Directory:
    """The conversations that one person can find."""

    api: Api
    cache: PersonCache
    settings: GleanSettings

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """Chats, the most recent first, then channels in the service's order, which has no times.

        What the credentials do not allow is left out, as long as they allow something.
        """
        sources: list[Callable[[], Awaitable[list[Conversation]]]] = []
        if query.kind in {None, ConversationKind.ASSISTANT}:
            sources.append(self._chats)
        if query.kind in {None, ConversationKind.CHANNEL}:
            sources.append(lambda: self._channels(query.text or ""))
        found, refusals = list[Conversation](), list[PermissionDenied | NotFound]()
        for source in sources:
            try:
                found += await source()
            except (PermissionDenied, NotFound) as refusal:
                refusals.append(refusal)
        # Many tokens are allowed to search and not to chat, or the other way round.
        if refusals and len(refusals) == len(sources):
            raise refusals[0]
        return _page([one for one in found if _matches(one, query)], query)

    async def probe(self) -> int:
        """The number of channels in the smallest answer: one or none."""
        answer = await self._facets(1)
        return len(list(_buckets(answer)))

    async def _chats(self) -> list[Conversation]:
        chats = await Chats(self.api, self.cache).conversations()
        return sorted(chats, key=lambda one: (one.last_message_at or _LONG_AGO, one.id), reverse=True)

    async def _channels(self, text: str) -> list[Conversation]:
        answer = await self._facets(MOST_CHANNELS)
        buckets = list(_buckets(answer))
        prefix = text.strip().lstrip("#")
        # The service cuts the list, so a name further down is asked for by its beginning.
        if prefix and any(one.has_more_buckets for one in or_empty(answer.facet_results) if one.source_name == _FACET):
            buckets += _buckets(await self._facets(MOST_CHANNELS, prefix))
        found = dict[str, Conversation]()
        for bucket in buckets:
            one = self._channel(bucket)
            if one is not None and one.id not in found:
                found[one.id] = one
        return list(found.values())

    def _channel(self, bucket: Bucket) -> Conversation | None:
        value = bucket.value
        name = ((value and (value.string_value or value.display_label)) or "").strip().lstrip("#")
        if not name:
            return None
        identifier = channel_id(self.settings.datasource, name)
        # A channel that was listed is known to exist, which its messages alone do not prove.
        self.cache.listed.put(name, None)
        self.cache.names.put(identifier, name)
        extra = {"indexed": bucket.count} if bucket.count else {}
        return Conversation(id=identifier, title=name, kind=ConversationKind.CHANNEL, extra=extra)

    async def _facets(self, size: int, prefix: str = "") -> SearchAnswer:
        app = {"value": self.cache.connector or self.settings.connector, "relationType": "EQUALS"}
        options: dict[str, object] = {
            "facetBucketSize": size,
            "responseHints": ["FACET_RESULTS"],
            "facetFilters": [{"fieldName": "app", "values": [app]}],
        }
        if prefix:
            options["facetBucketFilter"] = {"facet": _FACET, "prefix": prefix}
        # There is no call that lists channels; the facets of an empty search name them.
        body = {"query": "", "pageSize": 0, "requestOptions": options}
        answer, raw = await self.api.read("search", body, SearchAnswer, family="search")
        raise_partial_failure(answer, raw.request_id)
        return answer


def _buckets(answer: SearchAnswer) -> Iterator[Bucket]:
    for facet in or_empty(answer.facet_results):
        if facet.source_name == _FACET:
            yield from or_empty(facet.buckets)


def _matches(conversation: Conversation, query: ConversationQuery) -> bool:
    return conversation_matches_text(conversation, query.text or "")


def _page(conversations: Sequence[Conversation], query: ConversationQuery) -> Page[Conversation]:
    size = min(query.limit, _LONGEST_PAGE)
    return cut_page(conversations, lambda one: one.id, size=size, cursor=query.cursor, list_id=_LIST)
