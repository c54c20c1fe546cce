"""What sessions need beside the SDK: bounds on what they keep, ids that name one request, streams that end in time."""

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
"""Bytes that may open a session, which keeps what its client says of itself."""

_LAST_EVENT: Final = LAST_EVENT_ID_HEADER.encode()


class Sessions:
    """Stands before the SDK's sessions, and leaves each of them as it is."""

    def __init__(self, app: ASGIApp, drain: Drain) -> None:
        """Begin without any request."""
        self._app = app
        self._drain = drain
        self._under_way: set[tuple[str, str]] = set()
        _quieten()

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
        """Serve a stream of what belongs to no call, until its client leaves or the server listens no more."""
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


def answerable_until(closed: anyio.Event) -> ServerMiddleware[Any]:
    """Have questions to users given up when the server listens no more: answers come in requests of their own."""

    async def answerable(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        before = closing.set(closed)
        try:
            return await call_next(ctx)
        finally:
            closing.reset(before)

    return answerable


class _Answer:
    """One answer, which can be ended from outside; what is said after its end is dropped."""

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


def _quieten() -> None:
    """Write nothing down that clients could have written down as often as they like."""
    logging.getLogger(streamable_http_manager.__name__).setLevel(logging.ERROR)
    logging.getLogger(streamable_http.__name__).addFilter(_of_interest)


def _of_interest(record: logging.LogRecord) -> bool:
    """A message that comes while its session ends is nobody's fault."""
    return not (record.exc_info and _is_end(record.exc_info[1]))


def _is_end(error: BaseException | None) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_is_end(inner) for inner in error.exceptions)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportUnknownVariableType]  # of unknown exceptions
    return isinstance(error, anyio.ClosedResourceError | anyio.BrokenResourceError)
