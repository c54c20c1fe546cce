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
    try:
        async with Workspace.open(config.accounts, config.store) as workspace:
            yield Desk(workspace, zone=config.zone, max_tokens=config.general.max_tokens)
    except BaseExceptionGroup as group:
        # The tasks that hold accounts wrap whatever is raised at the desk; whoever raised it wants it back.
        raise _alone(group) from None


def _alone(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup) and len(group.exceptions) == 1:  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # of unknown exceptions
        group = group.exceptions[0]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # as above
    return group  # pyright: ignore[reportUnknownVariableType]  # as above
