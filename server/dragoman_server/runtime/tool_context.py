"""Opens the services that tool calls share, from the settings. Knows nothing of MCP."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import anyio

from dragoman.accounts.workspace import Workspace
from dragoman.core.context.instrumentation import Observer
from dragoman.store.usage_counter import UsageCounter
from dragoman.sync.watcher import ConversationWatcher
from dragoman.toolset import ToolServices
from dragoman.toolset.policy import FlowGuard
from dragoman_server.config.load import Config

_LAST_MOMENT: Final = 1.0


@asynccontextmanager
async def open_services(config: Config, *, offline: bool = False) -> AsyncGenerator[ToolServices]:
    """Open the services for these settings; nothing connects before a tool needs it.

    Args:
        config: The settings.
        offline: Ask no service, see :meth:`Workspace.open`.

    Raises:
        DragomanError: An account's provider cannot be imported.
    """
    try:
        async with (
            Workspace.open(config.accounts, config.store, offline=offline) as workspace,  # left last: counts go into it
            _telemetry(config) as watchers,
            _usage_counter(workspace) as tally,
            _watcher() as watcher,
        ):
            general, flow = config.general, FlowGuard(config.general.flow_guard)
            yield ToolServices(
                workspace,
                zone=config.zone,
                max_tokens=general.max_tokens,
                observers=(tally, *watchers),
                flow=flow,
                watcher=watcher,
                ask_by_client={name: client.ask for name, client in config.clients.items() if client.ask is not None},
            )
    except BaseExceptionGroup as group:
        # Task groups wrap an exception in a group; callers expect the exception itself.
        raise _only_error(group) from None


@asynccontextmanager
async def _usage_counter(workspace: Workspace) -> AsyncGenerator[Observer]:
    """Count calls; write the counts into the store twice a minute and at the end."""
    tally = UsageCounter(workspace.store)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(tally.keep_writing)
            try:
                yield tally
            finally:
                group.cancel_scope.cancel()
    finally:
        # After the task has ended, which gives back what it could not write.
        # Shielded, because a server ends by being cancelled.
        with anyio.move_on_after(_LAST_MOMENT, shield=True):
            await tally.write_down()


@asynccontextmanager
async def _watcher() -> AsyncGenerator[ConversationWatcher]:
    """Look at watched conversations, as long as there are some."""
    watcher = ConversationWatcher()
    async with anyio.create_task_group() as group:
        group.start_soon(watcher.run)
        try:
            yield watcher
        finally:
            group.cancel_scope.cancel()


@asynccontextmanager
async def _telemetry(config: Config) -> AsyncGenerator[Sequence[Observer]]:
    if config.general.telemetry is None:
        yield ()
        return
    from dragoman_server.runtime.telemetry import sending_to  # noqa: PLC0415  # a large package, only where it is asked for

    async with sending_to(config.general.telemetry) as observer:
        yield (observer,)


def _only_error(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup) and len(group.exceptions) == 1:  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # of unknown exceptions
        group = group.exceptions[0]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # as above
    return group  # pyright: ignore[reportUnknownVariableType]  # as above
