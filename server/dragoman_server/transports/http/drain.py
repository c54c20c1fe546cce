"""Health checks, and the state between "ready" and the end."""

from __future__ import annotations

import anyio
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from dragoman.accounts.workspace import Workspace
from dragoman.core.errors import DragomanError
from dragoman.store import NotWritableError

_SECONDS_TO_LOOK = 5.0


class Drain:
    """Whether the server is about to end.

    Attributes:
        begun: The server is about to end, and balancers should send nothing more.
        closed: The server accepts no connections any more, and streams should end.
    """

    def __init__(self) -> None:
        """Begin without draining."""
        self.begun = False
        self.closed = anyio.Event()


class Health:
    """Answers the health checks."""

    def __init__(self, workspace: Workspace, drain: Drain) -> None:
        """Keep the workspace whose store is checked, and the drain state."""
        self._workspace = workspace
        self._drain = drain

    async def alive(self, _request: Request) -> Response:
        """Answer that the process runs and its event loop turns."""
        return PlainTextResponse("alive\n")

    async def ready(self, _request: Request) -> Response:
        """Answer whether calls can be served: the store can be read and written, and the server does not drain."""
        if self._drain.begun:
            return PlainTextResponse("draining\n", 503)
        try:
            with anyio.fail_after(_SECONDS_TO_LOOK):
                await (await self._workspace.store()).check()
        except NotWritableError:
            return PlainTextResponse("the store cannot be written\n", 503)
        except (DragomanError, TimeoutError):
            return PlainTextResponse("the store cannot be read\n", 503)
        return PlainTextResponse("ready\n")
