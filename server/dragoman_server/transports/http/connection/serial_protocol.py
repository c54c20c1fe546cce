"""Requests of one connection are parsed one after the other, each when the one before it has its answer.

A client may send requests ahead of their answers (pipelining). uvicorn parses everything that it has read at once,
and 256 KiB hold 10,000 requests. Here such bytes wait unparsed, and the socket is not read while some wait.
"""

from __future__ import annotations

import asyncio
import re
from enum import Enum
from typing import ClassVar, Final

from uvicorn.protocols.http.flow_control import FlowControl

from dragoman_server.transports.http.connection.http11_only import Http11Protocol

LARGEST_HEAD: Final = 32 << 10
"""Bytes that a request may have before its body, line ends included."""

_READ_SIZE: Final = 16 << 10
_PIECES_AT_A_TIME: Final = 64
_EMPTY_LINE: Final = re.compile(rb"\n\r?\n")


class RequestPart(Enum):
    """The part of a request that the client is sending."""

    NOTHING = "nothing"
    HEAD = "head"
    BODY = "body"


class PipelineQueue:
    """Lets a few connections at a time go on with requests that they sent ahead, so that others get their turn."""

    def __init__(self, slots: int = 16) -> None:
        """Begin empty."""
        self._slots = slots
        self._active: set[SerialProtocol] = set()
        self._waiting: dict[SerialProtocol, None] = {}

    def enter(self, connection: SerialProtocol) -> None:
        """Let a connection go on, now or when it is its turn."""
        self._waiting[connection] = None
        self._fill()

    def leave(self, connection: SerialProtocol) -> None:
        """Give the place of a connection to the one that waits longest."""
        self._waiting.pop(connection, None)
        self._active.discard(connection)
        self._fill()

    def _fill(self) -> None:
        while self._waiting and len(self._active) < self._slots:
            connection = next(iter(self._waiting))
            del self._waiting[connection]
            self._active.add(connection)
            connection.parse_backlog()
            # A connection whose next request is not complete yet must not keep a place.
            if not connection.busy:
                self._active.discard(connection)


class _ReadingFlow(FlowControl):
    """Keeps reading paused while bytes wait to be parsed."""

    blocked = False

    def resume_reading(self) -> None:
        if not self.blocked:
            super().resume_reading()


class SerialProtocol(Http11Protocol):
    """One connection, with at most one request at work and a bounded number of bytes behind it."""

    queue: ClassVar[PipelineQueue]
    wants_data = True
    arriving = RequestPart.NOTHING
    _head_size = 0
    _body_left: int | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base has it
        """Take in a connection; one read brings at most 16 KiB."""
        super().connection_made(transport)
        self._backlog = bytearray()
        self.flow = self._flow = _ReadingFlow(transport)
        if hasattr(transport, "max_size"):  # the selector's transport; it would read 256 KiB
            transport.max_size = _READ_SIZE  # pyright: ignore[reportAttributeAccessIssue]  # asked above

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop requests that the client has pipelined."""
        self._backlog.clear()
        self.queue.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what belongs to the request at work; keep the rest."""
        self._backlog += data
        self.parse_backlog()

    @property
    def busy(self) -> bool:
        """Whether a request is at work on this connection."""
        return bool(self.pipeline) or (bool(self.cycle) and not self.cycle.response_complete)

    def parse_backlog(self) -> None:
        """Parse as much as may be parsed now, with a turn of the event loop after many small pieces."""
        pieces = _PIECES_AT_A_TIME
        while self._backlog and self._may_parse() and pieces:
            self._parse_piece()
            pieces -= 1
        if self._backlog and self._may_parse():
            # Other connections are served between.
            self.loop.call_soon(self.parse_backlog)
        if not self._is_open():
            self._backlog.clear()
        # While bytes wait the client is held back by TCP itself.
        self._block_reading(blocked=bool(self._backlog))

    def on_message_begin(self) -> None:
        """A request begins."""
        self.arriving = RequestPart.HEAD
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what is said behind a body is passed over, as it may be (RFC 9110, section 6.5)."""
        if self.arriving is RequestPart.HEAD:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self.arriving, self._head_size = RequestPart.BODY, 0
        self._body_left = next((int(value) for name, value in self.headers if name == b"content-length"), None)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass the body on."""
        if self._body_left is not None:
            self._body_left -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self.arriving = RequestPart.NOTHING
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on to what was sent ahead, behind other connections that have waited for longer."""
        super().on_response_complete()
        self.queue.leave(self)
        if self._backlog:
            self.queue.enter(self)

    def _may_parse(self) -> bool:
        return self._is_open() and (not self.busy or (self.arriving is RequestPart.BODY and not self.pipeline))

    def _is_open(self) -> bool:
        return self.wants_data and not self.transport.is_closing()

    def _parse_piece(self) -> None:
        in_head = self.arriving is not RequestPart.BODY
        # The parser below has no bound: a head without end would fill the memory.
        if in_head and self._head_size == LARGEST_HEAD:
            self.send_400_response("The head of the request is too large.")
            return
        piece = self._next_piece(in_head=in_head)
        if in_head:
            self._head_size += len(piece)
        self.feed(piece)

    def _next_piece(self, *, in_head: bool) -> bytes:
        """Cut off bytes in which at most one request ends: up to an empty line, or what is left of the body."""
        if not in_head and self._body_left:
            size = self._body_left
        else:
            end = _EMPTY_LINE.search(self._backlog)
            size = end.end() if end else len(self._backlog)
        if in_head:
            size = min(size, LARGEST_HEAD - self._head_size)
        piece = bytes(self._backlog[:size])
        del self._backlog[:size]
        return piece

    def _block_reading(self, *, blocked: bool) -> None:
        before, self._flow.blocked = self._flow.blocked, blocked
        if blocked:
            self._flow.pause_reading()
        elif before:
            self._flow.resume_reading()
