"""Looks after the store: drops texts that are older than accounts keep them, and keeps the index fast to search."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from dragoman.accounts.workspace import Workspace
from dragoman.core.context.clock import Clock, current_clock
from dragoman.core.errors import DragomanError

_STEP: Final = 200
"""Messages that one transaction drops."""

_PAUSE: Final = 0.05
"""Seconds between two of them, in which others write."""

_EVERY: Final = 3600.0
_log = logging.getLogger(__name__)


async def drop_expired(workspace: Workspace, clock: Clock | None = None) -> int:
    """Drop what is too old, in small steps.

    What a local account holds is no copy of anything, and stays.

    Args:
        workspace: The accounts and the store.
        clock: Tells the time, and waits between the steps.

    Returns:
        How many messages were dropped.

    Raises:
        DragomanError: The store cannot be written.
    """
    clock = clock or current_clock()
    dropped = 0
    for account in workspace.accounts.values():
        if account.settings.keep is None or not account.provider_class.external:
            continue
        store = await workspace.store()
        before = datetime.fromtimestamp(clock.wall(), UTC) - timedelta(days=account.settings.keep)
        while count := await store.retention.expire(account.name, before, _STEP):
            dropped += count
            await clock.sleep(_PAUSE)
    return dropped


async def maintain(workspace: Workspace, clock: Clock | None = None) -> None:
    """Drop what is too old, and merge what sync and reading have brought page by page, once an hour until cancelled."""
    clock = clock or current_clock()
    while True:
        try:
            await drop_expired(workspace, clock)
            await (await workspace.store()).messages.optimize()
        except DragomanError as error:
            _log.warning("The store is not looked after for now: %s", error)
        await clock.sleep(_EVERY)
