"""Reads messages: the history of a conversation with the replies under their roots, and single threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

import anyio

from dragoman.core.context.large_work import run_sized
from dragoman.core.errors import (
    DragomanError,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    RateLimited,
    UnsupportedOperation,
)
from dragoman.core.json_fields import JsonObject, count_of, record_of, records_of, text_of
from dragoman.core.model import Message, Order, Page
from dragoman.core.queries import MessageQuery
from dragoman.providers.kit.cache import TtlCache
from dragoman.providers.kit.listings import Key, Listing, anchored, key_of, whole
from dragoman.providers.kit.pager import Pager
from dragoman.providers.kit.threads import no_such_message
from dragoman.providers.kit.times import to_us
from dragoman.providers.slack.api import PAGE, Api, Identity
from dragoman.providers.slack.mapping import BROADCAST, MessageMapping
from dragoman.providers.slack.people import People
from dragoman.providers.slack.window import digest_of, is_past, is_within, may_match, sort_key, start_of
from dragoman.providers.slack.wire import History, Object, root_of, ts_at, ts_of
from dragoman.transport.http import DerivedCache

_LARGEST: Final = 999
_REFUSALS: Final = (InvalidArgument, NotFound, PermissionDenied, RateLimited, UnsupportedOperation)
_MOST_THREADS: Final = 20  # that are read at once
_MOST_PARTS: Final = 50  # of a thread, and of a history that shows nothing
_MOST_LOOKED_AT: Final = 5
_THREADS_HELD: Final = 500
_FRESH: Final = 120.0  # seconds for which a thread that has the same count and newest reply is not read again


class MessageReader:
    """Reads for one account."""

    def __init__(self, api: Api, people: People) -> None:
        self._api = api
        self._people = people
        self._pager = Pager[Message]("Slack", sort_key)
        self._thread_pager = Pager[Message]("Slack", lambda message: key_of(message.sent_at, message.id))
        self._threads = TtlCache[tuple[str, str], tuple[object, Sequence[Object]]](_THREADS_HELD, _FRESH)
        self._mapped = DerivedCache[list[Message]]()

    async def messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page of messages; replies stand after their roots, however late they came."""
        if query.thread is not None:
            listing = whole(partial(self._thread, conversation, query.thread))
            return await self._thread_pager.page(listing, query, name=(conversation, query.thread))
        keep = partial(is_within, query) if query.since or query.until else None
        name = (conversation, query.since, query.until)
        plain = replace(query, since=None, until=None)
        return await self._pager.page(self._listing(conversation, query), plain, name=name, keep=keep)

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        """Where a list goes on after a message."""
        if query.thread is not None or message.sent_at is None:
            return None
        name = (message.conversation, query.since, query.until)
        return self._pager.cursor_after(self._listing(message.conversation, query), message, query.order, name=name)

    async def message(self, conversation: str, message: str) -> Message:
        """One message.

        Raises:
            NotFound: There is none.
        """
        raw = await self.raw(conversation, message)
        files = [await self._file(one) for one in records_of(raw, "files")]
        return (await self.mapped(conversation, [{**raw, "files": files}]))[0]

    async def _file(self, file: JsonObject) -> JsonObject:
        """A file; of another organisation's a message has only the id."""
        if text_of(file, "file_access") == "check_file_info" and self._api.may("files:read"):
            with suppress(DragomanError):
                return record_of(await self._api.read("files.info", file=text_of(file, "id")), "file")
        return file

    async def raw(self, conversation: str, message: str) -> Object:
        """One message as Slack has it: a reply, a root, or any other one.

        Raises:
            NotFound: There is none.
        """
        ts = ts_of(message)
        if not ts:
            raise no_such_message()
        bounds: dict[str, str | int] = {"channel": conversation, "oldest": ts, "latest": ts}
        bounds |= {"inclusive": "true", "limit": 1}
        found = None
        with suppress(NotFound):  # some messages have no thread, and are in the history all the same
            found = await self._one(ts, "conversations.replies", {**bounds, "ts": ts})
        found = found or await self._one(ts, "conversations.history", bounds)
        if found is None:
            raise no_such_message()
        return found

    async def sent_since(self, conversation: str, oldest: str, root: str | None) -> list[Object]:
        """Messages of a conversation or thread from a time on, with their metadata."""
        where: dict[str, str] = {"ts": root} if root else {}
        method = "conversations.replies" if root else "conversations.history"
        asked: dict[str, str | int] = {**where, "oldest": oldest, "include_all_metadata": "true", "limit": 100}
        found = list[Object]()
        async for part in self._api.message_parts(method, {"channel": conversation, **asked}, _MOST_LOOKED_AT):
            found += part.messages
        return sorted(found, key=lambda one: ts_of(one.get("ts")))

    async def mapped(self, conversation: str, raw: Sequence[JsonObject]) -> list[Message]:
        """Messages with all their names."""
        names = await self._people.names(raw)
        mapping = MessageMapping(conversation, names, await self._api.known_identity())
        return [message for one in raw if (message := mapping.message(one)) is not None]

    def forget(self, conversation: str, root: str | None = None) -> None:
        """Read anew what was changed here."""
        self._pager.forget((conversation, None, None))
        if root is not None:
            self._threads.pop((conversation, root))

    def _listing(self, conversation: str, query: MessageQuery) -> Listing[Message]:
        return anchored(partial(self._fetch, conversation, query), sort_key, whole_times=True)

    async def _fetch(
        self, conversation: str, query: MessageQuery, order: Order, anchor: Key | None
    ) -> tuple[Sequence[Message], bool]:
        """The part of a history beside an anchor, with the replies to it."""
        history = await self._history(conversation, query, order, anchor)
        ordered = sorted(history.messages, key=lambda one: ts_of(one.get("ts")), reverse=order is Order.LATEST)
        groups = await self._with_replies(conversation, ordered, query)
        late = await self._late_replies(conversation, query) if order is Order.OLDEST and anchor is None else []
        raw = [one for group in [*late, *groups] for one in group]
        names = await self._people.names(raw)
        us = await self._us_among(raw)
        mapping = MessageMapping(conversation, names, us)

        def make() -> list[Message]:
            return [message for one in raw if (message := mapping.message(one)) is not None]

        def size() -> int:
            return sum(len(repr(one)) for one in raw)

        unthreaded = len(raw) == len(history.messages)
        about = (conversation, us, digest_of(names))
        found = await (self._mapped.get_sized(history, about, make, size) if unthreaded else run_sized(make, size()))
        cut = len(groups) < len(ordered)
        past = is_past(query, order, ordered[: len(groups)]) and not (cut and order is Order.LATEST)
        return found, (history.goes_on or cut) and not past

    async def _us_among(self, raw: Sequence[JsonObject]) -> Identity | None:
        """Whom the account speaks for, where it may have written any of these: what a bot wrote has its ``bot_id``."""
        known = self._api.identity_so_far
        if known is not None or not raw:
            return known
        if await self._api.is_bot() and not any(text_of(one, "bot_id") for one in raw):
            return None
        return await self._api.known_identity()

    async def _late_replies(self, conversation: str, query: MessageQuery) -> list[list[Object]]:
        """Messages before a window of time with their replies, where some may be in it."""
        if query.since is None:
            return []
        bounds: dict[str, str | int] = {"latest": ts_at(max(0, to_us(query.since))), "limit": PAGE}
        with suppress(*_REFUSALS):  # what is in the window counts
            before = await self._api.messages("conversations.history", channel=conversation, **bounds)
            roots = [one for one in before.messages if count_of(one, "reply_count") and may_match(one, query)]
            roots.sort(key=lambda one: ts_of(one.get("ts")))
            parts = [roots[at : at + _MOST_THREADS] for at in range(0, len(roots), _MOST_THREADS)]
            return [group for part in parts for group in await self._with_replies(conversation, part, query)]
        return []

    async def _history(self, conversation: str, query: MessageQuery, order: Order, anchor: Key | None) -> History:
        """A part of a history that is not empty, unless it ends."""
        latest, start = order is Order.LATEST, start_of(query, order)
        filtered = query.since or query.until or query.author
        limit = PAGE if filtered else min(_LARGEST, query.limit)
        bounds: dict[str, str] = {}
        if anchor is not None or start is not None:
            at = max(0, anchor.at if anchor is not None else start or 0)
            bounds["latest" if latest else "oldest"] = ts_at(at)
            # All before an anchor that is a root was given; of a thread or a time some may be missing.
            bounds |= {} if latest and anchor and anchor.id and " " not in anchor.id else {"inclusive": "true"}
        found = History()
        asked: dict[str, str | int | None] = {"channel": conversation, "limit": limit, **bounds}
        async for found in self._api.message_parts("conversations.history", asked):
            if found.messages:
                break
        return found

    async def _with_replies(
        self, conversation: str, ordered: Sequence[Object], query: MessageQuery
    ) -> list[list[Object]]:
        """The first messages with their replies: as many as the page can need, and threads that are read at once."""
        groups: list[list[Object]] = []
        size, threads = 0, list[tuple[int, Object]]()
        unbounded = query.since or query.until or query.author
        for one in ordered:
            replies = count_of(one, "reply_count") or 0
            if replies and root_of(one) is None and may_match(one, query):
                threads.append((len(groups), one))
            groups.append([one])
            size += 1 + replies
            if (size >= query.limit and not unbounded) or len(threads) == _MOST_THREADS:
                break
        failures = list[DragomanError]()
        async with anyio.create_task_group() as tasks:
            for at, root in threads:
                tasks.start_soon(self._add_replies, conversation, root, groups[at], failures)
        if failures:
            raise failures[0]
        return groups

    async def _add_replies(
        self, conversation: str, root: Object, group: list[Object], failures: list[DragomanError]
    ) -> None:
        ts = ts_of(root.get("ts"))
        state = count_of(root, "reply_count"), text_of(root, "latest_reply")
        known = self._threads.get((conversation, ts))
        if known is None or known[0] != state:
            try:
                known = state, await self.replies(conversation, ts)
            except _REFUSALS:
                return  # the root tells how many replies there are
            except DragomanError as error:
                failures.append(error)
                return
            self._threads.put((conversation, ts), known)
        # What was also sent to the channel stands in its history.
        group += [one for one in known[1] if ts_of(one.get("ts")) != ts and text_of(one, "subtype") != BROADCAST]

    async def _thread(self, conversation: str, message: str) -> Sequence[Message]:
        """The thread that a message is in."""
        ts = ts_of(message)
        if not ts:
            raise no_such_message()
        found = await self.replies(conversation, ts)
        root = next((root for one in found if ts_of(one.get("ts")) == ts and (root := root_of(one))), None)
        if root is not None:
            found = await self.replies(conversation, root)
        if not found:
            raise no_such_message()
        return await self.mapped(conversation, found)

    async def replies(self, conversation: str, ts: str, oldest: str | None = None) -> list[Object]:
        """A root and all that answers it, since a time perhaps, each once; of a reply only itself."""
        found = dict[str, Object]()
        asked: dict[str, str | int | None] = {"channel": conversation, "ts": ts, "limit": PAGE, "oldest": oldest}
        async for part in self._api.message_parts("conversations.replies", asked):
            for one in part.messages:
                found.setdefault(ts_of(one.get("ts")), one)
        return list(found.values())

    async def _one(self, ts: str, method: str, arguments: Mapping[str, str | int]) -> Object | None:
        part = await self._api.messages(method, **arguments)
        return next((one for one in part.messages if ts_of(one.get("ts")) == ts), None)
