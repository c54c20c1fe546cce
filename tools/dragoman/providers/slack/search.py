"""Searches through the service, with the token of a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from dragoman.core.context.clock import current_clock
from dragoman.core.errors import NotFound, PermissionDenied, UnsupportedOperation
from dragoman.core.json_fields import JsonObject, count_of, flag_of, record_of, records_of, text_of
from dragoman.core.model import Message, SearchPage
from dragoman.core.queries import SearchQuery
from dragoman.core.safe_text import SafeText
from dragoman.core.times import EPOCH, parse_time
from dragoman.providers.kit.members import NameBook
from dragoman.providers.kit.movement import Recent, Sighting, recent_of
from dragoman.providers.kit.service_search import SearchLanguage, SearchPart, SearchQuestion, ServiceSearch
from dragoman.providers.slack.api import Api, next_of
from dragoman.providers.slack.reading import MessageReader
from dragoman.providers.slack.settings import APP
from dragoman.providers.slack.wire import Object, root_of, time_of, ts_of

_MOST: Final = 100  # hits of a page
_MOST_RECENT: Final = 5  # pages of what was written lately
_WEEK: Final = timedelta(days=7)
_MOST_MEANT: Final = 20  # hits of a page of the other search
_WIDER: Final = timedelta(days=2)  # a day that is named is left out, and counts in the zone of the searcher
_REFUSALS: Final = (NotFound, PermissionDenied, UnsupportedOperation)
_MARKS: Final = ("\ue000", "\ue001")  # around what matched
_RENAMED: Final = {"message_ts": "ts", "content": "text", "author_user_id": "user"}
_HINT: Final = SafeText("What was read before is searched; a user token with the scope search:read finds all.")


class MessageSearch:
    """Searches for one account: by words, or by meaning where a token may do only that."""

    def __init__(self, api: Api, names: NameBook, reader: MessageReader) -> None:
        self._api = api
        self._names = names
        self._reader = reader
        language = SearchLanguage(place=self._place, author=self._author, wider=_WIDER)
        self._by_words = ServiceSearch(self._ask_for_words, language, most=_MOST, marks=_MARKS)
        self._by_meaning = ServiceSearch(self._ask_for_meaning, most=_MOST_MEANT, either=" OR ", storable=False)

    async def page(self, query: SearchQuery) -> SearchPage:
        """A page of hits, best first.

        Raises:
            UnsupportedOperation: The token cannot search.
        """
        if await self._api.is_bot():
            raise UnsupportedOperation("Slack searches with a user token (xoxp-) only.", hint=_HINT)
        refusal, may = UnsupportedOperation("The token cannot search.", hint=_HINT), self._api.scopes.include
        is_by_words = self._by_words.position_of(query).token is None
        if is_by_words and (may("search:read") or not may("search:read.public")):
            try:
                return await self._by_words.page(query)
            except _REFUSALS as error:
                refusal = UnsupportedOperation(error.message, hint=error.hint)
        try:
            return await self._by_meaning.page(query)
        except _REFUSALS:
            raise refusal from None

    async def _ask_for_words(self, asked: SearchQuestion) -> SearchPart:
        sort, at = "score" if asked.is_ranked else "timestamp", asked.position
        answer = await self._api.read(
            "search.messages", query=asked.words, count=at.count, page=at.page, sort=sort, highlight="true"
        )
        found = record_of(answer, "messages")
        paging = record_of(found, "paging")
        more = (count_of(paging, "pages") or 0) > max(at.page, count_of(paging, "page") or 0)
        return SearchPart(await self._messages(records_of(found, "matches")), more, count_of(found, "total") or 0)

    async def _ask_for_meaning(self, asked: SearchQuestion) -> SearchPart:
        """Slack's other search, nothing of which may be stored."""
        query = asked.query
        answer = await self._api.read(
            "assistant.search.context",
            query=asked.words,
            channel_types=",".join(self._api.scopes.allowed(APP.kinds("searching"))),
            content_types="messages",
            limit=asked.position.count,
            include_message_blocks="true",
            after=int(query.since.timestamp()) if query.since else None,
            before=int(query.until.timestamp()) if query.until else None,
            cursor=asked.position.token,
        )
        matches = [_as_match(one) for one in records_of(record_of(answer, "results"), "messages")]
        return SearchPart(await self._messages(matches), token=next_of(answer) or None)

    async def _place(self, conversation: str) -> str:
        if not conversation.startswith("D"):  # a direct one is searched by its person
            return f"in:<#{conversation}>"
        answer = await self._api.read("conversations.info", channel=conversation)
        user = text_of(record_of(answer, "channel"), "user")
        return f"in:<@{user}>" if user else ""

    async def _author(self, author: str) -> str:
        """The operator for an author, where exactly one person is meant; otherwise the caller filters."""
        found = await self._names.directory.only(author)
        return f"from:<@{found.id}>" if found else ""

    async def _messages(self, matches: Sequence[JsonObject]) -> list[Message]:
        await self._api.us.get_or_none()  # for their links
        return await self._reader.to_messages("", matches)


def _as_match(raw: JsonObject) -> Object:
    """A hit of the other search in the form of the first one."""
    name, channel = text_of(raw, "author_name"), text_of(raw, "channel_id")
    known = {_RENAMED.get(key, key): value for key, value in raw.items()}
    bot = {"username": name} if flag_of(raw, "is_author_bot") else {}
    return {**known, **bot, "user_profile": {"real_name": name}, "channel": {"id": channel}}


async def search_recent(api: Api, since: datetime | None) -> Recent | None:
    """What was written since a time and in the week before it; ``None`` where no search tells."""
    if await api.is_bot() or api.scopes.include("search:read") is False:
        return None
    day = (since or parse_time(current_clock().wall()) or EPOCH) - _WEEK

    async def page(number: int) -> list[Sighting]:
        words = f"after:{day:%Y-%m-%d}"
        answer = await api.read("search.messages", query=words, sort="timestamp", count=_MOST, page=number)
        hits = records_of(record_of(answer, "messages"), "matches")
        rooms = [text_of(record_of(one, "channel"), "id") for one in hits]
        return [
            Sighting(room, time_of(ts_of(one.get("ts"))), root_of(one)) for room, one in zip(rooms, hits, strict=True)
        ]

    return await recent_of(page, since, full=_MOST, most=_MOST_RECENT)
