"""Keeps accounts current, each in a task of its own: one that fails does not hold up the others."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import anyio

from dragoman.accounts.account import Account
from dragoman.accounts.workspace import Workspace
from dragoman.core.context.clock import Clock, current_clock
from dragoman.core.errors import DragomanError, Unavailable
from dragoman.core.rate_budget import background_calls
from dragoman.providers.base.provider import Capability
from dragoman.store import NotWritableError, Store
from dragoman.store.sync_state import LEASE, Lease, LeaseLostError
from dragoman.sync.account_worker import AccountWorker
from dragoman.sync.session import SyncCounts, SyncSession

ASK_AGAIN: Final = 15.0
"""Seconds between questions whether the lease of an account is free."""

_NEEDED: Final = frozenset({Capability.LIST_CONVERSATIONS, Capability.LIST_MESSAGES})
_log = logging.getLogger(__name__)
# One renewal that fails or comes late does not cost the lease.
_RENEW: Final = LEASE / 3


@dataclass(slots=True)
class AccountResult:
    """What came of the sync of one account.

    Attributes:
        account: Its name.
        counts: What was done.
        error: Why it ended before its time; ``None`` when it did not.
        is_elsewhere: Another process keeps the account current.
    """

    account: str
    counts: SyncCounts = field(default_factory=SyncCounts)
    error: DragomanError | None = None
    is_elsewhere: bool = False


def accounts_to_sync(workspace: Workspace) -> list[Account]:
    """The accounts whose settings say that they are to be kept current, and that can be.

    One that shows each person something else is not kept for all of them, and the local account is the store itself.
    """
    return [account for account in workspace.accounts.values() if can_sync(account)]


def can_sync(account: Account) -> bool:
    """Whether an account is to be kept current."""
    settings, kind = account.settings, account.provider_class
    return settings.sync is not None and kind.external and not settings.personal and account.capabilities >= _NEEDED


async def keep_current(
    workspace: Workspace,
    accounts: Sequence[Account],
    *,
    watch: bool,
    report: Callable[[str, SyncCounts], object] = lambda _name, _counts: None,
    clock: Clock | None = None,
) -> list[AccountResult]:
    """Bring accounts to their horizon; with ``watch`` keep them there until cancelled.

    Args:
        workspace: The accounts and the store.
        accounts: Those to keep current.
        watch: Go on for ever, and take over accounts whose process ends.
        report: Is told the name of an account and what was done, after each step.
        clock: What waiting goes by.

    Returns:
        What came of each.
    """
    store = await workspace.store()
    # Process ids come again, in containers after every start, so a random part tells holders apart.
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    results = [AccountResult(account.name) for account in accounts]
    with background_calls():  # outside the tasks: each takes a copy of the context when it starts
        async with anyio.create_task_group() as group:
            for account, result in zip(accounts, results, strict=True):
                keeper = _Keeper(account, store, clock or current_clock(), holder, report, result)
                group.start_soon(keeper.run, watch)
    return results


@dataclass(slots=True)
class _Keeper:
    """Keeps one account current while this process holds its lease."""

    account: Account
    store: Store
    clock: Clock
    holder: str
    report: Callable[[str, SyncCounts], object]
    result: AccountResult

    async def run(self, watch: bool) -> None:  # noqa: FBT001  # started as a task, which takes no names
        while True:
            try:
                await self._run_once(watch=watch)
            # Asking for the lease again tells whether another process has it or it is free.
            except LeaseLostError:
                continue
            except DragomanError as error:
                self.result.error = error
            except Exception:  # noqa: BLE001  # the boundary between accounts: a defect in one must not end the others
                _log.exception("Keeping the account %s current broke down.", self.account.name)
                self.result.error = Unavailable("The account broke down.", hint="The log has the details.")
            if not watch:
                return
            await self.clock.sleep(ASK_AGAIN)

    async def _run_once(self, *, watch: bool) -> None:
        lease = await self.store.sync.take_lease(self.account.name, self.holder)
        self.result.is_elsewhere = lease is None
        if lease is None:
            return
        session = SyncSession(self.account, self.store, lease, self.clock, self.report, self.result.counts)
        async with _renewing(self.store, lease):
            await AccountWorker(session).run(watch=watch)
        self.result.error = None


@asynccontextmanager
async def _renewing(store: Store, lease: Lease) -> AsyncGenerator[None]:
    """Have the lease while the context lasts, and give it back at the end.

    Raises:
        LeaseLostError: Another process has taken it; what was inside is cancelled.
    """
    lost: list[LeaseLostError] = []

    async def renew() -> None:
        while True:
            await anyio.sleep(_RENEW)
            try:
                await store.sync.renew_lease(lease)
            except LeaseLostError as error:
                lost.append(error)
                group.cancel_scope.cancel()
                return
            except NotWritableError:
                continue  # nobody else can take it either

    # A task group wraps what leaves it into an ExceptionGroup, so errors are raised behind it.
    failure: list[DragomanError] = []
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(renew)
            try:
                yield
            except DragomanError as error:
                failure.append(error)
            group.cancel_scope.cancel()
    finally:
        # Shielded, so that a process that is stopped frees the account at once. Briefly: the lease ends by itself.
        with anyio.move_on_after(1, shield=True):
            await _release(store, lease)
    if lost or failure:
        # The lost lease first: it may be why the rest has failed.
        raise (*lost, *failure)[0]


async def _release(store: Store, lease: Lease) -> None:
    try:
        await store.sync.release_lease(lease)
    except DragomanError:
        return  # it ends by itself
