"""An answer that comes bit by bit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

from dragoman.core.context.clock import Clock
from dragoman.core.errors import DragomanError
from dragoman.core.safe_text import Sentence, sentence, unquoted
from dragoman.transport.error_mapping import ServiceProfile
from dragoman.transport.http.request import (
    HttpRequest,
    invalid_response,
    parse_json,
    request_id_of,
)
from dragoman.transport.http.response import UnreadableBodyError
from dragoman.transport.http.sse import Event, LineSplitter, events_of

if TYPE_CHECKING:
    import httpx

    from dragoman.transport.http.connection_pool import ConnectionPool


class Stream:
    """A successful answer whose body is still coming. Iterate one of its forms once.

    Every form raises what belongs to a broken, silent or oversized answer: for a write always
    ``OutcomeUnknown``. That it ended before the service's own end mark is for the provider to see.

    Args:
        idle: Seconds of silence that are borne.
        total: Seconds for the whole.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        call: HttpRequest,
        profile: ServiceProfile,
        response: httpx.Response,
        clock: Clock,
        idle: float,
        total: float,
    ) -> None:
        self._pool = pool
        self._call = call
        self._profile = profile
        self._response = response
        self._clock = clock
        self._idle = idle
        self._deadline = clock.monotonic() + total

    @property
    def status(self) -> int:
        """The HTTP status, a success."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the answer, names in lower case."""
        return dict(self._response.headers)

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; often wrong."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def request_id(self) -> str:
        """The service's id of the request, empty when it names none."""
        return request_id_of(self._profile, self.headers)

    def failure(self, message: Sentence, *, hint: Sentence = "") -> DragomanError:
        """The error to raise when this answer makes no sense after all, as :meth:`Answer.failure`."""
        return invalid_response(self._call, self._profile, message, hint=hint, request_id=self.request_id)

    async def read(self) -> object:
        """The whole body as JSON, for a service that answers at once although it was asked to stream."""
        body = b"".join([piece async for piece in self._pieces()])
        try:
            return parse_json(body)
        except ValueError:
            raise self.failure("The answer of {service} is no JSON") from None

    async def lines(self) -> AsyncIterator[str]:
        """The body line by line, without line ends; the last one also when it has none."""
        splitter = LineSplitter()
        try:
            async for piece in self._pieces():
                for line in splitter.feed(piece):
                    yield line
            last = splitter.finish()
        except UnreadableBodyError as error:
            raise self._unreadable(error) from None
        if last is not None:
            yield last

    async def events(self) -> AsyncIterator[Event]:
        """The body as server-sent events."""
        try:
            async for event in events_of(self.lines()):
                yield event
        except UnreadableBodyError as error:
            raise self._unreadable(error) from None

    async def _pieces(self) -> AsyncIterator[bytes]:
        pieces = self._pool.pieces(self._response)
        while True:
            # Silence and the whole are bounded apart: an agent may stream for minutes, and never be silent that long.
            seconds = min(self._idle, self._deadline - self._clock.monotonic())
            try:
                piece = await self._pool.next_piece(self._call, pieces, seconds)
            except UnreadableBodyError as error:
                raise self._unreadable(error) from None
            if piece is None:
                return
            yield piece

    def _unreadable(self, error: UnreadableBodyError) -> DragomanError:
        return self.failure(sentence("The answer of {{service}} {}", unquoted(str(error))))
