"""Keeps the store current while a server runs."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio

from dragoman.core.errors import DragomanError

if TYPE_CHECKING:
    from dragoman.accounts.workspace import Workspace

_RETRY_AFTER: Final = 60.0
"""Seconds until a store that could not be opened is tried again."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def keep_current_inside(workspace: Workspace) -> AsyncGenerator[Callable[[], None]]:
    """Keep accounts current whose settings say so, from when it is begun until the context is left.

    Args:
        workspace: The accounts.

    Yields:
        Begins it, in this event loop; before that nothing is opened or asked.
    """
    begun = anyio.Event()
    if not any(account.settings.sync is not None for account in workspace.accounts.values()):
        yield begun.set
        return
    async with anyio.create_task_group() as group:
        group.start_soon(_keep_current, workspace, begun)
        try:
            yield begun.set
        finally:
            group.cancel_scope.cancel()


async def _keep_current(workspace: Workspace, begun: anyio.Event) -> None:
    await begun.wait()
    from dragoman.sync.runner import accounts_to_sync, keep_current  # noqa: PLC0415  # after the first answers

    while True:
        try:
            await keep_current(workspace, accounts_to_sync(workspace), watch=True)
        except DragomanError as error:
            _log.warning("The store is not kept current: %s", error)
        await anyio.sleep(_RETRY_AFTER)
