"""One account that this process keeps current, while it has the lease."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from dragoman.accounts.workspace import Account
from dragoman.core.context import instrumentation
from dragoman.core.context.clock import Clock
from dragoman.providers.base.provider import Provider
from dragoman.store import Store
from dragoman.store.sync_state import Lease, SyncStep

_LONGEST_YIELD: Final = 5.0
_LOOK: Final = 0.05
"""Seconds: the longest that one request waits for tool calls, and how often it looks."""


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
    """

    account: Account
    store: Store
    lease: Lease
    clock: Clock
    report: Callable[[str, SyncCounts], object]
    counts: SyncCounts = field(default_factory=SyncCounts)

    @property
    def name(self) -> str:
        """The account's name."""
        return self.account.name

    async def provider(self) -> Provider:
        """The provider for one question, behind tool calls of this process that reach the account.

        Raises:
            DragomanError: The account cannot be opened.
        """
        waited = 0.0
        while waited < _LONGEST_YIELD and instrumentation.is_in_use(self.name):
            await self.clock.sleep(_LOOK)
            waited += _LOOK
        self.counts.requests += 1
        return await self.account.provider()

    async def commit(self, step: SyncStep) -> None:
        """Store a step.

        Raises:
            LeaseLostError: Another process has the account.
            NotWritableError: The store is full.
        """
        new = await self.store.sync.commit(self.lease, step)
        self.counts.messages += new
        self.counts.waiting = ""
        self.report(self.name, self.counts)
