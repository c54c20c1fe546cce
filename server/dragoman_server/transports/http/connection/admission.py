"""Limits how many calls are at work, how large a body is, and how long it may take to arrive."""

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
"""Key of the ASGI scope for the body of an admitted request; the entry is gone once the body was received."""

_SLOT: Final = "dragoman.slot"
_SMALL: Final = 64 << 10


class _ClientLeft(Exception):
    """The client left before its request was complete."""


class _Slot:
    """One of the slots for calls. It is free again when its last holder leaves."""

    def __init__(self, taken: set[_Slot]) -> None:
        self._taken = taken
        self._holders = 0

    def __enter__(self) -> None:
        self._holders += 1
        self._taken.add(self)

    def __exit__(self, *_: object) -> None:
        self._holders -= 1
        if not self._holders:
            self._taken.discard(self)


async def hold_slot(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Hold the slot of a request until its work is done, because a client may disconnect before that."""
    with scope_of(ctx)[_SLOT]:
        return await call_next(ctx)


class Admission:
    """Admits requests. It refuses those beyond the limits before any work is done for them."""

    def __init__(self, app: ASGIApp, settings: HttpSettings) -> None:
        """Begin with all slots free."""
        self._app = app
        self._methods = ("GET", "POST", "DELETE") if settings.sessions else ("POST",)
        self._sessions = settings.sessions
        self._most = settings.max_concurrency
        self._largest = settings.max_body
        self._seconds = settings.client_timeout
        self._taken: set[_Slot] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit or refuse a request; drop it when its client disconnects."""
        try:
            await self._admit(scope, receive, send)
        except Refusal as refusal:
            await refusal.response(scope, receive, send)
        except _ClientLeft:
            return

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._check(scope)
        full = len(self._taken) >= self._most
        slot = scope[_SLOT] = _Slot(self._taken)
        with slot:
            # The whole body first: a slot must not wait for a client that sends slowly.
            scope[BODY] = await self._body(receive)
            # Only now is it known whether the message takes a slot or frees one.
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
                    raise _ClientLeft
                body += message.get("body", b"")
                if len(body) > self._largest:
                    raise self._too_large()
                if not message.get("more_body", False):
                    return bytes(body)
        raise Refusal(408, f"The request was not complete within {self._seconds:g} seconds.")

    def _too_large(self) -> Refusal:
        return Refusal(413, f"The request is larger than {self._largest:,} bytes.")


def _length(headers: Headers) -> int | None:
    """Return the length of a body in bytes; ``None`` when the headers do not say it."""
    declared = headers.get("content-length")
    if declared is None:
        return None if "transfer-encoding" in headers else 0
    return int(declared) if declared.isdecimal() else None


def _busy() -> Refusal:
    return Refusal(503, "The server is busy; try again in a second.", {"Retry-After": RETRY_AFTER})


def _replayed(scope: Scope, receive: Receive) -> Receive:
    """Return a receiver that gives the body in one piece and then forgets it."""

    async def replay() -> Message:
        if BODY in scope:
            return {"type": "http.request", "body": scope.pop(BODY), "more_body": False}
        return await receive()

    return replay
