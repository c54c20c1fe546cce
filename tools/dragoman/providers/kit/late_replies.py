"""Finds replies to old messages, for services that list replies apart and tell of them only at the message itself.

All conversations are gone through again and again, a few pages with each call, and old messages that were answered
since the last time are noticed by when they were answered. Where that stands is in a :class:`Sweep`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Generic, NamedTuple, TypeVar

from dragoman.core.errors import DragomanError, NotFound, PermissionDenied
from dragoman.core.model import Message
from dragoman.core.times import to_us
from dragoman.providers.kit.change_position import OVERLAP_US, SECOND
from dragoman.providers.kit.thread_source import HistoryRange, Post, ThreadSource
from dragoman.providers.kit.watched_threads import Watched

R = TypeVar("R")

_PAGES: Final = 4  # that are read with each call
_THREADS: Final = 20  # likewise
_OLDEST: Final = 90 * 86_400 * SECOND  # messages before that are not looked at
_MOST_TOLD: Final = 400


class Told(NamedTuple):
    """A thread of which replies were told: up to which time, in microseconds."""

    conversation: str
    root: str
    until: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """The position of a round through all conversations; times are in microseconds since 1970.

    Attributes:
        since: Replies up to this time were told.
        began: When this sweep began.
        conversation: The one that is next; empty for the first.
        before: From where on it is next; 0 for its newest messages.
        told: Threads of which later replies were told.
        watched: Threads whose edits and deletions are looked for.
    """

    since: int
    began: int
    conversation: str = ""
    before: int = 0
    told: tuple[Told, ...] = ()
    watched: tuple[Watched, ...] = ()

    def noting(self, messages: Iterable[Message]) -> Sweep:
        """The same, where messages were told by another way."""
        until = {(one.conversation, one.root): one.until for one in self.told}
        for one in messages:
            if one.reply_to is not None and one.sent_at is not None and one.deleted_at is None:
                key = one.conversation, one.reply_to
                until[key] = max(until.get(key, 0), to_us(one.sent_at))
        # Replies before the round's beginning are told by it anyhow.
        later = sorted((at, key) for key, at in until.items() if at > self.since)[-_MOST_TOLD:]
        return replace(self, told=tuple(Told(*key, at) for at, key in later))


@dataclass(slots=True)
class _Round:
    """The replies that one call reads."""

    sweep: Sweep
    messages: list[Message] = field(default_factory=list[Message])
    threads: int = _THREADS


class LateReplies(Generic[R]):
    """Looks for late replies in the conversations of one account.

    Args:
        source: Asks the service.
        page_size: Messages of one request.
    """

    def __init__(self, source: ThreadSource[R], *, page_size: int) -> None:
        self._source = source
        self._page_size = page_size

    async def read(
        self, sweep: Sweep, conversations: Iterable[str], now: int, begins: Mapping[str, int]
    ) -> tuple[list[Message], Sweep]:
        """The next pages: replies that were not told yet, and where it goes on. A failure ends it for this time.

        Args:
            sweep: Where it stands.
            conversations: All that there are.
            now: The time of the service, in microseconds since 1970.
            begins: Where the newest messages begin that were read another way; 0 where they are all that there are.
        """
        # An order of ids stays the same while conversations come and go.
        ids, state = sorted(conversations), _Round(sweep)
        try:
            for _ in range(_PAGES):
                place = _next_place(state.sweep, ids, begins)
                if place is None:
                    since = max(state.sweep.since, state.sweep.began - OVERLAP_US)
                    state.sweep = replace(state.sweep, since=since, began=now, conversation="", before=0).noting(())
                    break
                await self._read_page(state, *place, now)
                if not state.threads:
                    break
        except DragomanError:
            pass  # it goes on there the next time
        return state.messages, state.sweep

    async def _read_page(self, state: _Round, conversation: str, before: int, now: int) -> None:
        state.sweep = replace(state.sweep, conversation=conversation, before=before)
        try:
            part = await self._source.history(conversation, HistoryRange(at=before or None, limit=self._page_size))
        except (NotFound, PermissionDenied):
            state.sweep = _after(state.sweep)
            return
        posts = [post for raw in part.entries if (post := self._source.post(raw)).id]
        if not await self._read_threads(state, posts):
            return  # the same page again
        oldest = min((self._source.time_of(post.id) for post in posts), default=0)
        # A page that does not lead further back would be read for ever.
        goes_on = part.more and oldest > now - _OLDEST and oldest != before
        state.sweep = replace(state.sweep, before=oldest) if goes_on else _after(state.sweep)

    async def _read_threads(self, state: _Round, posts: Sequence[Post]) -> bool:
        """Read what is new in the threads of a page; whether those are all."""
        place = state.sweep.conversation
        until = {one.root: one.until for one in state.sweep.told if one.conversation == place}
        for post in posts:
            since = max(until.get(post.id, 0), state.sweep.since)
            if not post.replies or post.newest_reply <= since:
                continue
            if not state.threads:
                return False
            # A bound for each call, so that one busy day does not use up the rate.
            state.threads -= 1
            found = await self._replies(place, post.id, since)
            state.messages += found
            newest = Told(place, post.id, post.newest_reply)
            state.sweep = replace(state.sweep, told=(*state.sweep.told, newest)).noting(found)
        return True

    async def _replies(self, conversation: str, root: str, since: int) -> Sequence[Message]:
        try:
            raw = await self._source.replies(conversation, root, since)
        except (NotFound, PermissionDenied):
            return ()
        posts = ((self._source.post(one), one) for one in raw)
        late = [one for post, one in posts if post.id != root and self._source.time_of(post.id) > since]
        return await self._source.to_messages(conversation, late)


def _next_place(sweep: Sweep, ids: Sequence[str], begins: Mapping[str, int]) -> tuple[str, int] | None:
    """The next conversation and where in it; ``None`` at the end of all."""
    if sweep.before and sweep.conversation in ids:
        return sweep.conversation, sweep.before
    waiting = (one for one in ids if one >= sweep.conversation)
    return next(((one, begins.get(one, 0)) for one in waiting if begins.get(one) != 0), None)


def _after(sweep: Sweep) -> Sweep:
    """On to the conversation after this one, in the order of ids."""
    return replace(sweep, conversation=f"{sweep.conversation}\0", before=0)
