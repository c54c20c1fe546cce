"""Time limits and a number limit for connections.

uvicorn does not limit the number of connections. It waits without end for headers, for a client that reads no
answer, and for the rest of a body that nobody wants.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import ClassVar, Final

from dragoman_server.config.http import HttpSettings
from dragoman_server.transports.http.connection.serial_protocol import PipelineQueue, RequestPart, SerialProtocol

_LONGEST_GOODBYE: Final = 5.0
_LAST_MOMENT: Final = 1.0
_FULL: Final = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

_REFUSED: Final = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s"
)


class BoundedProtocol(SerialProtocol):
    """One connection. Make a class with :func:`protocol_class`."""

    settings: ClassVar[HttpSettings]
    _timer: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _leaving = False
    _ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base has it
        """Accept a connection, or refuse it when too many are open."""
        super().connection_made(transport)
        most = self.settings.max_connections
        # Even saying no keeps a socket open for a moment, so there is a second bound.
        if len(self.connections) > 2 * most:
            transport.abort()
        elif len(self.connections) > most:
            transport.write(_FULL)
            self._leave()
        else:
            self._limit(self.settings.client_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers of the connection."""
        self._unlimit()
        self._go_on()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def parse_backlog(self) -> None:
        """Parse on, and give a request that has begun a limited time to have its head."""
        super().parse_backlog()
        if not self.wants_data or self.transport.is_closing():
            return
        if self.arriving is not RequestPart.BODY and self._timer is None and self._waits():
            self._limit(self.settings.client_timeout)

    def on_headers_complete(self) -> None:
        """Stop the time limit of the head."""
        self._unlimit()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Go on to the next request, or close when the body of this one is still arriving."""
        if self.arriving is RequestPart.BODY and self.cycle.response_complete and not self.transport.is_closing():
            self.server_state.total_requests += 1
            self._leave()
            return
        super().on_response_complete()
        if self._ending and not self.transport.is_closing():
            self._limit(_LAST_MOMENT)
        if self.arriving is RequestPart.HEAD:
            # The next request has begun already: from now on its head has its time.
            self._unset_keepalive_if_required()
            self._limit(self.settings.client_timeout)
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._limit(self.settings.client_timeout)  # it closes when the last answer was taken

    def eof_received(self) -> None:
        """Give a client that sends no more a limited time to read its answer."""
        super().eof_received()
        if self.transport.get_write_buffer_size():
            self._limit(self.settings.client_timeout)

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that are no HTTP, after the answers that are under way."""
        if self._answers_under_way():
            self.wants_data, self.cycle.keep_alive = False, False
            return
        if self.cycle:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        text = msg.encode()
        self.transport.write(_REFUSED % (len(text), text))
        self._leave()

    def pause_writing(self) -> None:
        """Start the time limit for a client that does not read its answer."""
        super().pause_writing()
        self._go_on()
        # An answer that nobody reads would keep its memory for ever.
        self._stalled = self.loop.call_later(self.settings.client_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop that time limit."""
        self._go_on()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, even if the client has not read everything."""
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

    def _waits(self) -> bool:
        """Return whether no request is under way whose end would start a time limit."""
        return self.timeout_keep_alive_task is None and (not self.cycle or self.cycle.response_complete)

    def _answers_under_way(self) -> bool:
        """Return whether complete requests are still without an answer."""
        if not self.cycle or self.cycle.response_complete:
            return False
        return bool(self.pipeline) or self.arriving is not RequestPart.BODY or self.cycle.response_started

    def _leave(self) -> None:
        """Close our half and read on for a moment; closing at once could destroy the answer on its way."""
        self._leaving, self.wants_data = True, False
        self._unset_keepalive_if_required()
        # Unread bytes would make the system reset the connection, and the answer with it.
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            with suppress(OSError):  # it may have left already
                self.transport.write_eof()
        self._limit(min(self.settings.client_timeout, _LONGEST_GOODBYE))

    def _limit(self, seconds: float) -> None:
        self._unlimit()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _go_on(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _unlimit(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def protocol_class(of: HttpSettings) -> type[BoundedProtocol]:
    """Return a class of connections with the limits of these settings."""

    class Bounded(BoundedProtocol):
        settings = of
        queue = PipelineQueue()

    return Bounded
