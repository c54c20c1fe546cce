"""A bounded number of calls at a time, each with a bounded body that arrives in bounded time."""

from __future__ import annotations

from typing import Any, Final

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.streamable_http import MCP_SESSION_ID_HEADER
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragoman_server.config.http import HttpSettings
from dragoman_server.transports.http.errors import Refusal
from dragoman_server.transports.http.messages import is_request, message_in, scope_of

RETRY_AFTER: Final = "1"
"""Seconds after which a client that was refused for want of room may try again."""

BODY: Final = "dragoman.body"
"""Where the scope of a request that was let in holds its body, until that is received."""

_PLACE: Final = "dragoman.place"
_SMALL: Final = 64 << 10


class _Gone(Exception):
    """The client left before its request was complete."""


class _Place:
    """One of the places for calls, free again when nobody keeps it."""

    def __init__(self, taken: set[_Place]) -> None:
        self._taken = taken
        self._keepers = 0

    def __enter__(self) -> None:
        self._keepers += 1
        self._taken.add(self)

    def __exit__(self, *_: object) -> None:
        self._keepers -= 1
        if not self._keepers:
            self._taken.discard(self)


async def keeping_place(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Keep the place of the request that brought a message until the work is done: a client may leave before."""
    with scope_of(ctx)[_PLACE]:
        return await call_next(ctx)


class Admission:
    """Takes in requests; what is too much, too large or too slow is refused before anything is done for it."""

    def __init__(self, app: ASGIApp, settings: HttpSettings) -> None:
        """Begin with nobody inside."""
        self._app = app
        self._methods = ("GET", "POST", "DELETE") if settings.sessions else ("POST",)
        self._sessions = settings.sessions
        self._most = settings.max_concurrency
        self._largest = settings.max_body
        self._seconds = settings.client_timeout
        self._taken: set[_Place] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let pass, refuse, or drop a request whose client has gone."""
        try:
            await self._let_in(scope, receive, send)
        except Refusal as refusal:
            await refusal.response(scope, receive, send)
        except _Gone:
            return

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._check(scope)
        full = len(self._taken) >= self._most
        place = scope[_PLACE] = _Place(self._taken)
        with place:
            scope[BODY] = await self._body(receive)
            if full and is_request(message_in(scope[BODY])):
                raise _busy()
            if scope["method"] != "GET":
                await self._app(scope, _replayed(scope, receive), send)
                return
        # A stream is no call: there is one for each session, and connections are counted.
        await self._app(scope, _replayed(scope, receive), send)

    def _check(self, scope: Scope) -> None:
        if scope["method"] not in self._methods:
            raise Refusal(
                405, f"Only {' or '.join(self._methods)} is served here.", {"Allow": ", ".join(self._methods)}
            )
        headers = Headers(scope=scope)
        length = _length(headers)
        if length is not None and length > self._largest:
            raise self._too_large()
        # What is small in a session may be an answer or a cancellation, which makes room; it is known when it is read.
        may_make_room = self._sessions and MCP_SESSION_ID_HEADER in headers and length is not None and length <= _SMALL
        if len(self._taken) >= self._most * (2 if may_make_room else 1):
            raise _busy()

    async def _body(self, receive: Receive) -> bytes:
        body = bytearray()
        with anyio.move_on_after(self._seconds):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise _Gone
                body += message.get("body", b"")
                if len(body) > self._largest:
                    raise self._too_large()
                if not message.get("more_body", False):
                    return bytes(body)
        raise Refusal(408, f"The request was not complete within {self._seconds:g} seconds.")

    def _too_large(self) -> Refusal:
        return Refusal(413, f"The request is larger than {self._largest:,} bytes.")


def _length(headers: Headers) -> int | None:
    """How long a body will be; ``None`` when that is not said."""
    declared = headers.get("content-length")
    if declared is None:
        return None if "transfer-encoding" in headers else 0
    return int(declared) if declared.isdecimal() else None


def _busy() -> Refusal:
    return Refusal(503, "The server is busy; try again in a second.", {"Retry-After": RETRY_AFTER})


def _replayed(scope: Scope, receive: Receive) -> Receive:
    """What a request receives: its body in one piece, which is kept no longer than that."""

    async def replay() -> Message:
        if BODY in scope:
            return {"type": "http.request", "body": scope.pop(BODY), "more_body": False}
        return await receive()

    return replay
