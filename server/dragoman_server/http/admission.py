"""A bounded number of calls at a time, each with a bounded body that arrives in bounded time."""

from __future__ import annotations

from typing import Final

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragoman_server.http.refusals import Refusal
from dragoman_server.http.settings import HttpSettings

RETRY_AFTER: Final = "1"
"""Seconds after which a client that was refused for want of room may try again."""


class _Gone(Exception):
    """The client left before its request was complete."""


class Admission:
    """Takes in requests; what is too much, too large or too slow is refused before anything is done for it."""

    def __init__(self, app: ASGIApp, settings: HttpSettings) -> None:
        """Begin with nobody inside."""
        self._app = app
        self._most = settings.max_concurrency
        self._largest = settings.max_body
        self._seconds = settings.client_timeout
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let pass, refuse, or drop a request whose client has gone."""
        try:
            self._check(scope)
            self._inside += 1
            try:
                await self._app(scope, _replayed(await self._body(receive), receive), send)
            finally:
                self._inside -= 1
        except Refusal as refusal:
            await refusal.response(scope, receive, send)
        except _Gone:
            return

    def _check(self, scope: Scope) -> None:
        if scope["method"] != "POST":
            # No stream to open and no session to end: each POST stands alone.
            raise Refusal(405, "Only POST is served here.", {"Allow": "POST"})
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._largest:
            raise self._too_large()
        if self._inside >= self._most:
            raise Refusal(503, "The server is busy; try again in a second.", {"Retry-After": RETRY_AFTER})

    async def _body(self, receive: Receive) -> bytes:
        body = bytearray()
        try:
            with anyio.fail_after(self._seconds):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise _Gone
                    body += message.get("body", b"")
                    if len(body) > self._largest:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise Refusal(408, f"The request was not complete within {self._seconds:g} seconds.") from None

    def _too_large(self) -> Refusal:
        return Refusal(413, f"The request is larger than {self._largest:,} bytes.")


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The same request with its body in one piece."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
