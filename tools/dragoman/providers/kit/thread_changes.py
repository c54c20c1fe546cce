"""Changes of services that list replies apart, with replies to old messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final, Generic, TypeVar

import anyio

from dragoman.core.errors import InvalidArgument, NotFound, PermissionDenied
from dragoman.core.model import Changes, Conversation, Message, Order
from dragoman.core.times import from_us, to_us
from dragoman.providers.kit.cache import TtlCache
from dragoman.providers.kit.change_position import OVERLAP_US, Window, time_of
from dragoman.providers.kit.conversation_changes import PLAUSIBLE_US, ConversationChanges
from dragoman.providers.kit.cursor import decode, encode
from dragoman.providers.kit.late_replies import LateReplies, Sweep
from dragoman.providers.kit.thread_source import HistoryPart, HistoryRange, ThreadSource
from dragoman.providers.kit.watched_threads import WatchedThreads, watch

R = TypeVar("R")

_THREADS: Final = 50  # that one question reads
_STATES: Final = 2000
_DAY: Final = 86_400.0
_LIST: Final = "late replies"
_BETWEEN: Final = "."  # a position of conversations and one of late replies


class ThreadChanges(Generic[R]):
    """The changes of one account.

    Args:
        source: Asks the service.
        moved: As in :class:`.ConversationChanges`.
        is_gone: As there.
        page_size: Messages of one request.
        now: The service's own time, where it tells that.
        answered: Threads that are known to have been answered lately: by conversation, then root, when. Where it
            gives ``None``, nobody tells, and old messages are gone through for late replies.
    """

    def __init__(
        self,
        source: ThreadSource[R],
        moved: Callable[[datetime | None], Awaitable[Sequence[Conversation]]],
        is_gone: Callable[[str, str], Awaitable[bool]],
        *,
        page_size: int,
        now: Callable[[], datetime | None] = lambda: None,
        answered: Callable[[], Mapping[str, Mapping[str, int]] | None] = lambda: None,
    ) -> None:
        self._source = source
        self._moved = moved
        self._now = now
        self._answered = answered
        self._page_size = page_size
        self._by_asking = ConversationChanges(self._listed, self._window, is_gone, now=now)
        self._late = LateReplies(source, page_size=page_size)
        self._watched = WatchedThreads(source, is_gone)
        self._states = TtlCache[tuple[str, str], object](_STATES, _DAY)
        self._conversations: Sequence[str] = ()
        self._begins = dict[str, int]()
        self._newest = 0

    async def changes(self, position: str | None) -> Changes:
        """New, edited and deleted messages since a position; see :meth:`.Provider.changes`.

        Raises:
            Conflict: The position is none of these.
        """
        asked, _, swept = (position or "").partition(_BETWEEN)
        found = await self._by_asking.changes(None if position is None else asked)
        sweep = (_decoded(swept) or self._beginning()).noting(found.messages)
        # Conversations come first: late replies are rare, and can wait for a quiet call.
        if position is not None and not found.more:
            late = list[Message]()
            if self._answered() is None:
                late, sweep = await self._late.read(sweep, self._conversations, self._time(), self._begins)
            changed, watched = await self._watched.read(sweep.watched, self._time())
            sweep = replace(sweep, watched=watched)
            told = {(one.conversation, one.id): one for one in [*changed, *late, *found.messages]}
            found = replace(found, messages=sorted(told.values(), key=time_of))
        sweep = replace(sweep, watched=watch(sweep.watched, found.messages, self._time()))
        return replace(found, position=f"{found.position}{_BETWEEN}{encode(sweep, list_id=_LIST)}")

    def _beginning(self) -> Sweep:
        return Sweep(since=self._time(), began=self._time())

    def _time(self) -> int:
        """The time of the service, or else of the newest message that was seen."""
        now = self._now()
        is_plausible = now is not None and 0 <= to_us(now) - self._newest < PLAUSIBLE_US
        # A wrong clock would hide everything until it is right again.
        return to_us(now) if now is not None and is_plausible else self._newest

    async def _listed(self, since: datetime | None) -> Sequence[Conversation]:
        found = await self._moved(since)
        self._conversations = [one.id for one in found]
        self._begins = {one: self._begins[one] for one in self._conversations if one in self._begins}
        return found

    async def _window(self, conversation: str, since: datetime | None) -> Window:
        """The newest messages, or where more than a page is new the first ones since a time, with new replies."""
        part, until = await self._source.history(conversation, HistoryRange(limit=self._page_size)), 0
        begin, newest = self._ends(part)
        self._begins[conversation] = begin if part.more else 0
        self._newest = max(self._newest, newest)
        floor = max(0, to_us(since) if since is not None else newest - OVERLAP_US)
        if since is not None and begin > floor and part.more:
            part, begin = await self._after(conversation, floor), floor
            until = self._ends(part)[1] if part.more else 0
        due = self._due(conversation, part.entries, floor)
        # What is left over comes with the next window, which begins before it.
        if len(due) > _THREADS:
            until = min(filter(None, (until, due[_THREADS - 1][0])))
        threads = frozenset(root for _, root in due[:_THREADS])
        found = {post.id: raw for raw in part.entries if (post := self._source.post(raw)).id}
        async with anyio.create_task_group() as tasks:
            for root in threads:
                tasks.start_soon(self._add_thread, conversation, root, min(begin or floor, floor), found)
        messages = await self._source.to_messages(conversation, list(found.values()))
        return Window(messages, from_us(begin) if begin else None, threads, from_us(until) if until else None)

    async def _after(self, conversation: str, floor: int) -> HistoryPart[R]:
        return await self._source.history(
            conversation, HistoryRange(Order.OLDEST, floor, inclusive=True, limit=self._page_size)
        )

    def _ends(self, part: HistoryPart[R]) -> tuple[int, int]:
        """When the first and the last message of a part were sent; 0 where it has none."""
        found = [at for raw in part.entries if (at := self._source.time_of(self._source.post(raw).id))]
        return min(found, default=0), max(found, default=0)

    def _due(self, conversation: str, entries: Iterable[R], floor: int) -> list[tuple[int, str]]:
        """Threads in which something may have happened: when they were answered last and root, the oldest first."""
        due = dict((self._answered() or {}).get(conversation, {}))
        for post in map(self._source.post, entries):
            state, key = (post.replies, post.newest_reply), (conversation, post.id)
            if not post.id or post.root is not None or not (any(state) or post.id in due):
                continue
            known = self._states.get(key)
            self._states.put(key, state)
            is_dated = known == state or (post.newest_reply and known is None)
            due[post.id] = post.newest_reply if is_dated else max(post.newest_reply, floor)
        return sorted((latest, root) for root, latest in due.items() if latest >= floor)

    async def _add_thread(self, conversation: str, root: str, since: int, found: dict[str, R]) -> None:
        # The thread is gone, and with it what could have been told.
        with suppress(NotFound, PermissionDenied):
            for raw in await self._source.replies(conversation, root, since):
                found.setdefault(self._source.post(raw).id, raw)


def _decoded(position: str) -> Sweep | None:
    """The position of late replies; ``None`` for a position without a valid one."""
    try:
        return decode(Sweep, position or None, list_id=_LIST)
    except InvalidArgument:
        return None
