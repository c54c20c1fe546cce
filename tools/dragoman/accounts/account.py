"""One configured account, opened by its first user and closed with all others."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import anyio
from anyio.abc import TaskGroup, TaskStatus

from dragoman.accounts.remembered import RememberedProvider
from dragoman.core.context import instrumentation
from dragoman.core.queries import Draft
from dragoman.core.rate_budget import RateBudgets, shared_budgets
from dragoman.providers.base.provider import WRITES, AccountSettings, Capability, Provider
from dragoman.store import Store

CLOSING_SECONDS: Final = 10.0
"""Most seconds that closing a resource takes."""

_log = logging.getLogger(__name__)

T = TypeVar("T")

_WATCHED: Final = frozenset({*Capability, "changes", "get_conversation", "audience", "check"})
"""Operations of a provider that observers hear of."""


class LazyResource(Generic[T]):
    """A resource that is opened by its first user and lives in a task of its own.

    A context manager with a task group inside has to be left by the task that entered it. The first
    user cannot be that task: it is a request, which ends long before the resource does.
    """

    def __init__(self, holder: ResourceOwner, opening: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        """Remember how to open it."""
        self._holder = holder
        self._opening = opening
        self._value: T | None = None
        # Without a turn of the event loop where nobody else opens: that is nearly always so.
        self._lock = anyio.Lock(fast_acquire=True)

    @property
    def value(self) -> T | None:
        """The resource, where it is open."""
        return self._value

    async def get(self) -> T:
        """The open resource; a failure to open it is raised, and the next call tries again."""
        if self._value is not None:
            return self._value
        # Two calls at once must not open two connections, of which nobody would close one.
        async with self._lock:
            if self._value is None:
                value: T = await self._holder.group.start(self._hold)
                self._value = value
            return self._value

    async def _hold(self, *, task_status: TaskStatus[T]) -> None:
        started = False
        try:
            with anyio.CancelScope() as scope:
                async with self._opening() as value:
                    started = True
                    task_status.started(value)
                    try:
                        # Cancelled where the caller was, even if that was in the moment in which it was open.
                        await self._holder.closing.wait()
                    finally:
                        # Closing has to run, within a bound.
                        scope.shield = True
                        scope.deadline = anyio.current_time() + CLOSING_SECONDS
        except Exception:
            # Raised to the caller that waits in `start`; later nobody waits, and the group must go on for all others.
            if not started:
                raise
            _log.exception("An open account broke down; it is opened again when next needed.")
        finally:
            self._value = None


@dataclass(frozen=True, slots=True)
class ResourceOwner:
    """The task group that keeps resources open, and the event that closes them all."""

    group: TaskGroup
    closing: anyio.Event


@asynccontextmanager
async def resource_owner() -> AsyncGenerator[ResourceOwner]:
    """Own resources for as long as the context lasts."""
    async with anyio.create_task_group() as group:
        holder = ResourceOwner(group, anyio.Event())
        try:
            yield holder
        finally:
            holder.closing.set()


class Account:
    """One configured instance of a provider.

    Attributes:
        name: The user's name for it.
        settings: Its part of the settings.
        provider_class: What speaks to the service.
        capabilities: What it can do, whatever the policy allows.
    """

    def __init__(
        self,
        name: str,
        settings: AccountSettings,
        kind: type[Provider],
        holder: ResourceOwner,
        budgets: RateBudgets | None = None,
    ) -> None:
        """Connect nothing; ``budgets`` are what its calls share with other processes."""
        self.name = name
        self.settings = settings
        self.provider_class = kind
        self.capabilities = kind.capabilities()
        self._budgets = budgets
        # An account that nobody asks connects nowhere.
        self._held = LazyResource(holder, self._open)

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[Provider]:
        # The task that holds the account is its own, so nothing else sees what is set here.
        instrumentation.account_name.set(self.name)
        shared_budgets.set(self._budgets)
        async with self.provider_class.open(self.settings) as provider:
            yield provider

    async def provider(self) -> Provider:
        """The provider, opened on the first call.

        Raises:
            DragomanError: The account cannot be opened; the next call tries again.
        """
        # Before the account opens, so that a failure to open it counts for the account as well.
        instrumentation.note_account(self.name)
        return instrumentation.instrumented(await self._held.get(), self.name, _WATCHED)

    def parse_link(self, link: str) -> tuple[str, str | None] | None:
        """Ask the provider whether a link is one of its own, without opening it."""
        return self.provider_class(self.settings).parse_link(link)

    def text_to_send(self, text: str) -> str:
        """A text as the account sends it, with a signature perhaps, without opening it."""
        return self.provider_class(self.settings).text_to_send(text)

    def check_draft(self, conversation: str, draft: Draft) -> None:
        """Refuse what the service cannot send, without opening the account.

        Raises:
            InvalidArgument: What is missing or wrong.
        """
        self.provider_class(self.settings).check_draft(conversation, draft)

    def may_write(self) -> bool:
        """Whether the policy allows any writing here."""
        return self.settings.write != "off" and self.settings.write_to != ()

    def supports(self, capability: Capability) -> bool:
        """Whether the account can do this: its provider, the local index and the policy taken together."""
        # Before the store is considered: it can stand in for reading, never for writing.
        if capability in WRITES:
            return capability in self.capabilities and self.may_write()
        # What the store remembers can be searched, whatever the service can.
        if capability is Capability.SEARCH_MESSAGES:
            return capability in self.capabilities or self.settings.remember == "full"
        return capability in self.capabilities

    def offers(self, capability: Capability) -> bool:
        """Whether a tool for this is worth showing: not where the credentials turned out not to allow it."""
        opened = self._held.value
        if opened is None or capability not in opened.withheld():
            return self.supports(capability)
        return capability is Capability.SEARCH_MESSAGES and self.settings.remember == "full"


class RememberedAccount(Account):
    """An account of a service that is not asked: what the store remembers of it."""

    def __init__(
        self,
        name: str,
        settings: AccountSettings,
        kind: type[Provider],
        holder: ResourceOwner,
        store: Callable[[], Awaitable[Store]],
    ) -> None:
        """Keep where it is remembered."""
        super().__init__(name, settings, kind, holder)
        self.capabilities = RememberedProvider.capabilities()
        self._remembered = RememberedProvider(settings, name, store)

    async def provider(self) -> Provider:
        """The provider that reads the store."""
        return self._remembered
