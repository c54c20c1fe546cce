"""Finds edits and deletions of replies in threads that no list of new messages shows any more.

For services that list replies apart. A thread of which replies were told is read again for a day, a few threads with
each call, the one that was not looked at for the longest time first. What was edited or deleted since then is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Generic, NamedTuple, TypeVar

from dragoman.core.errors import DragomanError, NotFound, PermissionDenied
from dragoman.core.model import Message
from dragoman.core.times import to_us
from dragoman.providers.kit.change_position import SECOND, Entry, tombstone
from dragoman.providers.kit.thread_source import HistoryRange, ThreadSource

R = TypeVar("R")

_DAY: Final = 86_400 * SECOND
_AT_ONCE: Final = 5  # threads that are read with each call
_MOST: Final = 50  # threads
_MOST_REPLIES: Final = 200  # of all threads, the newest ones, whose deletion is noticed


class Watched(NamedTuple):
    """A thread whose edits and deletions are looked for; times are in microseconds since 1970.

    Attributes:
        until: When the newest reply was sent that was told.
        looked: Up to when edits were told.
        replies: Ids of replies that were told and are there, the one that was told last at the end.
    """

    conversation: str
    root: str
    until: int
    looked: int
    replies: tuple[str, ...] = ()


def watch(watched: Iterable[Watched], messages: Iterable[Message], now: int) -> tuple[Watched, ...]:
    """The threads to watch once these messages were told; those that nobody has answered for a day are left out."""
    found = {(one.conversation, one.root): one for one in watched}
    for message in messages:
        key = message.conversation, message.reply_to or ""
        if message.reply_to is None or message.sent_at is None or (message.deleted_at and key not in found):
            continue
        sent, edited = (0 if at is None else to_us(at) for at in (message.sent_at, message.edited_at))
        known = found.get(key, Watched(*key, sent, now))
        others = tuple(one for one in known.replies if one != message.id)
        if message.deleted_at is not None:
            found[key] = known._replace(replies=others)
        else:
            until, looked = max(known.until, sent), max(known.looked, edited)
            found[key] = known._replace(until=until, looked=looked, replies=(*others, message.id))
    alive = (one for one in found.values() if one.until > now - _DAY)
    return _bounded(sorted(alive, key=lambda one: one.until)[-_MOST:])


def _bounded(watched: Sequence[Watched]) -> tuple[Watched, ...]:
    """The same threads with so few replies that a position stays short; those that were told last stay."""
    found, left = list[Watched](), _MOST_REPLIES
    for one in reversed(watched):
        replies = one.replies[-left:] if left else ()
        left -= len(replies)
        found.append(one._replace(replies=replies))
    return tuple(reversed(found))


class WatchedThreads(Generic[R]):
    """Looks for edits and deletions in the threads of one account.

    Args:
        source: Asks the service.
        is_gone: Asks for one message that was expected and not found; only then it is told as deleted.
    """

    def __init__(self, source: ThreadSource[R], is_gone: Callable[[str, str], Awaitable[bool]]) -> None:
        self._source = source
        self._is_gone = is_gone

    async def read(self, watched: Sequence[Watched], now: int) -> tuple[list[Message], tuple[Watched, ...]]:
        """Replies that were edited or deleted, and the threads to watch further. A failure ends it for this time.

        Args:
            watched: The threads.
            now: The time of the service, in microseconds since 1970.
        """
        found, state = list[Message](), {(one.conversation, one.root): one for one in watched}
        with suppress(DragomanError):
            for one in sorted(watched, key=lambda one: one.looked)[:_AT_ONCE]:
                there = await self._replies(one)
                edited = [reply for reply in there.values() if _edit_after(reply, one)] if there else []
                gone = await self._deleted(one, there) if there is not None else []
                found += [*edited, *gone]
                looked = max([one.looked, now, *(_edit_after(reply, one) for reply in edited)])
                left = tuple(id_ for id_ in one.replies if all(id_ != reply.id for reply in gone))
                state[one.conversation, one.root] = one._replace(looked=looked, replies=left)
        return found, tuple(state.values())

    async def _replies(self, thread: Watched) -> Mapping[str, Message] | None:
        """The replies of a thread by their ids; ``None`` where nobody can tell which there are."""
        place, oldest = thread.conversation, min(map(self._source.time_of, thread.replies), default=thread.until)
        try:
            raw = await self._source.replies(place, thread.root, min(thread.until - _DAY, oldest - 1))
        except PermissionDenied:
            return None
        except NotFound:  # the thread is, or the conversation
            with suppress(NotFound, PermissionDenied):
                await self._source.history(place, HistoryRange(limit=1))
                return {}
            return None
        below = [one for one in raw if self._source.post(one).id != thread.root]
        return {one.id: one for one in await self._source.to_messages(place, below)}

    async def _deleted(self, thread: Watched, there: Mapping[str, Message]) -> list[Message]:
        """The replies that were told and are deleted now."""
        found, place = list[Message](), thread.conversation
        for id_ in thread.replies:
            if id_ in there and there[id_].deleted_at is not None:
                found.append(there[id_])
            elif id_ not in there and await self._is_gone(place, id_):
                found.append(tombstone(place, Entry(id_, "", self._source.time_of(id_) // SECOND, thread.root)))
        return found


def _edit_after(reply: Message, thread: Watched) -> int:
    """When a reply was edited, if that was after the thread was looked at; else 0."""
    at = 0 if reply.edited_at is None or reply.deleted_at is not None else to_us(reply.edited_at)
    return at if at > thread.looked else 0
