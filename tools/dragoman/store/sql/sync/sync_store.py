"""How current a store in tables is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from dragoman.core.model import Message
from dragoman.store.coverage import Coverage
from dragoman.store.sql.cache import ReadCache
from dragoman.store.sql.connection import Connection, bind, from_us, to_us
from dragoman.store.sql.database import Database, StorePart
from dragoman.store.sql.messages import conversations as conversation_table
from dragoman.store.sql.messages import message_store
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.sync import arrival_table, coverage_table, leases, state_table
from dragoman.store.sync_state import (
    CLOCK_TOLERANCE,
    AccountSync,
    Arrivals,
    ConversationCoverage,
    ConversationSync,
    Lease,
    SyncStep,
    SyncSummary,
)
from dragoman.store.sync_store import SyncStore

T = TypeVar("T")

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_TOLERANCE: Final = CLOCK_TOLERANCE * 1_000_000


class SqlSync(StorePart, SyncStore):
    """See :class:`SyncStore`."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """Keep the database, and a clock that all processes with it share, in seconds since 1970."""
        super().__init__(database, clock)
        self._table = MessageTable(database.tables("seen"), numbered=True)
        self._cache = ReadCache()

    async def time(self) -> datetime:
        """The clock of the machine."""
        return _EPOCH + timedelta(microseconds=self._now())

    async def take_lease(self, account: str, holder: str) -> Lease | None:
        """Write the row of the lease."""
        return await self._database.write(
            lambda con: leases.take(con, account, holder, self._now()), area=message_store.AREA
        )

    async def renew_lease(self, lease: Lease) -> None:
        """Write when it ends."""
        await self._database.write(lambda con: leases.renew(con, lease, self._now()), area=message_store.AREA)

    async def release_lease(self, lease: Lease) -> None:
        """Write that it has ended."""
        await self._database.write(lambda con: leases.release(con, lease), area=message_store.AREA)

    async def commit(self, lease: Lease, step: SyncStep) -> int:
        """Write everything in one transaction."""
        return await self._database.write(lambda con: self._commit(con, lease, step), area=message_store.AREA)

    async def account(self, account: str) -> AccountSync:
        """Read one row."""
        return await self._read(lambda con: state_table.load_account(con, account))

    async def conversations(self, account: str, conversations: Sequence[str]) -> dict[str, ConversationSync]:
        """Read the rows."""
        return await self._read(lambda con: state_table.load(con, account, conversations))

    async def incomplete(self, account: str, since: datetime, limit: int) -> list[ConversationSync]:
        """Read from the table of conversations."""
        first = to_us(since)
        return await self._read(lambda con: state_table.incomplete(con, account, first, self._now(), limit))

    async def next_retry(self, account: str, since: datetime) -> datetime | None:
        """Read from the table of conversations."""
        first = to_us(since)
        return from_us(await self._read(lambda con: state_table.next_retry(con, account, first, self._now())))

    async def unfollowed(self, account: str, before: datetime, limit: int) -> list[ConversationSync]:
        """Read from the table of conversations."""
        return await self._read(lambda con: state_table.unfollowed(con, account, to_us(before), limit))

    async def unlisted(self, account: str, before: datetime, limit: int) -> list[ConversationSync]:
        """Read from the table of conversations."""
        return await self._read(lambda con: state_table.unlisted(con, account, to_us(before), limit))

    async def coverage(self, account: str, conversation: str) -> ConversationCoverage:
        """Read the spans, mostly in memory."""
        key = ("coverage", account, conversation)
        found: tuple[Coverage, int | None] = await self._cache.get(
            self._database,
            key,
            lambda: self._database.read_versioned(lambda con: _coverage(con, account, conversation)),
        )
        coverage, fresh_us = found
        if fresh_us is None or fresh_us > self._now() + _TOLERANCE:
            # A wrong clock wrote this; nobody knows when it was.
            return ConversationCoverage(coverage=coverage)
        return ConversationCoverage(coverage=coverage, fresh_at=from_us(fresh_us))

    async def summary(self, account: str, since: datetime) -> SyncSummary:
        """Count."""
        return await self._read(lambda con: self._summary(con, account, to_us(since)))

    async def arrivals(self, account: str, after: int, limit: int) -> Arrivals:
        """Read the log."""
        return await self._read(lambda con: arrival_table.after(con, self._table, account, after, limit))

    async def _read(self, work: Callable[[Connection], T]) -> T:
        return await self._database.read(work)

    def _commit(self, con: Connection, lease: Lease, step: SyncStep) -> int:
        account = lease.account
        # First: a lost lease raises here, before anything is stored.
        leases.renew(con, lease, self._now())
        # Messages first: what is claimed of them below must never be there without them.
        new = self._store_messages(con, account, step)
        # A provider does not know what its account is called.
        named = [replace(one, account=account) for one in step.conversations]
        conversation_table.save(con, self._table.tables, named)
        # Before the step's own spans are added, which may be later than where the news stopped.
        if step.behind_from is not None:
            coverage_table.close_following(con, account, to_us(step.behind_from))
        state_table.save(con, account, step.states)
        coverage_table.change(con, account, step.uncovered, step.covered)
        if step.account is not None:
            state_table.save_account(con, account, step.account)
        return new

    def _store_messages(self, con: Connection, account: str, step: SyncStep) -> int:
        new = message_store.store_unnumbered(con, self._table, step.messages, account)
        news_since = None if step.news_since is None else to_us(step.news_since)
        groups: dict[str, list[Message]] = {}
        for message in step.news:
            groups.setdefault(message.conversation, []).append(message)
        for conversation, messages in groups.items():
            # Read before they are stored: afterwards nothing tells what is new.
            before = self._table.get(con, account, conversation, [message.id for message in messages])
            numbered, added = message_store.store(con, self._table, messages, "full", account)
            arrival_table.record(con, account, before, numbered, news_since)
            new += added
        return new

    def _summary(self, con: Connection, account: str, since: int) -> SyncSummary:
        state = state_table.load_account(con, account)
        conversations, held = state_table.counts(con, account, since)
        failures, failed = state_table.failures(con, account)
        return SyncSummary(
            conversations=conversations,
            held=held,
            oldest=from_us(conversation_table.oldest(con, self._table.tables, account, None)),
            listed=state.listed_at is not None,
            fresh_at=state.fresh_at,
            failures=failures,
            failed=failed,
            holder=leases.holder(con, account, self._now()),
        )


def _coverage(con: Connection, account: str, conversation: str) -> tuple[Coverage, int | None]:
    """The spans of a conversation, and up to when its newest messages are known, in microseconds."""
    coverage = coverage_table.load(con, account, conversation)
    found = con.execute(
        "SELECT c.checked_at, CASE WHEN c.follows = 1 THEN a.fresh_at END FROM sync_conversations c"
        " LEFT JOIN sync_accounts a USING(account) WHERE c.account = ? AND c.id = ?",
        (account, bind(conversation)),
    ).fetchone()
    # What is known of a conversation is the later of its own check and of the news of the account.
    times = [time for time in found or () if time is not None]
    return coverage, max(times) if times and coverage.reach is not None else None
