"""Reads messages: histories, threads and single messages."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from dragoman.core.errors import DragomanError, NotFound
from dragoman.core.json_fields import JsonObject, count_of, record_of, records_of, text_of
from dragoman.core.model import Message, Order
from dragoman.providers.kit.members import NameBook
from dragoman.providers.kit.message_mapper import MessageMapper
from dragoman.providers.kit.method_api import Argument
from dragoman.providers.kit.thread_source import HistoryPart, HistoryRange, Post
from dragoman.providers.kit.threads import no_such_message
from dragoman.providers.slack.api import PAGE, Account, Api
from dragoman.providers.slack.mapping import BROADCAST, to_message
from dragoman.providers.slack.wire import History, Object, root_of, time_of, ts_at, ts_of

_LARGEST: Final = 999


class MessageReader:
    """Reads for one account; it is the :class:`.ThreadSource` of its lists and changes."""

    def __init__(self, api: Api, names: NameBook) -> None:
        self._api = api
        self._mapper = MessageMapper[Account](names, self._us_among, to_message)
        self.time_of = time_of

    async def history(self, conversation: str, wanted: HistoryRange) -> History:
        """A part of a history that is not empty, unless it ends."""
        asked: dict[str, Argument] = {"channel": conversation, "limit": min(_LARGEST, wanted.limit)}
        if wanted.at is not None:
            asked["latest" if wanted.order is Order.LATEST else "oldest"] = ts_at(wanted.at)
            asked |= {"inclusive": "true"} if wanted.inclusive else {}
        found = History()
        async for found in self._api.messages("conversations.history", asked):
            if found.entries:
                break
        return found

    async def replies(self, conversation: str, root: str, since: int | None = None) -> list[Object]:
        """A root and all that answers it, each once; of a reply only itself."""
        ts, found = ts_of(root), dict[str, Object]()
        if not ts:
            raise no_such_message()
        oldest = None if since is None else ts_at(since)
        asked: dict[str, Argument] = {"channel": conversation, "ts": ts, "limit": PAGE, "oldest": oldest}
        async for part in self._api.messages("conversations.replies", asked):
            for one in part.entries:
                found.setdefault(ts_of(one.get("ts")), one)
        return list(found.values())

    async def to_messages(
        self, conversation: str, raw: Sequence[JsonObject], part: HistoryPart[Object] | None = None
    ) -> list[Message]:
        """Messages with all their names; without a conversation they are hits of a search, which tell it."""
        return await self._mapper.messages(conversation, raw, part)

    def post(self, raw: JsonObject) -> Post:
        """Where a message stands."""
        ts, latest = ts_of(raw.get("ts")), ts_of(raw.get("latest_reply"))
        is_listed = text_of(raw, "subtype") == BROADCAST
        return Post(ts, root_of(raw) or None, is_listed, count_of(raw, "reply_count") or 0, time_of(latest))

    def is_listed(self, message: Message) -> bool:
        """Whether a reply was also sent to the channel."""
        return message.extra.get("subtype") == BROADCAST

    async def raw(self, conversation: str, message: str) -> Object:
        """One message: a reply, a root, or any other one. Some have no thread, and are in the history all the same."""
        ts = ts_of(message)
        bounds = {"channel": conversation, "oldest": ts, "latest": ts, "inclusive": "true", "limit": "1"}
        for method, further in (("conversations.replies", {"ts": ts}), ("conversations.history", {})) if ts else ():
            with suppress(NotFound):
                part = (await self._api.ask(method, History, **bounds, **further)).value
                for one in part.entries:
                    if ts_of(one.get("ts")) == ts:
                        return {**one, "files": [await self._file(file) for file in records_of(one, "files")]}
        raise no_such_message()

    async def _file(self, file: JsonObject) -> JsonObject:
        """A file; of another organisation's a message has only the id."""
        if text_of(file, "file_access") == "check_file_info" and self._api.scopes.include("files:read"):
            with suppress(DragomanError):
                return record_of(await self._api.read("files.info", file=text_of(file, "id")), "file")
        return file

    async def _us_among(self, raw: Sequence[JsonObject]) -> Account | None:
        """Whom the account speaks for, where it may have written any of these: what a bot wrote has its ``bot_id``."""
        known = self._api.us.value
        if known is not None or not raw:
            return known
        if await self._api.is_bot() and not any(text_of(one, "bot_id") for one in raw):
            return None
        return await self._api.us.get_or_none()
