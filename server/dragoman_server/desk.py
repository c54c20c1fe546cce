"""From settings to a desk that tools can be called at. Knows nothing of MCP."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from dragoman.toolset import Desk
from dragoman.workspace import Workspace
from dragoman_server.config import Config


@asynccontextmanager
async def at(config: Config) -> AsyncGenerator[Desk]:
    """The desk for these settings; it connects nothing before a tool needs it.

    Raises:
        DragomanError: An account's provider cannot be imported.
    """
    async with Workspace.open(config.accounts, config.store) as workspace:
        yield Desk(workspace, zone=config.zone, max_tokens=config.general.max_tokens)
