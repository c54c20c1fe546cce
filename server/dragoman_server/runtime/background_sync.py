"""Keeps the store current, and drops what is too old, while a server runs."""

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
    settings = [account.settings for account in workspace.accounts.values()]
    tasks = [_keep_current] if any(one.sync is not None for one in settings) else []
    # Sync brings messages page by page; maintenance merges what that leaves in the index.
    tasks += [_maintain] if tasks or any(one.keep is not None for one in settings) else []
    if not tasks:
        yield begun.set
        return
    async with anyio.create_task_group() as group:
        for task in tasks:
            group.start_soon(task, workspace, begun)
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


async def _maintain(workspace: Workspace, begun: anyio.Event) -> None:
    await begun.wait()
    from dragoman.sync.expiry import maintain  # noqa: PLC0415  # as above

    await maintain(workspace)
