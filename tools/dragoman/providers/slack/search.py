"""Searches through the service, with the token of a person."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from dragoman.core.context.clock import current_clock
from dragoman.core.errors import DragomanError, NotFound, PermissionDenied, UnsupportedOperation
from dragoman.core.json_fields import JsonObject, count_of, list_of, record_of, records_of, text_of
from dragoman.core.model import Hit, SearchPage
from dragoman.core.queries import Filter, SearchQuery
from dragoman.core.safe_text import SafeText
from dragoman.providers.kit.cursor import decode, encode
from dragoman.providers.kit.search_words import alternatives, cut_marks
from dragoman.providers.kit.times import EPOCH, in_window, parse_time, to_us
from dragoman.providers.slack.api import Api
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
_KINDS: Final = "public_channel,private_channel,mpim,im"


@dataclass(frozen=True, slots=True)
class _Position:
    page: int
    count: int
    token: str | None = None


class MessageSearch:
    """Searches for one account."""

    def __init__(self, api: Api, people: People) -> None:
        self._api = api
        self._people = people

    async def page(self, query: SearchQuery) -> SearchPage:
        """A page of hits, best first.

        Raises:
            UnsupportedOperation: The token cannot search.
        """
        if await self._api.is_bot():
            raise UnsupportedOperation("Slack searches with a user token (xoxp-) only.", hint=_HINT)
        list_id = repr(replace(query, cursor=None, limit=0))
        position = decode(_Position, query.cursor, list_id=list_id) or _Position(1, min(_MOST, max(1, query.limit)))
        is_semantic = bool(self._api.scopes.include("search:read.public")) and not self._api.scopes.include(
            "search:read"
        )
        if position.token is None and not is_semantic:
            try:
                return await self._by_words(query, position, list_id)
            except _REFUSALS as error:
                refusal = error
        else:
            refusal = UnsupportedOperation("The token cannot search.", hint=_HINT)
        try:
            return await self._by_meaning(query, position, list_id)
        except _REFUSALS:
            raise UnsupportedOperation(refusal.message, hint=refusal.hint) from None

    async def _by_words(self, query: SearchQuery, position: _Position, list_id: str) -> SearchPage:
        narrowed = " ".join([part async for part in self._operators(query) if part])
        queries = list(alternatives(query))
        found, total, more = dict[str, Hit](), 0, False
        for words in queries:
            answer = await self._api.read(
                "search.messages",
                query=f"{words} {narrowed}".strip(),
                count=position.count,
                page=position.page,
                sort="score" if words else "timestamp",
                highlight="true",
            )
            messages = record_of(answer, "messages")
            total += count_of(messages, "total") or 0
            paging = record_of(messages, "paging")
            more = more or (count_of(paging, "pages") or 0) > max(position.page, count_of(paging, "page") or 0)
            for hit in await self._hits(query, records_of(messages, "matches")):
                found.setdefault(f"{hit.message.conversation}/{hit.message.id}", hit)
        following = _Position(position.page + 1, position.count) if more and position.page < _MOST else None
        return SearchPage(
            items=list(found.values()),
            cursor=_cursor(following, list_id),
            total=total if len(queries) == 1 and not (query.since or query.until) else None,
        )

    async def _by_meaning(self, query: SearchQuery, position: _Position, list_id: str) -> SearchPage:
        """Slack's other search, nothing of which may be stored."""
        answer = await self._api.read(
            "assistant.search.context",
            query=query.text,
            channel_types=_KINDS,
            content_types="messages",
            limit=min(_SEMANTIC_MOST, position.count),
            include_message_blocks="true",
            after=_seconds(query.since),
            before=_seconds(query.until),
            cursor=position.token,
        )
        matches = [_as_match(one) for one in records_of(record_of(answer, "results"), "messages")]
        token = text_of(record_of(answer, "response_metadata"), "next_cursor")
        following = _Position(position.page + 1, position.count, token) if token else None
        return SearchPage(
            items=[hit for hit in await self._hits(query, matches) if _is_inside(query, hit)],
            cursor=_cursor(following, list_id),
            storable=False,
        )

    async def _operators(self, query: SearchQuery) -> AsyncGenerator[str]:
        if query.conversation is not None:
            yield await self._place(query.conversation)
        if query.author is not None:
            yield await self._writer(query.author)
        if query.since is not None:
            yield f"after:{query.since - _WIDER:%Y-%m-%d}"
        if query.until is not None:
            yield f"before:{query.until + _WIDER:%Y-%m-%d}"
        for one in query.filters:
            if operator := await self._filter(one):
                yield f"-{operator}" if one.negated else operator

    async def _filter(self, one: Filter) -> str:
        if one.name == "in":
            return await self._place(one.value)
        if one.name == "from":
            return await self._writer(one.value)
        return f"has:{one.value}" if one.name == "has" else ""

    async def _place(self, conversation: str) -> str:
        if conversation.startswith("D"):
            user = await self._people.partner(conversation)
            return f"in:<@{user}>" if user else ""
        return f"in:<#{conversation}>"

    async def _writer(self, author: str) -> str:
        """The operator for an author, where exactly one person is meant; otherwise the caller filters."""
        with suppress(DragomanError):
            found = await self._people.directory.matching(author)
            return f"from:<@{found[0].id}>" if len(found) == 1 else ""
        return ""

    async def _hits(self, query: SearchQuery, matches: Sequence[JsonObject]) -> list[Hit]:
        names, us = await self._people.names(matches), await self._api.known_identity()
        found = list[Hit]()
        for raw in matches:
            channel = record_of(raw, "channel")
            mapping = MessageMapping(text_of(channel, "id"), names, us)
            message = mapping.message({**raw, "thread_ts": root_in(raw)})
            if message is None or not message.conversation:
                continue
            text, highlights = cut_marks(message.text, _BEGIN, _END)
            partial = not (text_of(raw, "text") and list_of(raw, "blocks"))
            if in_window(message.sent_at, query.since, query.until):
                found.append(Hit(message=replace(message, text=text, partial=partial), highlights=highlights))
        return found


def _cursor(following: _Position | None, list_id: str) -> str | None:
    return None if following is None else encode(following, list_id=list_id)


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


class Recent(NamedTuple):
    """Times in microseconds since 1970.

    Attributes:
        newest: When conversations had their last message.
        answered: When threads were answered last that the search came upon, by conversation and root.
    """

    newest: Mapping[str, int]
    answered: Mapping[str, Mapping[str, int]]


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
    link = parse_qs(urlsplit(text_of(hit, "permalink")).query)
    return text_of(hit, "thread_ts") or next(iter(link.get("thread_ts", [])), "")


def _is_inside(query: SearchQuery, hit: Hit) -> bool:
    return query.conversation in (None, hit.message.conversation)


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


_HINT: Final = SafeText("What was read before is searched; a user token with the scope search:read finds all.")
