"""From "ready" over "draining" to the end."""

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
        begun: It is: nobody should begin anything here.
        closed: It listens no more: what waits for news can stop waiting.
    """

    def __init__(self) -> None:
        """Begin as a server that stays."""
        self.begun = False
        self.closed = anyio.Event()


class Health:
    """The two answers for whoever watches over the process."""

    def __init__(self, workspace: Workspace, drain: Drain) -> None:
        """Keep what is looked at."""
        self._workspace = workspace
        self._drain = drain

    async def alive(self, _request: Request) -> Response:
        """The process is up and its loop turns."""
        return PlainTextResponse("alive\n")

    async def ready(self, _request: Request) -> Response:
        """Calls can be served: the store can be read and written, and the server stays."""
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
