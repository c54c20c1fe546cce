"""Finds edits of replies in threads that no list of new messages shows any more, for services that list replies apart.

A thread of which replies were told is read again for a day, a few threads with each call, the one that was not looked
at for the longest time first. What was edited since then is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final, Generic, NamedTuple, TypeVar

from dragoman.core.errors import DragomanError, NotFound, PermissionDenied
from dragoman.core.model import Message
from dragoman.core.times import to_us
from dragoman.providers.kit.change_position import SECOND
from dragoman.providers.kit.thread_source import ThreadSource

R = TypeVar("R")

_DAY: Final = 86_400 * SECOND
_AT_ONCE: Final = 5  # threads that are read with each call
_MOST: Final = 50  # threads


class Watched(NamedTuple):
    """A thread whose edits are looked for; times are in microseconds since 1970.

    Attributes:
        until: When the newest reply was sent that was told.
        looked: Up to when edits were told.
    """

    conversation: str
    root: str
    until: int
    looked: int


def watch(watched: Iterable[Watched], messages: Iterable[Message], now: int) -> tuple[Watched, ...]:
    """The threads to watch once these messages were told; those that nobody has answered for a day are left out."""
    found = {(one.conversation, one.root): one for one in watched}
    for message in messages:
        if message.reply_to is None or message.sent_at is None or message.deleted_at is not None:
            continue
        key, sent = (message.conversation, message.reply_to), to_us(message.sent_at)
        edited = 0 if message.edited_at is None else to_us(message.edited_at)
        known = found.get(key, Watched(*key, sent, now))
        found[key] = known._replace(until=max(known.until, sent), looked=max(known.looked, edited))
    alive = (one for one in found.values() if one.until > now - _DAY)
    return tuple(sorted(alive, key=lambda one: one.until)[-_MOST:])


class EditedReplies(Generic[R]):
    """Looks for edits in the threads of one account."""

    def __init__(self, source: ThreadSource[R]) -> None:
        self._source = source

    async def read(self, watched: Sequence[Watched], now: int) -> tuple[list[Message], tuple[Watched, ...]]:
        """Replies that were edited, and the threads to watch further. A failure ends it for this time.

        Args:
            watched: The threads.
            now: The time of the service, in microseconds since 1970.
        """
        found, state = list[Message](), {(one.conversation, one.root): one for one in watched}
        with suppress(DragomanError):
            for one in sorted(watched, key=lambda one: one.looked)[:_AT_ONCE]:
                edited = await self._edited(one)
                found += [message for _, message in edited]
                newest = max((at for at, _ in edited), default=0)
                state[one.conversation, one.root] = one._replace(looked=max(one.looked, now, newest))
        return found, tuple(state.values())

    async def _edited(self, thread: Watched) -> list[tuple[int, Message]]:
        """The replies of a thread that were edited since it was looked at, each with when that was."""
        try:
            raw = await self._source.replies(thread.conversation, thread.root, thread.until - _DAY)
        except (NotFound, PermissionDenied):
            return []
        below = [one for one in raw if self._source.post(one).id != thread.root]
        messages = await self._source.to_messages(thread.conversation, below)
        dated = [(to_us(one.edited_at), one) for one in messages if one.edited_at is not None]
        return [entry for entry in dated if entry[0] > thread.looked]
