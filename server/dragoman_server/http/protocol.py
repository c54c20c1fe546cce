"""Connections that cannot be held open for nothing.

What uvicorn leaves unbounded gets a bound here: how many connections there are, how long the headers of a
request may take, how long an answer may wait to be taken, and what becomes of a body that nobody wants.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from dragoman_server.http.settings import HttpSettings

_LONGEST_GOODBYE: Final = 5.0
_LAST_MOMENT: Final = 1.0
_FULL: Final = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedProtocol(H11Protocol):
    """One connection. Make a class with :func:`bounded`."""

    settings: ClassVar[HttpSettings]
    _timer: asyncio.TimerHandle | None = None
    _leaving = False
    _ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base has it
        """Take in a connection, or show it that there is no room."""
        super().connection_made(transport)
        most = self.settings.max_connections
        if len(self.connections) > 2 * most:
            transport.abort()
        elif len(self.connections) > most:
            transport.write(_FULL)
            self._leave()
        else:
            self._limit(self.settings.client_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._unlimit()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        """Read on, unless what comes is of no interest any more."""
        if self._leaving:
            return
        super().data_received(data)
        if self._leaving or self.transport.is_closing():
            return
        if self.conn.their_state is not h11.IDLE:
            self._unlimit()
        elif self._timer is None and self.timeout_keep_alive_task is None:
            self._limit(self.settings.client_timeout)

    def on_response_complete(self) -> None:
        """Go on to the next request; if the body of this one is still arriving, say goodbye instead."""
        if self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            self.server_state.total_requests += 1
            self._leave()
            return
        super().on_response_complete()
        if self._ending and not self.transport.is_closing():
            self._limit(_LAST_MOMENT)
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            # The next request has begun already: from now on its headers have their time.
            self._unset_keepalive_if_required()
            self._limit(self.settings.client_timeout)

    def pause_writing(self) -> None:
        """Give a client that does not take its answer some time."""
        super().pause_writing()
        self._limit(self.settings.client_timeout)

    def resume_writing(self) -> None:
        """It does take it."""
        self._unlimit()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that rests, whatever is left to be taken from it."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        """Close; but a client that was let in and was not told to leave may be sending, and is answered first.

        From now on answers tell it to leave. An answer that has begun before could not, and the first request
        of a new connection is on its way: whoever opens one has something to ask.
        """
        self._ending = True
        if self._leaving:
            self.transport.abort()
        elif not self.cycle:
            self._limit(_LAST_MOMENT)
        elif self.cycle.response_complete:
            super().shutdown()

    def _leave(self) -> None:
        """End our half, and read what still comes for a moment: closing at once would destroy the answer."""
        self._leaving = True
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            with suppress(OSError):  # it may have left already
                self.transport.write_eof()
        self._limit(min(self.settings.client_timeout, _LONGEST_GOODBYE))

    def _limit(self, seconds: float) -> None:
        self._unlimit()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _unlimit(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def bounded(of: HttpSettings) -> type[BoundedProtocol]:
    """The class of connections with the bounds of these settings."""

    class Bounded(BoundedProtocol):
        settings = of

    return Bounded
