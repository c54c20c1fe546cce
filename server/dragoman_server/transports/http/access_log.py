"""The access log: address, principal, path, status and duration of each request; never a query, header or body."""

from __future__ import annotations

import logging
import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragoman_server.transports.http.drain import Drain

WHO: Final = "dragoman.who"
"""Key of the ASGI scope for the name of the principal."""

REFUSED: Final = "dragoman.refused"
"""Key of the ASGI scope for the reason why credentials were refused; it holds no part of them."""

_UNAUTHORIZED: Final = 401
_WARNINGS_A_MINUTE: Final = 60

_CLOSE: Final = (b"connection", b"close")
_ANYTHING_ELSE: Final = "(another path)"

_log = logging.getLogger(__name__)


class AccessLog:
    """Logs requests at level ``info``, and closes connections with ``connection: close`` while the server drains."""

    def __init__(self, app: ASGIApp, drain: Drain, paths: frozenset[str]) -> None:
        """Keep the paths that may be logged; others may hold anything."""
        self._app = app
        self._drain = drain
        self._paths = paths
        self._refusals = _RefusalLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and log how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # A client that keeps its connection would ask a server that is about to end.
                if self._drain.begun:
                    kept = [header for header in message.get("headers", []) if header[0].lower() != _CLOSE[0]]
                    message = {**message, "headers": [*kept, _CLOSE]}
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._write(scope, status, time.perf_counter() - started)

    def _write(self, scope: Scope, status: int, seconds: float) -> None:
        if status == _UNAUTHORIZED:
            self._refusals.write(scope)
        if not _log.isEnabledFor(logging.INFO):
            return
        path = scope["path"] if scope["path"] in self._paths else _ANYTHING_ELSE
        # A method may be any word, of any length.
        method = scope["method"][:16]
        _log.info("%s %s %s %s %d %.1f ms", _client(scope), scope.get(WHO, "-"), method, path, status, seconds * 1000)


class _RefusalLog:
    """Warns of refused credentials. Beyond 60 a minute it counts them, so that nobody can fill the disk."""

    def __init__(self) -> None:
        self._minute = 0.0
        self._written = self._omitted = 0

    def write(self, scope: Scope) -> None:
        now = time.monotonic()
        if now - self._minute >= 60:  # noqa: PLR2004  # seconds
            self._minute, self._written = now, 0
            if self._omitted:
                _log.warning("%d more requests were refused with 401.", self._omitted)
                self._omitted = 0
        if self._written == _WARNINGS_A_MINUTE:
            self._omitted += 1
            return
        self._written += 1
        reason = scope.get(REFUSED, "its credentials are not accepted")
        _log.warning("A request of %s was refused with 401: %s (%s).", _client(scope), reason, scope.get(WHO, "-"))


def _client(scope: Scope) -> str:
    return (scope.get("client") or ("-",))[0]
