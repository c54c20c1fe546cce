"""Reads messages: histories, threads and single messages."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from dragoman.core.context.large_work import run_sized
from dragoman.core.errors import DragomanError, NotFound
from dragoman.core.json_fields import JsonObject, count_of, record_of, records_of, text_of
from dragoman.core.model import Message, Order
from dragoman.providers.kit.thread_source import HistoryPart, HistoryRange, Post
from dragoman.providers.kit.threads import no_such_message
from dragoman.providers.slack.api import PAGE, Api, Identity
from dragoman.providers.slack.mapping import BROADCAST, MessageMapping
from dragoman.providers.slack.people import People
from dragoman.providers.slack.wire import History, Object, root_of, time_of, ts_at, ts_of
from dragoman.transport.http import DerivedCache

_LARGEST: Final = 999


class MessageReader:
    """Reads for one account; it is the :class:`.ThreadSource` of its lists and changes."""

    def __init__(self, api: Api, people: People) -> None:
        self._api = api
        self._people = people
        self.identity = api.us.get
        self._mapped = DerivedCache[list[Message]]()

    async def history(self, conversation: str, wanted: HistoryRange) -> History:
        """A part of a history that is not empty, unless it ends."""
        asked: dict[str, str | int | None] = {"channel": conversation, "limit": min(_LARGEST, wanted.limit)}
        if wanted.at is not None:
            asked["latest" if wanted.order is Order.LATEST else "oldest"] = ts_at(wanted.at)
            asked |= {"inclusive": "true"} if wanted.inclusive else {}
        found = History()
        async for found in self._api.messages("conversations.history", asked):
            if found.messages:
                break
        return found

    async def replies(self, conversation: str, root: str, since: int | None = None) -> list[Object]:
        """A root and all that answers it, each once; of a reply only itself."""
        ts = ts_of(root)
        if not ts:
            raise no_such_message()
        found = dict[str, Object]()
        bounds: dict[str, str | int] = {"limit": PAGE} if since is None else {"limit": PAGE, "oldest": ts_at(since)}
        asked = {"channel": conversation, "ts": ts, **bounds}
        async for part in self._api.messages("conversations.replies", asked):
            for one in part.messages:
                found.setdefault(ts_of(one.get("ts")), one)
        return list(found.values())

    async def to_messages(
        self, conversation: str, raw: Sequence[JsonObject], part: HistoryPart[Object] | None = None
    ) -> list[Message]:
        """Messages with all their names."""
        names, us = await self._people.names(raw, part), await self._us_among(raw)
        mapping = MessageMapping(conversation, names, us)

        def make() -> list[Message]:
            return [message for one in raw if (message := mapping.message(one)) is not None]

        def size() -> int:
            return sum(len(repr(one)) for one in raw)

        if part is None:
            return await run_sized(make, size())
        return await self._mapped.get_sized(part, (conversation, us, names.digest()), make, size)

    def post(self, raw: JsonObject) -> Post:
        """Where a message stands."""
        ts, latest = ts_of(raw.get("ts")), ts_of(raw.get("latest_reply"))
        is_listed = text_of(raw, "subtype") == BROADCAST
        return Post(ts, root_of(raw), is_listed, count_of(raw, "reply_count") or 0, time_of(latest))

    def time_of(self, identifier: str) -> int:
        """When a message was sent."""
        return time_of(identifier)

    def is_listed(self, message: Message) -> bool:
        """Whether a reply was also sent to the channel."""
        return message.extra.get("subtype") == BROADCAST

    async def message(self, conversation: str, message: str) -> Message:
        """One message.

        Raises:
            NotFound: There is none.
        """
        raw = await self.raw(conversation, message)
        files = [await self._file(one) for one in records_of(raw, "files")]
        return (await self.to_messages(conversation, [{**raw, "files": files}]))[0]

    async def _file(self, file: JsonObject) -> JsonObject:
        """A file; of another organisation's a message has only the id."""
        if text_of(file, "file_access") == "check_file_info" and self._api.scopes.include("files:read"):
            with suppress(DragomanError):
                return record_of(await self._api.read("files.info", file=text_of(file, "id")), "file")
        return file

    async def raw(self, conversation: str, message: str) -> Object:
        """One message as Slack has it: a reply, a root, or any other one.

        Raises:
            NotFound: There is none.
        """
        ts = ts_of(message)
        bounds = {"channel": conversation, "oldest": ts, "latest": ts, "inclusive": "true", "limit": "1"}
        # Some messages have no thread, and are in the history all the same.
        for method, further in (("conversations.replies", {"ts": ts}), ("conversations.history", {})) if ts else ():
            with suppress(NotFound):
                part = (await self._api.ask(method, History, **bounds, **further)).value
                for one in part.messages:
                    if ts_of(one.get("ts")) == ts:
                        return one
        raise no_such_message()

    async def _us_among(self, raw: Sequence[JsonObject]) -> Identity | None:
        """Whom the account speaks for, where it may have written any of these: what a bot wrote has its ``bot_id``."""
        known = self._api.us.value
        if known is not None or not raw:
            return known
        if await self._api.is_bot() and not any(text_of(one, "bot_id") for one in raw):
            return None
        return await self._api.us.get_or_none()
