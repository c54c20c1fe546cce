"""Limits of sessions that the SDK lacks: on what they keep, on ids that are used twice, on streams at the end."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any, Final

import anyio
from mcp.server import streamable_http, streamable_http_manager
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.server.streamable_http import LAST_EVENT_ID_HEADER, MCP_SESSION_ID_HEADER
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragoman_server.mcp.elicitation import closing
from dragoman_server.transports.http.connection.admission import BODY, RETRY_AFTER
from dragoman_server.transports.http.drain import Drain
from dragoman_server.transports.http.errors import Refusal
from dragoman_server.transports.http.messages import is_request, message_in

LARGEST_OPENING: Final = 16 << 10
"""Bytes of an ``initialize`` request; a session keeps what its client says about itself."""

_LAST_EVENT: Final = LAST_EVENT_ID_HEADER.encode()


class Sessions:
    """Middleware in front of the SDK's sessions."""

    def __init__(self, app: ASGIApp, drain: Drain) -> None:
        """Begin with no request under way."""
        self._app = app
        self._drain = drain
        self._under_way: set[tuple[str, str]] = set()
        _quiet_sdk_logs()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on.

        Raises:
            Refusal: It would keep too much, or mix two answers up, or the server is about to end.
        """
        if scope["method"] == "GET":
            await self._stream(scope, receive, send)
            return
        session, message = Headers(scope=scope).get(MCP_SESSION_ID_HEADER), message_in(scope[BODY])
        if message.get("method") == "initialize" and len(scope[BODY]) > LARGEST_OPENING:
            raise Refusal(413, f"A session is opened with at most {LARGEST_OPENING:,} bytes.")
        if session is None or not is_request(message):
            await self._pass_on(scope, receive, send)
            return
        key = session, str(message["id"])  # the SDK, too, takes 1 and "1" for the same
        if key in self._under_way:
            # The SDK would give the answers of both to the later one, and keep the earlier one waiting for ever.
            raise Refusal(400, "A request with this id is under way in this session; choose another id.")
        self._under_way.add(key)
        try:
            await self._pass_on(scope, receive, send)
        finally:
            self._under_way.discard(key)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Answer(send)
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):  # the session has ended
            await self._app(scope, receive, answer.send)
        await answer.end()

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a stream of messages that belong to no call, until the client leaves or the server ends."""
        if self._drain.closed.is_set():
            raise Refusal(503, "The server is about to end.", {"Retry-After": RETRY_AFTER})
        # Nothing is kept to be sent again: whoever comes back gets a stream that begins now.
        headers = [header for header in scope["headers"] if header[0] != _LAST_EVENT]
        answer = _Answer(send)
        async with anyio.create_task_group() as group:
            group.start_soon(self._end, group.cancel_scope)
            await self._app({**scope, "headers": headers}, receive, answer.send)
            group.cancel_scope.cancel()
        await answer.end()

    async def _end(self, stream: anyio.CancelScope) -> None:
        await self._drain.closed.wait()
        stream.cancel()


def elicitation_until(closed: anyio.Event) -> ServerMiddleware[Any]:
    """Give questions to users up when the server ends; their answers would come in requests of their own."""

    async def answerable(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        before = closing.set(closed)
        try:
            return await call_next(ctx)
        finally:
            closing.reset(before)

    return answerable


class _Answer:
    """One answer that can be ended from outside; later messages are dropped."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = self._ended = False

    async def send(self, message: Message) -> None:
        if not self._ended:
            self._begun = True
            self._ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await self._send(message)

    async def end(self) -> None:
        if self._begun:
            await self.send({"type": "http.response.body", "body": b""})


def _quiet_sdk_logs() -> None:
    """Silence log lines of the SDK that a client could cause as often as it likes."""
    logging.getLogger(streamable_http_manager.__name__).setLevel(logging.ERROR)
    logging.getLogger(streamable_http.__name__).addFilter(_of_interest)


def _of_interest(record: logging.LogRecord) -> bool:
    """Drop records of messages that came while their session ended."""
    return not (record.exc_info and _is_end(record.exc_info[1]))


def _is_end(error: BaseException | None) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_is_end(inner) for inner in error.exceptions)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportUnknownVariableType]  # of unknown exceptions
    return isinstance(error, anyio.ClosedResourceError | anyio.BrokenResourceError)
