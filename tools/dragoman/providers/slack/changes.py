"""What is new, edited or deleted: in the conversations that moved, late replies to old threads included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import anyio

from dragoman.core.context.clock import current_clock
from dragoman.core.errors import NotFound, PermissionDenied, UnsupportedOperation
from dragoman.core.json_fields import JsonObject, count_of, record_of, records_of, text_of
from dragoman.core.model import Conversation
from dragoman.providers.kit.cache import TtlCache
from dragoman.providers.kit.change_position import OVERLAP_US, Window
from dragoman.providers.kit.conversation_changes import ConversationChanges
from dragoman.providers.kit.times import EPOCH, parse_time, to_us
from dragoman.providers.slack.api import PAGE, Api
from dragoman.providers.slack.conversations import ConversationReader
from dragoman.providers.slack.reading import MessageReader
from dragoman.providers.slack.search import root_in
from dragoman.providers.slack.wire import History, Object, root_of, ts_at, ts_of

_WEEK: Final = timedelta(days=7)
_MOST_HITS: Final = 100
_MOST_PAGES: Final = 5
_MOST_THREADS: Final = 50
_FRESH: Final = 600.0  # seconds for which it is known which conversations the account is in


@dataclass(slots=True)
class _Recent:
    """What a search tells: the newest message of each conversation, and of each thread that it came upon."""

    newest: dict[str, str] = field(default_factory=dict[str, str])
    threads: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def note(self, hit: JsonObject) -> str:
        """Note a hit; its time."""
        room, ts, root = text_of(record_of(hit, "channel"), "id"), ts_of(hit.get("ts")), root_in(hit)
        self.newest.setdefault(room, ts)
        if root:
            self.threads.setdefault(room, {}).setdefault(root, ts)
        return ts


class ChangeReader:
    """Asks one account for its changes."""

    def __init__(self, api: Api, conversations: ConversationReader, reader: MessageReader) -> None:
        self._api = api
        self._conversations = conversations
        self._reader = reader
        self._recent = _Recent()
        self._states = TtlCache[tuple[str, str], object](2000, 86_400.0)
        self._joined = TtlCache[str, Sequence[str]](1, _FRESH)
        by_asking = ConversationChanges(self._moved, self._window, self._is_gone, now=lambda: api.service_time)
        self.changes = by_asking.changes

    async def _moved(self, since: datetime | None) -> Sequence[Conversation]:
        """The conversations of the account; a person's search tells when most of them moved."""
        joined = self._joined.get("")
        if joined is None:
            joined = [text_of(one, "id") for one in await self._conversations.memberships()]
            self._joined.put("", joined)
        self._recent = await self._search(since)
        newest = self._recent.newest
        if not newest:
            return [Conversation(id=one) for one in joined]
        moved = sorted((one for one in joined if one in newest), key=newest.__getitem__, reverse=True)
        return [Conversation(id=one, last_message_at=parse_time(newest[one])) for one in moved]

    async def _search(self, since: datetime | None) -> _Recent:
        """What was written since a time and in the week before it; nothing where that cannot be found out."""
        if await self._api.is_bot() or self._api.may("search:read") is False:
            return _Recent()
        found, floor = _Recent(), "" if since is None else ts_at(to_us(since))
        day = (since or parse_time(current_clock().wall()) or EPOCH) - _WEEK
        with suppress(NotFound, PermissionDenied, UnsupportedOperation):
            for page in range(1, _MOST_PAGES + 1):
                answer = await self._api.read(
                    "search.messages", query=f"after:{day:%Y-%m-%d}", sort="timestamp", count=_MOST_HITS, page=page
                )
                hits = [found.note(one) for one in records_of(record_of(answer, "messages"), "matches")]
                if len(hits) < _MOST_HITS or not floor or hits[-1] < floor:
                    return found
        return _Recent()

    async def _window(self, conversation: str, since: datetime | None) -> Window:
        """The newest messages, or where more than a page is new the first ones since a time, with new replies."""
        part, until = await self._history(conversation), ""
        begin, newest = _span(part)
        floor = ts_at(max(0, to_us(since))) if since else _before(newest)
        if since is not None and begin > floor and part.goes_on:
            part, begin = await self._history(conversation, oldest=floor, inclusive="true"), floor
            until = _span(part)[1] if part.goes_on else ""
        due = self._due(conversation, part.messages, floor)
        if len(due) > _MOST_THREADS:
            until = min(filter(None, (until, due[_MOST_THREADS - 1][0])))
        threads = frozenset(root for _, root in due[:_MOST_THREADS])
        found = {ts_of(one.get("ts")): one for one in part.messages}
        async with anyio.create_task_group() as tasks:
            for root in threads:
                tasks.start_soon(self._add_thread, conversation, root, min(begin or floor, floor), found)
        raw = [one for ts, one in found.items() if ts]
        messages = await self._reader.mapped(conversation, raw)
        return Window(messages, parse_time(begin), threads, parse_time(until))

    async def _history(self, conversation: str, **bounds: str) -> History:
        return (await self._api.ask("conversations.history", History, channel=conversation, limit=PAGE, **bounds)).value

    def _due(self, conversation: str, messages: Iterable[Object], floor: str) -> list[tuple[str, str]]:
        """Threads in which something may have happened: time of the newest reply and root, the oldest first."""
        due = dict(self._recent.threads.get(conversation, {}))
        for one in messages:
            ts, latest = ts_of(one.get("ts")), ts_of(one.get("latest_reply"))
            state, key = (count_of(one, "reply_count"), latest), (conversation, ts)
            if not ts or root_of(one) is not None or not (any(state) or ts in due):
                continue
            known = self._states.get(key)
            self._states.put(key, state)
            due[ts] = latest if known == state or (latest and known is None) else max(latest, floor)
        return sorted((latest, root) for root, latest in due.items() if latest >= floor)

    async def _add_thread(self, conversation: str, root: str, oldest: str, found: dict[str, Object]) -> None:
        with suppress(NotFound, PermissionDenied):
            for one in await self._reader.replies(conversation, root, oldest=oldest):
                found.setdefault(ts_of(one.get("ts")), one)

    async def _is_gone(self, conversation: str, message: str) -> bool:
        try:
            return (await self._reader.raw(conversation, message)).get("subtype") == "tombstone"
        except NotFound:
            return True


def _span(part: History) -> tuple[str, str]:
    """The first and the last ts of a part; empty where it has none."""
    found = [ts for one in part.messages if (ts := ts_of(one.get("ts")))]
    return min(found, default=""), max(found, default="")


def _before(newest: str) -> str:
    """A little before the newest message."""
    at = parse_time(newest)
    return ts_at(max(0, to_us(at) - OVERLAP_US)) if at else ""
