"""What the server remembers, in one file: numbers, messages seen, cursors, the outbox, consents, the audit log."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, Self, TypeVar

from dragoman.core.model import Conversation, Hit, Message, SearchPage
from dragoman.core.queries import SearchQuery
from dragoman.store.sqlite import cursors, search, usage
from dragoman.store.sqlite.cache.read_cache import ReadCache
from dragoman.store.sqlite.cache.recent_messages import RecentMessages
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.database import Database
from dragoman.store.sqlite.default_path import default_path
from dragoman.store.sqlite.messages import conversations as places
from dragoman.store.sqlite.messages import numbering
from dragoman.store.sqlite.messages.message_table import MessageTable
from dragoman.store.sqlite.messages.numbering import Remember
from dragoman.store.sqlite.usage import STEPS_MS, Count
from dragoman.store.sqlite.values import from_moment, to_moment
from dragoman.store.sqlite.writes import audit, confirmations, journal, outbox
from dragoman.store.sqlite.writes.audit import Record
from dragoman.store.sqlite.writes.outbox import Entry, Intent, State

__all__ = ["STEPS_MS", "Count", "Database", "Entry", "Intent", "Record", "Remember", "State", "Store", "default_path"]

T = TypeVar("T")

CONVERSATIONS: Final = 5000
"""Most conversations that are told of an account, the most recent ones."""

_SECOND: Final = 1_000_000


class Store:
    """The server's memory. Safe for any number of tasks, threads and processes on one file."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._seen = MessageTable("seen", numbered=True)
        self._unwritten = cursors.MemoryCursors()
        self._given = cursors.RecentCursors()
        self._lately = RecentMessages(clock)
        self._kept = ReadCache()

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path | None, *, clock: Callable[[], float] = time.time) -> AsyncGenerator[Self]:
        """Open the file, making it where it is missing; ``None`` remembers in memory until closed.

        Args:
            path: Where the file is.
            clock: Seconds since 1970.

        Raises:
            InvalidArgument: Something else is at that path.
            Unavailable: The file cannot be opened now.
        """
        async with Database.at(path) as database:
            yield cls(database, clock)

    async def number_messages(
        self, messages: Sequence[Message], remember: Remember = "full", *, account: str = ""
    ) -> list[Message]:
        """The same messages with their numbers and those of the messages that they answer.

        A message that was never seen gets the next number, its parent before it. Writes only when something is
        new or has changed. With ``off`` nothing is kept and no number given.
        A file that can only be read gives the numbers that it has.

        Args:
            messages: As the provider gave them.
            remember: How much to keep.
            account: Where they are; empty when each says so itself.
        """
        made = self._lately.find(account, remember, messages)
        if made is not None:
            return made
        if remember == "off":
            return [replace(message, account=account or message.account) for message in messages]
        made = await self._numbered(messages, remember, account)
        if self._database.writable:
            self._lately.keep(account, remember, messages, made)
        return made

    async def _numbered(self, messages: Sequence[Message], remember: Remember, account: str) -> list[Message]:
        known = await self._database.read(lambda con: numbering.lookup(con, self._seen, messages, remember, account))
        if known is not None:
            return known
        if not self._database.writable:
            return await self._database.read(lambda con: numbering.lookup_existing(con, self._seen, messages, account))
        return await self._database.write(lambda con: numbering.assign(con, self._seen, messages, remember, account))

    async def locate(self, number: int) -> tuple[str, str, str] | None:
        """Account, conversation id and message id of the message with that number."""
        if not 0 < number < 2**63:
            return None
        return await self._read(("locate", number), lambda con: self._seen.locate(con, number))

    async def search(self, account: str, query: SearchQuery) -> SearchPage:
        """Search what was seen of an account, with the numbers of the messages filled in.

        Returns:
            A page whose ``back_to`` is the moment of the oldest message that is remembered there.

        Raises:
            InvalidArgument: There is nothing to look for in the query, or its cursor is none of ours.
        """
        return await self._database.read(lambda con: self._search(con, account, query))

    async def remember_conversations(self, conversations: Sequence[Conversation]) -> None:
        """Keep what is known of conversations, so that titles are resolved without asking the service."""
        fresh = await self._database.read(lambda con: places.changed(con, self._seen.tables, conversations))
        if fresh and self._database.writable:
            await self._database.write(lambda con: places.describe_all(con, self._seen.tables, fresh))

    async def conversation(self, account: str, conversation: str) -> Conversation | None:
        """What was told of one conversation, ``None`` when nothing was."""
        key = ("conversation", account, conversation)
        place = await self._read(key, lambda con: places.find(con, self._seen.tables, account, conversation))
        return place.conversation if place is not None and place.known else None

    async def conversations(self, account: str | None = None) -> list[Conversation]:
        """The conversations that were seen, most recent first, at most :data:`CONVERSATIONS`."""
        return await self._database.read(lambda con: self._conversations(con, account))

    async def keep_cursor(self, state: Mapping[str, object]) -> str:
        """A short name for ``state`` (JSON values), good for thirty days or ten thousand further ones.

        The same state gets the same name for ten minutes.

        Beside a file that can only be read it is good until this store is closed.
        """
        if not self._database.writable:
            return self._unwritten.keep(state)
        token = self._given.find(state, self._seconds())
        if token is None:
            token = await self._database.write(lambda con: cursors.keep(con, state, self._seconds()))
            self._given.note(state, token, self._seconds())
        return token

    async def find_cursor(self, token: str) -> dict[str, object] | None:
        """The state of that name, ``None`` when it is unknown or was forgotten."""
        if not self._database.writable:
            return self._unwritten.find(token)
        found = await self._database.read(lambda con: cursors.find(con, token, self._seconds()))
        if found is None:
            self._given.forget(token)
        return found

    async def begin_write(self, intent: Intent, *, accepted: str = "", per_minute: int | None = None) -> Entry:
        """Note a write before it is made; what stands in its way is given back instead, not ``fresh``.

        In its way stand: the same key; without a key the same content whose outcome is not known, or, where the
        intent is to be made ``once``, that was written within a minute. One that failed is taken up again.

        Args:
            intent: What is to be made.
            accepted: The stamp of an entry that may be made once more, because somebody has agreed to it.
            per_minute: Most writes of the account in a minute.

        Raises:
            RateLimited: There were as many.
        """
        return await self._database.write(lambda con: journal.begin(con, intent, self._now(), accepted, per_minute))

    async def conflicting_write(self, intent: Intent) -> Entry | None:
        """What would stand in the way of that write, see :meth:`begin`."""
        return await self._database.read(lambda con: outbox.standing(con, intent, self._now()))

    async def require_pace(self, account: str, per_minute: int | None) -> None:
        """Refuse what :meth:`begin` would refuse now because there were so many writes.

        Raises:
            RateLimited: There were.
        """
        await self._database.read(lambda con: outbox.require_pace(con, account, self._now(), per_minute))

    async def find_write(self, account: str, key: str, principal: str = "") -> Entry | None:
        """The write that was begun with that key, ``None`` when there was none."""
        return await self._database.read(lambda con: outbox.attempt(con, account, key, self._now(), principal))

    async def renew_write(self, entry: Entry) -> None:
        """Say that a write is still at work; to be said more often than every :data:`outbox.LEASE` seconds."""
        await self._database.write(lambda con: outbox.renew(con, entry, self._now()))

    async def finish_write(
        self,
        entry: int,
        state: Literal["done", "failed", "unknown"],
        message: str | None = None,
        *,
        attempts: int | None = None,
        outcome: str = "",
    ) -> bool:
        """Note how a write ended, in the outbox and the audit log; ``False`` when it had an outcome already.

        Args:
            entry: Its number.
            state: ``unknown`` may become one of the others later.
            message: Reference of the message that came of it.
            attempts: Which attempt it was; without it, whichever is the last.
            outcome: What the audit log says, by default the state.
        """
        ending = journal.Ending(entry, State(state), message, attempts, outcome or state)
        return await self._database.write(lambda con: journal.finish(con, ending, self._now()))

    async def pending_writes(self) -> list[Entry]:
        """The writes without an outcome or with an unknown one, oldest first."""
        return await self._database.read(lambda con: outbox.pending(con, self._now()))

    async def unknown_outcomes(self, account: str, conversation: str) -> list[Entry]:
        """The writes to a conversation within a day whose outcome is unknown."""
        return await self._database.read(lambda con: outbox.doubtful(con, account, conversation, self._now()))

    async def message_refs_since(self, account: str, since: datetime) -> set[str]:
        """References of the messages that came of the writes of an account since then."""
        return await self._database.read(lambda con: outbox.made(con, account, to_moment(since)))

    async def could_be_another_write(self, entry: Entry, message: str, *, loosely: bool) -> bool:
        """May the message with that reference have come of another write than of this one."""
        return await self._database.read(lambda con: outbox.contested(con, entry, message, loosely=loosely))

    async def offer_confirmation(self, digest: str, seconds: float = 600) -> str:
        """A token that confirms the content with that hash once, within so many seconds."""
        ends = self._now() + round(seconds * _SECOND)
        return await self._database.write(lambda con: confirmations.offer(con, digest, ends))

    async def redeem_confirmation(self, token: str, digest: str) -> float:
        """Use a token up, which only one caller can.

        Returns:
            Seconds for which it was still good; 0 when it is not good for the content with that hash.
        """
        left = await self._database.write(lambda con: confirmations.redeem(con, token, digest, self._now()))
        return left / _SECOND

    async def record_audit(self, line: Record) -> None:
        """Add a line to the audit log; its time is filled in."""
        await self._database.write(lambda con: audit.record(con, line, self._now()))

    async def read_audit(self, limit: int = 100) -> list[Record]:
        """The last lines of the audit log, newest first."""
        return await self._database.read(lambda con: audit.newest(con, limit))

    async def add_usage(self, counts: Sequence[Count]) -> None:
        """Add calls of tools to those of today."""
        await self._database.write(lambda con: usage.add(con, counts, self._now()))

    async def read_usage(self, days: int) -> list[Count]:
        """The calls of so many days, today (UTC) included."""
        return await self._database.read(lambda con: usage.since(con, days, self._now()))

    async def _read(self, key: Hashable, work: Callable[[Connection], T]) -> T:
        """Read what is asked for again and again."""
        return await self._kept.get(self._database, key, lambda: self._database.read(work))

    def _search(self, con: Connection, account: str, query: SearchQuery) -> SearchPage:
        page = search.search(con, self._seen, query, account)
        back_to = from_moment(places.oldest(con, self._seen.tables, account, query.conversation))
        return replace(page, items=[self._with_parent(con, hit) for hit in page.items], back_to=back_to)

    def _with_parent(self, con: Connection, hit: Hit) -> Hit:
        message = hit.message
        if message.reply_to is None:
            return hit
        found = self._seen.numbers(con, message.account, message.conversation, [message.reply_to])
        return replace(hit, message=replace(message, reply_to_number=found.get(message.reply_to)))

    def _conversations(self, con: Connection, account: str | None) -> list[Conversation]:
        found = places.recent(con, self._seen.tables, account)
        return [place.conversation for place, _ in zip(found, range(CONVERSATIONS), strict=False)]

    def _now(self) -> int:
        return round(self._clock() * _SECOND)

    def _seconds(self) -> int:
        return int(self._clock())
