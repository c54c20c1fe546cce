"""Searches through the service, with the token of a person."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from dragoman.core.context.clock import current_clock
from dragoman.core.errors import DragomanError, NotFound, PermissionDenied, UnsupportedOperation
from dragoman.core.json_fields import JsonObject, count_of, list_of, record_of, records_of, text_of
from dragoman.core.model import Hit, SearchPage
from dragoman.core.permalinks import read_link
from dragoman.core.queries import SearchQuery
from dragoman.core.safe_text import SafeText
from dragoman.core.times import EPOCH, parse_time, to_us
from dragoman.providers.kit.movement import Recent
from dragoman.providers.kit.search_words import alternatives, cut_marks
from dragoman.providers.kit.service_search import (
    SearchLanguage,
    SearchPart,
    SearchPosition,
    ServiceSearch,
    search_page,
)
from dragoman.providers.slack.api import Api, next_of
from dragoman.providers.slack.mapping import MessageMapping
from dragoman.providers.slack.people import People
from dragoman.providers.slack.wire import Object, time_of, ts_of

_MOST: Final = 100  # hits of a page, and pages
_MOST_RECENT: Final = 5  # pages of what was written lately
_WEEK: Final = timedelta(days=7)
_SEMANTIC_MOST: Final = 20
_WIDER: Final = timedelta(days=2)  # a day that is named is left out, and counts in the zone of the searcher
_REFUSALS: Final = (NotFound, PermissionDenied, UnsupportedOperation)
_BEGIN, _END = "\ue000", "\ue001"
_KINDS: Final = {  # of conversations that the other search looks into, by the scopes for them
    "search:read.public": "public_channel",
    "search:read.private": "private_channel",
    "search:read.mpim": "mpim",
    "search:read.im": "im",
}


class MessageSearch:
    """Searches for one account."""

    def __init__(self, api: Api, people: People) -> None:
        self._api = api
        self._people = people
        self._may = api.scopes.include
        language = SearchLanguage(place=self._place, author=self._author, wider=_WIDER)
        self._search = ServiceSearch(self._by_words, language, most=_MOST)

    async def page(self, query: SearchQuery) -> SearchPage:
        """A page of hits, best first.

        Raises:
            UnsupportedOperation: The token cannot search.
        """
        if await self._api.is_bot():
            raise UnsupportedOperation("Slack searches with a user token (xoxp-) only.", hint=_HINT)
        refusal = UnsupportedOperation("The token cannot search.", hint=_HINT)
        position, may = self._search.position_of(query), self._may
        if position.token is None and (may("search:read") or not may("search:read.public")):
            try:
                return await self._search.page(query)
            except _REFUSALS as error:
                refusal = UnsupportedOperation(error.message, hint=error.hint)
        try:
            return await self._by_meaning(query, position)
        except _REFUSALS:
            raise refusal from None

    async def _by_words(self, words: str, is_ranked: bool, position: SearchPosition) -> SearchPart:  # noqa: FBT001
        answer = await self._api.read(
            "search.messages",
            query=words,
            count=position.count,
            page=position.page,
            sort="score" if is_ranked else "timestamp",
            highlight="true",
        )
        messages = record_of(answer, "messages")
        paging = record_of(messages, "paging")
        more = (count_of(paging, "pages") or 0) > max(position.page, count_of(paging, "page") or 0)
        return SearchPart(await self._hits(records_of(messages, "matches")), more, count_of(messages, "total") or 0)

    async def _by_meaning(self, query: SearchQuery, position: SearchPosition) -> SearchPage:
        """Slack's other search, nothing of which may be stored."""
        answer = await self._api.read(
            "assistant.search.context",
            query=" OR ".join(alternatives(query)),
            channel_types=",".join(kind for scope, kind in _KINDS.items() if self._may(scope) is not False),
            content_types="messages",
            limit=min(_SEMANTIC_MOST, position.count),
            include_message_blocks="true",
            after=_seconds(query.since),
            before=_seconds(query.until),
            cursor=position.token,
        )
        matches = [_as_match(one) for one in records_of(record_of(answer, "results"), "messages")]
        hits = [one for one in await self._hits(matches) if query.conversation in (None, one.message.conversation)]
        token = next_of(answer)
        following = replace(position, page=position.page + 1, token=token) if token else None
        return search_page(query, hits, following, storable=False)

    async def _place(self, conversation: str) -> str:
        if not conversation.startswith("D"):
            return f"in:<#{conversation}>"
        answer = await self._api.read("conversations.info", channel=conversation)
        user = text_of(record_of(answer, "channel"), "user")
        return f"in:<@{user}>" if user else ""

    async def _author(self, author: str) -> str:
        """The operator for an author, where exactly one person is meant; otherwise the caller filters."""
        with suppress(DragomanError):
            found = await self._people.directory.matching(author)
            return f"from:<@{found[0].id}>" if len(found) == 1 else ""
        return ""

    async def _hits(self, matches: Sequence[JsonObject]) -> list[Hit]:
        names, us = await self._people.names(matches), await self._api.us.get_or_none()
        found = list[Hit]()
        for raw in matches:
            channel = record_of(raw, "channel")
            mapping = MessageMapping(text_of(channel, "id"), names, us)
            message = mapping.message({**raw, "thread_ts": root_in(raw)})
            if message is None or not message.conversation:
                continue
            text, highlights = cut_marks(message.text, _BEGIN, _END)
            partial = not (text_of(raw, "text") and list_of(raw, "blocks"))
            found.append(Hit(message=replace(message, text=text, partial=partial), highlights=highlights))
        return found


