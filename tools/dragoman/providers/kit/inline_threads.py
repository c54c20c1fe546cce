"""Pages in which replies stand under the messages that they answer, for services that list the two apart.

A page reads the conversation once, and each thread on it whose replies have changed. Replies of any age are found,
also those in a window of time whose root is before it. What cannot be read of a thread costs no page.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final, Generic, TypeAlias, TypeVar

import anyio

from dragoman.core.errors import (
    DragomanError,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    RateLimited,
    UnsupportedOperation,
)
from dragoman.core.model import Message, Order, Page
from dragoman.core.queries import MessageQuery
from dragoman.core.times import in_window, to_us
from dragoman.providers.kit.cache import TtlCache
from dragoman.providers.kit.listings import Key, Listing, anchored, key_of, whole
from dragoman.providers.kit.pager import Pager
from dragoman.providers.kit.thread_source import HistoryRange, Post, ThreadSource
from dragoman.providers.kit.threads import no_such_message

R = TypeVar("R")
Entry: TypeAlias = tuple[Post, R]

_REFUSALS: Final = (InvalidArgument, NotFound, PermissionDenied, RateLimited, UnsupportedOperation)
_AT_ONCE: Final = 20  # threads
_HELD: Final = 500  # threads
_FRESH: Final = 120.0  # seconds for which a thread of the same count and newest reply is not read again
_LOOKED_BEHIND: Final = 100  # messages before a window of time, which may have been answered in it
_BEGINNING: Final = 1_000_000_000_000_000  # microseconds; before any of these services


class InlineThreads(Generic[R]):
    """Reads the conversations of one account.

    Args:
        service: Its name, for sentences.
        source: Asks it.
        page_size: Messages of one request where it is not known how many pass the filters.
    """

    def __init__(self, service: str, source: ThreadSource[R], *, page_size: int = 100) -> None:
        self._source = source
        self._page_size = page_size
        self._pager = Pager[Message](service, self._key)
        self._thread_pager = Pager[Message](service, lambda message: key_of(message.sent_at, message.id))
        self._known = TtlCache[tuple[str, str], tuple[object, Sequence[R]]](_HELD, _FRESH)

    async def page(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page of messages; replies stand after their roots, however late they came."""
        if query.thread is not None:
            listing = whole(partial(self._thread, conversation, query.thread))
            return await self._thread_pager.page(listing, query, name=(conversation, query.thread))

        def is_within(message: Message) -> bool:
            return in_window(message.sent_at, query.since, query.until)

        keep = is_within if query.since or query.until else None
        plain, name = replace(query, since=None, until=None), (conversation, query.since, query.until)
        return await self._pager.page(self._listing(conversation, query), plain, name=name, keep=keep)

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        """The cursor after a message."""
        if query.thread is not None or message.sent_at is None:
            return None
        name = (message.conversation, query.since, query.until)
        return self._pager.cursor_after(self._listing(message.conversation, query), message, query.order, name=name)

    def forget(self, conversation: str, root: str | None = None) -> None:
        """Read anew what was changed here."""
        self._pager.forget((conversation, None, None))
        if root is not None:
            self._known.pop((conversation, root))

    def _key(self, message: Message) -> Key:
        """Replies are sorted under their root; one that is listed as well stands where it is listed."""
        if message.reply_to is None or self._source.is_listed(message):
            return key_of(message.sent_at, message.id)
        return Key(self._source.time_of(message.reply_to), f"{message.reply_to} {message.id}")

    def _listing(self, conversation: str, query: MessageQuery) -> Listing[Message]:
        return anchored(partial(self._fetch, conversation, query), self._key, whole_times=True)

    async def _fetch(
        self, conversation: str, query: MessageQuery, order: Order, anchor: Key | None
    ) -> tuple[Sequence[Message], bool]:
        """The part of a list beside an anchor, with the replies to it."""
        part = await self._source.history(conversation, self._range(query, order, anchor))
        entries = self._entries(part.entries, order)
        groups = await self._with_replies(conversation, entries, query)
        late = await self._late_replies(conversation, query) if order is Order.OLDEST and anchor is None else []
        raw = [one for group in (*late, *groups) for one in group]
        is_plain = len(raw) == len(part.entries)
        found = await self._source.to_messages(conversation, raw, part if is_plain else None)
        is_cut = len(groups) < len(entries)
        past = self._is_past(query, order, entries[: len(groups)]) and not (is_cut and order is Order.LATEST)
        return found, (part.more or is_cut) and not past

    def _range(self, query: MessageQuery, order: Order, anchor: Key | None) -> HistoryRange:
        """The window to ask for: the messages beside an anchor, or the first ones of the window."""
        is_filtered = query.since or query.until or query.author
        limit = self._page_size if is_filtered else query.limit
        if anchor is not None:
            # All before an anchor that is a root was given; of a thread or a time some may be missing.
            is_given = order is Order.LATEST and anchor.id and " " not in anchor.id
            return HistoryRange(order, max(0, anchor.at), inclusive=not is_given, limit=limit)
        if order is Order.OLDEST:
            at = _BEGINNING if query.since is None else max(0, to_us(query.since))
            return HistoryRange(order, at, inclusive=True, limit=limit)
        until = None if query.until is None else max(0, to_us(query.until) - 1)
        return HistoryRange(order, until, inclusive=until is not None, limit=limit)

    def _entries(self, raw: Sequence[R], order: Order) -> list[Entry[R]]:
        """Messages with where they stand, in an order."""
        found = [(post, one) for one in raw if (post := self._source.post(one)).id]
        time_of = self._source.time_of
        return sorted(found, key=lambda entry: time_of(entry[0].id), reverse=order is Order.LATEST)

    async def _late_replies(self, conversation: str, query: MessageQuery) -> list[list[R]]:
        """Messages before a window of time with their replies, where some may be in it."""
        if query.since is None:
            return []
        before = HistoryRange(at=max(0, to_us(query.since)), limit=self._page_size)
        with suppress(*_REFUSALS):  # what is in the window counts
            entries = self._entries((await self._source.history(conversation, before)).entries, Order.OLDEST)
            roots = [one for one in entries if one[0].replies and _may_match(one[0], query)]
            parts = [roots[at : at + _AT_ONCE] for at in range(0, len(roots), _AT_ONCE)]
            return [group for part in parts for group in await self._with_replies(conversation, part, query)]
        return []

    async def _with_replies(self, conversation: str, entries: Sequence[Entry[R]], query: MessageQuery) -> list[list[R]]:
        """The first messages with their replies: as many as the page can need, and threads that are read at once."""
        groups, size = list[list[R]](), 0
        threads = list[tuple[Post, list[R]]]()
        is_filtered = query.since or query.until or query.author
        for post, raw in entries:
            groups.append([raw])
            if post.replies and post.root is None and _may_match(post, query):
                threads.append((post, groups[-1]))
            size += 1 + post.replies
            if (size >= query.limit and not is_filtered) or len(threads) == _AT_ONCE:
                break
        failures = list[DragomanError]()
        async with anyio.create_task_group() as tasks:
            for root, group in threads:
                tasks.start_soon(self._add_replies, conversation, root, group, failures)
        if failures:
            raise failures[0]
        return groups

    async def _add_replies(self, conversation: str, root: Post, group: list[R], failures: list[DragomanError]) -> None:
        state, key = (root.replies, root.newest_reply), (conversation, root.id)
        known = self._known.get(key)
        if known is None or known[0] != state:
            try:
                known = state, await self._source.replies(conversation, root.id)
            except _REFUSALS:
                return  # the root tells how many replies there are
            except DragomanError as error:
                failures.append(error)
                return
            self._known.put(key, known)
        posts = ((self._source.post(one), one) for one in known[1])
        group += [one for post, one in posts if post.id != root.id and not post.is_listed]

    async def _thread(self, conversation: str, message: str) -> Sequence[Message]:
        """The thread that a message is in."""
        found = await self._source.replies(conversation, message)
        same = self._source.time_of(message)
        posts = [self._source.post(one) for one in found]
        root = next((one.root for one in posts if one.root and self._source.time_of(one.id) == same), None)
        if root is not None:
            found = await self._source.replies(conversation, root)
        if not found:
            raise no_such_message()
        return await self._source.to_messages(conversation, found)

    def _is_past(self, query: MessageQuery, order: Order, entries: Sequence[Entry[R]]) -> bool:
        """Whether the window is over: no root that follows is in it, or was perhaps answered in it."""
        times = [self._source.time_of(post.id) for post, _ in entries]
        if order is Order.OLDEST:
            return query.until is not None and bool(times) and times[-1] >= to_us(query.until)
        before = [at for at in times if query.since is not None and at < to_us(query.since)]
        return len(before) >= max(1, min(_LOOKED_BEHIND, len(times) - 1))


def _may_match(root: Post, query: MessageQuery) -> bool:
    """Whether a reply can be in the window: the newest one is not before it."""
    return query.since is None or not root.newest_reply or root.newest_reply >= to_us(query.since)
