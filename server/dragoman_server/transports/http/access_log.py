"""A line for each request: who, what, how it ended, how long; never a query, a header or a body."""

from __future__ import annotations

import logging
import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragoman_server.transports.http.drain import Drain

WHO: Final = "dragoman.who"
"""Where a request's scope holds the name of who signed in."""

_CLOSE: Final = (b"connection", b"close")
_ANYTHING_ELSE: Final = "(another path)"

_log = logging.getLogger(__name__)


class AccessLog:
    """Logs requests at level ``info``, and sends clients elsewhere while the server is about to end."""

    def __init__(self, app: ASGIApp, drain: Drain, paths: frozenset[str]) -> None:
        """Other paths than these are not written down: anything may stand in them."""
        self._app = app
        self._drain = drain
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and look at its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self._drain.begun:
                    kept = [header for header in message.get("headers", []) if header[0].lower() != _CLOSE[0]]
                    message = {**message, "headers": [*kept, _CLOSE]}
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            if _log.isEnabledFor(logging.INFO):
                self._write(scope, status, time.perf_counter() - started)

    def _write(self, scope: Scope, status: int, seconds: float) -> None:
        path = scope["path"] if scope["path"] in self._paths else _ANYTHING_ELSE
        client = (scope.get("client") or ("-",))[0]
        who = scope.get(WHO, "-")
        _log.info("%s %s %s %s %d %.1f ms", client, who, scope["method"][:16], path, status, seconds * 1000)
