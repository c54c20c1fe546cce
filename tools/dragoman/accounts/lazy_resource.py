"""Resources that are opened by their first user and closed together."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import anyio
from anyio.abc import TaskGroup, TaskStatus

T = TypeVar("T")

CLOSING_SECONDS: Final = 10.0
_log = logging.getLogger(__name__)


class LazyResource(Generic[T]):
    """A resource that is opened by its first user and lives in a task of its own.

    Context managers with task groups inside have to be left by the task that entered them, and the
    first user is a request that ends long before the resource does.
    """

    def __init__(self, holder: ResourceOwner, opening: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        """Remember how to open it."""
        self._holder = holder
        self._opening = opening
        self._value: T | None = None
        self._lock = anyio.Lock(fast_acquire=True)

    async def get(self) -> T:
        """The open resource; a failure to open it is raised, and the next call tries again."""
        if self._value is not None:
            return self._value
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
            if not started:
                raise
            _log.exception("An open account broke down; it is opened again when next needed.")
        finally:
            self._value = None


@dataclass(frozen=True, slots=True)
class ResourceOwner:
    """What keeps resources open, and closes them all."""

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
