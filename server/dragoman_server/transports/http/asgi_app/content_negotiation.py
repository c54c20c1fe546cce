"""Answers in the media type that a client accepts: JSON, or a stream of events.

The SDK asks every client to accept both. Many accept one of them, and either can carry the answer to a call.
"""

from __future__ import annotations

from typing import Final

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragoman_server.mcp.elicitation import can_elicit
from dragoman_server.transports.http.errors import Refusal
from dragoman_server.transports.http.messages import message_in, scope_of

_JSON: Final = "application/json"
_EVENTS: Final = "text/event-stream"
_SINGLE_ANSWER: Final = "dragoman.single_answer"
_EVENT_ONLY_HEADERS: Final = frozenset({b"cache-control", b"connection", b"x-accel-buffering", b"content-type"})
_OK: Final = 200


class ContentNegotiation:
    """Middleware that lets a client accept one media type only."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the endpoint."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request.

        Raises:
            Refusal: The body is no JSON, or the client accepts neither media type.
        """
        if scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        # A web page can post forms and plain text to any address; JSON makes its browser ask first (CORS).
        if _type_of(Headers(scope=scope)) != _JSON:
            raise Refusal(415, f"The body has to come as {_JSON}.")
        accept = ",".join(Headers(scope=scope).getlist("accept"))
        json_accepted, events_accepted = accepts(accept, _JSON), accepts(accept, _EVENTS)
        if not (json_accepted or events_accepted):
            raise Refusal(406, f"Answers come as {_JSON} or as {_EVENTS}; the request accepts neither.")
        # The SDK wants both types to be named, and compares them letter for letter.
        scope = _in_one_form(scope)
        if not events_accepted:
            scope[_SINGLE_ANSWER] = True
            send = _JsonAnswer(send).send
        elif not json_accepted:
            send = _EventAnswer(send).send
        await self._app(scope, receive, send)


async def single_answers(ctx: ServerRequestContext[object, object], call_next: CallNext) -> HandlerResult:
    """Tell the handlers of a message that a JSON answer leaves no room for a question to the user."""
    token = can_elicit.set(_SINGLE_ANSWER not in scope_of(ctx))
    try:
        return await call_next(ctx)
    finally:
        can_elicit.reset(token)


def accepts(accept: str, media_type: str) -> bool:
    """Return whether an ``Accept`` header allows a media type; the most specific range decides (RFC 9110, 12.5.1)."""
    # Without the header everything is accepted (RFC 9110, 12.5.1).
    if not accept.strip():
        return True
    main = media_type.partition("/")[0]
    weights = dict(_range(part) for part in accept.split(","))
    for candidate in (media_type, f"{main}/*", "*/*"):
        if candidate in weights:
            return weights[candidate] > 0
    return False


def _range(part: str) -> tuple[str, float]:
    """Split one media range into its type and its weight."""
    media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((value[2:].strip() for value in parameters if value.startswith("q=")), "1")
    try:
        return media_type, float(weight)
    except ValueError:
        return media_type, 1.0


def _in_one_form(scope: Scope) -> Scope:
    """The request with the media types as the SDK compares them."""
    others = [header for header in scope["headers"] if header[0] not in (b"accept", b"content-type")]
    said = [(b"accept", f"{_JSON}, {_EVENTS}".encode()), (b"content-type", _JSON.encode())]
    scope["headers"] = [*others, *said]
    return scope


class _JsonAnswer:
    """Turns a stream of events into the one answer in it; progress and other notifications are dropped."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._buffer = b""
        self._answer: bytes | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _media_type(message) == _EVENTS:
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._take(message.get("body", b""))
            if not message.get("more_body", False):
                await self._finish(self._start)

    def _take(self, part: bytes) -> None:
        # A message may be cut anywhere, so what follows the last empty line waits for the next one.
        *events, self._buffer = (self._buffer + part.replace(b"\r", b"")).split(b"\n\n")
        for event in events:
            data = b"\n".join(line[5:].lstrip() for line in event.split(b"\n") if line.startswith(b"data:"))
            if _is_answer(data):
                self._answer = data

    async def _finish(self, start: Message) -> None:
        if self._answer is None:
            # A stream may end with the server, and a JSON answer cannot be left out.
            refusal = Refusal(500, "The session ended before the call was answered.")
            self._answer, start = bytes(refusal.response.body), {**start, "status": 500}
        length = str(len(self._answer)).encode()
        kept = [header for header in start["headers"] if header[0].lower() not in _EVENT_ONLY_HEADERS]
        headers = [*kept, (b"content-type", _JSON.encode()), (b"content-length", length)]
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": self._answer})


class _EventAnswer:
    """Turns a JSON answer into a stream of one event; refusals stay as they are."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == _OK and _media_type(message) == _JSON:
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        data = b"".join(b"data: %s\r\n" % line for line in self._body.splitlines())
        kept = [header for header in start["headers"] if header[0].lower() not in {b"content-type", b"content-length"}]
        # Proxies that transform or keep a stream would hold its events back.
        headers = [*kept, (b"content-type", _EVENTS.encode()), (b"cache-control", b"no-cache, no-transform")]
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": b"event: message\r\n%s\r\n" % data})


def _media_type(start: Message) -> str:
    return _type_of(Headers(raw=start["headers"]))


def _type_of(headers: Headers) -> str:
    """The media type of a body, without parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_answer(data: bytes) -> bool:
    """Return whether the data of an event answers the call."""
    return bool(message_in(data).keys() & {"result", "error"})