def _as_match(raw: JsonObject) -> Object:
    """A hit of the other search in the form of the first one."""
    bot = {"username": text_of(raw, "author_name")} if raw.get("is_author_bot") is True else {}
    return {
        "ts": text_of(raw, "message_ts"),
        "thread_ts": text_of(raw, "thread_ts"),
        "text": text_of(raw, "content"),
        "user": text_of(raw, "author_user_id"),
        "user_profile": {"real_name": text_of(raw, "author_name")},
        "blocks": list_of(raw, "blocks"),
        "channel": {"id": text_of(raw, "channel_id"), "name": text_of(raw, "channel_name")},
        "permalink": text_of(raw, "permalink"),
        **bot,
    }


async def search_recent(api: Api, since: datetime | None) -> Recent | None:
    """What was written since a time and in the week before it; ``None`` where no search tells.

    Without a time that is one page, which names the conversations that are most alive.
    """
    if await api.is_bot() or api.scopes.include("search:read") is False:
        return None
    floor, newest, answered = 0 if since is None else to_us(since), dict[str, int](), dict[str, dict[str, int]]()
    day = (since or parse_time(current_clock().wall()) or EPOCH) - _WEEK
    with suppress(*_REFUSALS):
        for page in range(1, _MOST_RECENT + 1):
            answer = await api.read(
                "search.messages", query=f"after:{day:%Y-%m-%d}", sort="timestamp", count=_MOST, page=page
            )
            hits, at = records_of(record_of(answer, "messages"), "matches"), 0
            for hit in hits:
                room, at = text_of(record_of(hit, "channel"), "id"), time_of(ts_of(hit.get("ts")))
                newest.setdefault(room, at)
                if root := root_in(hit):
                    answered.setdefault(room, {}).setdefault(root, at)
            if len(hits) < _MOST or not floor or at < floor:
                return Recent(newest, answered) if newest else None
    return None


def root_in(hit: JsonObject) -> str:
    """The thread of a hit, which only its link tells."""
    link = read_link(text_of(hit, "permalink"))
    return text_of(hit, "thread_ts") or (link.thread if link else "")


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


_HINT: Final = SafeText("What was read before is searched; a user token with the scope search:read finds all.")
