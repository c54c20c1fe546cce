"""One account that this process keeps current, while it has the lease."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import anyio

from dragoman.accounts.account import Account
from dragoman.core.context import instrumentation
from dragoman.core.context.clock import Clock
from dragoman.providers.base.provider import Provider
from dragoman.store import Store
from dragoman.store.sync_state import Lease, SyncStep
from dragoman.sync.back_position import PAGE

_QUIET: Final = 0.5
"""Seconds after the last tool call in which another one is likely."""

_LONGEST_YIELD: Final = 5.0
_LOOK: Final = 0.1
"""Seconds: the longest that one step waits for tool calls, and how often it looks."""

_LARGEST_PAGE: Final = 1000
"""Messages of a page of history, and of a transaction. Calls that write wait for one about 40 ms."""

_QUICK: Final = 1.0
"""Seconds in which a page comes from a service that may be asked for a larger one."""

_LIGHT: Final = 200_000
"""Characters of a page of which a larger one still takes little memory."""


@dataclass(slots=True)
class SyncCounts:
    """What a sync has done so far.

    Attributes:
        requests: Questions to the provider.
        messages: Messages that the store did not have.
        waiting: Why it waits; empty while it works.
    """

    requests: int = 0
    messages: int = 0
    waiting: str = ""


@dataclass(slots=True)
class SyncSession:
    """What the parts of a sync share.

    Attributes:
        account: Which account.
        store: Where everything goes.
        lease: The right to it.
        clock: What waiting goes by.
        report: Is called after each step.
        counts: What was done.
        waiting: Steps that are to be stored.
        writing: Held while steps are stored.
        page_size: Messages that the next page of history is asked for.
    """

    account: Account
    store: Store
    lease: Lease
    clock: Clock
    report: Callable[[str, SyncCounts], object]
    counts: SyncCounts = field(default_factory=SyncCounts)
    waiting: list[SyncStep] = field(default_factory=list[SyncStep])
    writing: anyio.Lock = field(default_factory=anyio.Lock)
    page_size: int = PAGE

    @property
    def name(self) -> str:
        """The account's name."""
        return self.account.name

    async def provider(self) -> Provider:
        """The provider for one question, behind the tool calls of this process.

        Raises:
            DragomanError: The account cannot be opened.
        """
        await self._yield_to_tools()
        self.counts.requests += 1
        return await self.account.provider()

    def note_page(self, seconds: float, characters: int) -> None:
        """Ask for larger pages where they come quickly and are small; for small ones where they do not.

        Where pages follow each other, services are asked for some messages twice, so larger ones take less work.
        """
        quick = seconds < _QUICK and characters < _LIGHT
        self.page_size = min(2 * self.page_size, _LARGEST_PAGE) if quick else PAGE

    async def commit(self, step: SyncStep) -> None:
        """Store a step. Histories of several conversations that wait at the same time are stored together.

        Raises:
            LeaseLostError: Another process has the account.
            NotWritableError: The store is full.
        """
        await self._yield_to_tools()
        # Such steps cannot be joined: each has its own bound of news, or its own state of the account.
        if step.news or step.account is not None or step.behind_from is not None:
            self._note(await self.store.sync.commit(self.lease, step))
            return
        self.waiting.append(step)
        async with self.writing:
            # Whoever had the lock before may have stored this step along with its own.
            if any(one is step for one in self.waiting):
                await self._store_waiting(step)

    async def _store_waiting(self, own: SyncStep) -> None:
        """Store the steps that wait; where that fails, only one's own, so that nobody fails for another."""
        others = self._take_waiting(own)
        try:
            new = await self.store.sync.commit(self.lease, _joined([*others, own]))
        except Exception:
            self.waiting.extend(others)
            if not others:
                raise
            new = await self.store.sync.commit(self.lease, own)
        self._note(new)

    def _take_waiting(self, own: SyncStep) -> list[SyncStep]:
        """Of the other steps that wait as many as a transaction may have messages, and take them and one's own out."""
        taken, left = list[SyncStep](), list[SyncStep]()
        room = _LARGEST_PAGE - len(own.messages)
        for one in self.waiting:
            if one is own:
                continue
            room -= len(one.messages)
            (taken if room >= 0 else left).append(one)
        self.waiting = left
        return taken

    def _note(self, new: int) -> None:
        self.counts.messages += new
        self.counts.waiting = ""
        self.report(self.name, self.counts)

    async def _yield_to_tools(self) -> None:
        waited = 0.0
        # Bounded: tools that are called without a pause must not hold up sync for ever.
        while waited < _LONGEST_YIELD and instrumentation.quiet_seconds() < _QUIET:
            await self.clock.sleep(_LOOK)
            waited += _LOOK


def _joined(steps: Sequence[SyncStep]) -> SyncStep:
    """Steps of different conversations as one."""
    return SyncStep(
        messages=[one for step in steps for one in step.messages],
        conversations=[one for step in steps for one in step.conversations],
        uncovered=[one for step in steps for one in step.uncovered],
        covered=[one for step in steps for one in step.covered],
        states=[one for step in steps for one in step.states],
    )
