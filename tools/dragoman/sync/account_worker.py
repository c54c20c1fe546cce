"""Keeps one account current: rounds for what is new, then the last week of everything, then the depth."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import anyio

from dragoman.core.errors import BadResponse, DragomanError, RateLimited
from dragoman.store import NotWritableError
from dragoman.store.coverage import BEGINNING
from dragoman.store.sync_state import AccountSync, ConversationSync, LeaseLostError, SyncStep
from dragoman.sync.conversation_reader import ConversationReader
from dragoman.sync.failures import concerns_account, failed, needs_somebody, wait_after
from dragoman.sync.news_round import NewsRound
from dragoman.sync.session import SyncSession

FIRST: Final = timedelta(days=7)
"""This much of every conversation is read before the depth of any."""

ROUND: Final = 60.0
"""Seconds between rounds where the service cannot be waited for."""

_LONGEST_WAIT: Final = 600.0
_SHORT_WAIT: Final = timedelta(seconds=30)
"""Conversations that failed are waited for so long before a sync ends."""

_log = logging.getLogger(__name__)
_BATCH: Final = 64
"""Conversations that are looked up at once to be read. At their end nothing is asked for while the last is stored."""

_MOST_AT_ONCE: Final = 16
_AHEAD: Final = 2
"""So many conversations are under way for each question that may be: some of them wait until their page is stored."""

_MOST_FAILURES: Final = 4
_MOST_PAUSES: Final = 20
"""Failures, and pauses that the service asked for, in a row after which a sync that does not watch ends."""


class AccountWorker:
    """Works for one account while this process has its lease."""

    def __init__(self, session: SyncSession) -> None:
        """Keep what is shared."""
        self._session = session
        self._round = NewsRound(session)
        self._round_due_at = 0.0
        self._failures = 0
        limits = session.account.provider_class.limits
        # The rate limiter gives background work half of the calls under way; more would only wait there.
        self._questions = max(1, min(_MOST_AT_ONCE, limits.concurrency // 2))

    async def run(self, *, watch: bool) -> None:
        """Bring the account to its horizon, and keep it there where it is to be watched.

        Raises:
            LeaseLostError: Another process has the account now.
            DragomanError: The account cannot be read, and waiting for it is no use or was none.
        """
        while True:
            try:
                state = await self._catch_up()
            # A DragomanError too, but waiting does not help: the account is another process's now.
            except LeaseLostError:
                raise
            except DragomanError as error:
                await self._after_failure(error, watch=watch)
                continue
            except Exception:  # noqa: BLE001  # a defect is told in the status, and tried again as a failure is
                _log.exception("Keeping the account %s current broke down.", self._session.name)
                await self._after_failure(_broken(), watch=watch)
                continue
            self._failures = 0
            if not watch:
                return
            await self._wait_for_news(state)

    async def _catch_up(self) -> AccountSync:
        """Rounds and reading until nothing is left to be read now."""
        while True:
            state = await self._round.run()
            # Counted from its end: where a round takes longer than this, history would else never be read.
            self._round_due_at = self._session.clock.monotonic() + ROUND
            self._failures = 0
            if not await self._read_all(state) and not await self._wait_for_failed():
                return state

    async def _read_all(self, state: AccountSync) -> bool:
        """Read conversations until a round is due; ``False`` when none is left."""
        session = self._session
        while not self._is_round_due():
            batch = await self._next_batch()
            if not batch:
                return False
            since, conversations = batch
            await self._read_batch(conversations, since, state)
        session.counts.waiting = ""
        return True

    async def _next_batch(self) -> tuple[datetime, list[ConversationSync]] | None:
        session = self._session
        now = await session.store.sync.time()
        horizon = session.account.settings.sync_since(now) or BEGINNING
        for since in (max(now - FIRST, horizon), horizon):
            found = await session.store.sync.incomplete(session.name, since, _BATCH)
            if found:
                return since, found
        return None

    async def _read_batch(self, conversations: Sequence[ConversationSync], since: datetime, state: AccountSync) -> None:
        """Read several conversations side by side.

        Raises:
            DragomanError: The account as a whole cannot be read.
        """
        questions = anyio.CapacityLimiter(self._questions)
        reader = ConversationReader(self._session, state.began_at or since, questions)
        errors: list[DragomanError] = []
        limiter = anyio.CapacityLimiter(_AHEAD * self._questions)

        async def read(one: ConversationSync) -> None:
            async with limiter:
                # Checked after the wait for a turn, in which the round may have become due or the account have failed.
                if self._is_round_due() or any(map(concerns_account, errors)):
                    return
                try:
                    await reader.read(one, since, self._is_round_due)
                except DragomanError as error:
                    await self._fail(one, error, errors)
                except Exception:  # noqa: BLE001  # a defect in reading one conversation must not keep the others out
                    _log.exception("A conversation of %s broke down.", self._session.name)
                    await self._fail(one, _broken(), errors)

        async with anyio.create_task_group() as group:
            for one in conversations:
                group.start_soon(read, one)
        fatal = next(filter(concerns_account, errors), None)  # after the group: the others have stored their pages
        if fatal is not None:
            raise fatal

    async def _fail(self, one: ConversationSync, error: DragomanError, errors: list[DragomanError]) -> None:
        """Note that a conversation could not be read, unless that means the whole account."""
        session = self._session
        errors.append(error)
        if concerns_account(error):
            return
        # Loaded again, because reading has stored pages, and with them a cursor, since this one was.
        stored = (await session.store.sync.conversations(session.name, [one.id])).get(one.id, one)
        attempts = failed(stored.attempts, error, await session.store.sync.time())
        await session.commit(SyncStep(states=[replace(stored, attempts=attempts)]))

    async def _wait_for_failed(self) -> bool:
        """Wait for conversations that are tried again soon; ``False`` when there are none."""
        session = self._session
        now = await session.store.sync.time()
        horizon = session.account.settings.sync_since(now) or BEGINNING
        retry_at = await session.store.sync.next_retry(session.name, horizon)
        if retry_at is None or retry_at - now > _SHORT_WAIT:
            return False
        await self._sleep((retry_at - now).total_seconds(), "some conversations could not be read")
        return True

    async def _after_failure(self, error: DragomanError, *, watch: bool) -> None:
        """Note that the account failed, and wait.

        Raises:
            DragomanError: Waiting is no use.
        """
        self._failures += 1
        session = self._session
        wait = wait_after(self._failures, error)
        try:
            state = await session.store.sync.account(session.name)
            now = await session.store.sync.time()
            # The stored count may go back to earlier processes; this one waits by its own.
            attempts = replace(failed(state.attempts, error, now), retry_at=now + timedelta(seconds=wait))
            await session.commit(SyncStep(account=replace(state, attempts=attempts)))
        except NotWritableError:
            pass  # it is told all the same, and tried again
        _log.warning("%s is not kept current for %d s: %s", session.name, wait, error.sentences)
        most = _MOST_PAUSES if isinstance(error, RateLimited) else _MOST_FAILURES
        if not watch and (needs_somebody(error) or self._failures >= most):
            raise error
        await self._sleep(wait, str(error.sentences))

    async def _wait_for_news(self, state: AccountSync) -> None:
        session = self._session
        if state.position is not None and session.account.provider_class.waits_for_changes():
            provider = await session.account.provider()
            try:
                await provider.wait_for_changes(state.position, _LONGEST_WAIT)
            except DragomanError:
                pass  # it is asked in intervals instead
            else:
                return
        await session.clock.sleep(ROUND)

    async def _sleep(self, seconds: float, reason: str) -> None:
        self._session.counts.waiting = reason
        self._session.report(self._session.name, self._session.counts)
        await self._session.clock.sleep(seconds)

    def _is_round_due(self) -> bool:
        return self._session.clock.monotonic() >= self._round_due_at


def _broken() -> BadResponse:
    return BadResponse("What the service gave could not be read.", hint="The log has the details.")
