"""CORS: tells browsers which web pages of other origins may call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_SENT: Final = (
    "Accept", "Authorization", "Content-Type", "Last-Event-ID", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name",
)  # fmt: skip
_READ: Final = ("Retry-After", "WWW-Authenticate")
_SESSION: Final = ("Mcp-Session-Id",)


class CorsMiddleware:
    """Allows pages of the configured origins to call and to read answers; other origins get no CORS headers."""

    def __init__(self, app: ASGIApp, origins: Iterable[str], *, sessions: bool = False) -> None:
        """Keep the origins in lower case, as browsers send them, and whether session headers have to be allowed."""
        self._app = app
        self._origins = frozenset(origins)
        more = _SESSION if sessions else ()
        self._told = CORSMiddleware(
            app,
            allow_origins=self._origins,
            allow_methods=("GET", "POST", "DELETE") if sessions else ("POST",),
            allow_headers=_SENT + more,
            expose_headers=_READ + more,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; answer preflight requests here."""
        # Other pages get no headers at all, so that their browsers refuse the answer.
        app = self._told if Headers(scope=scope).get("origin") in self._origins else self._app
        await app(scope, receive, send)
