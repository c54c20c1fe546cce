"""The channel of one account and a single call over it. The only module here that imports grpc."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread
import grpc
import grpc.aio

from dragoman.core import paths
from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import sentence
from dragoman.transport.grpc.error_policy import FailedCallError, GrpcFailure
from dragoman.transport.grpc.status_details import read_details
from dragoman.transport.url import is_loopback

_DETAILS: Final = "grpc-status-details-bin"
_UNCONNECTED: Final = frozenset({grpc.ChannelConnectivity.CONNECTING, grpc.ChannelConnectivity.TRANSIENT_FAILURE})


T = TypeVar("T")

Read: TypeAlias = Callable[[], Awaitable[bytes | None]]


class Channel:
    """The connection of one account.

    Args:
        target: ``host:port``.
        host: Of the target.
        max_message: Bytes of one answer.
    """

    def __init__(self, target: str, host: str, max_message: int) -> None:
        self._target = target
        self._host = host
        self._max_message = max_message
        self._channel: grpc.aio.Channel

    async def open(self, ca_file: Path | None, *, tls: bool) -> None:
        """Prepare; connects nothing.

        Raises:
            InvalidArgument: The file of certificates cannot be read.
        """
        options = self._options()
        if not tls:
            self._channel = grpc.aio.insecure_channel(self._target, options=options)
            return
        roots = await _roots(ca_file) if ca_file else None
        credentials = grpc.ssl_channel_credentials(root_certificates=roots)
        self._channel = grpc.aio.secure_channel(self._target, credentials, options=options)

    async def close(self) -> None:
        """Close it; calls under way are cancelled."""
        await self._channel.close()

    async def unary(self, method: str, request: bytes, metadata: Mapping[str, str], seconds: float) -> bytes:
        """Make a call with one answer, once.

        Raises:
            FailedCallError: It did not succeed.
        """
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(method)
        was_ready = self._state() is grpc.ChannelConnectivity.READY
        try:
            return await _cancellable(call(request, timeout=seconds, metadata=tuple(metadata.items())))
        except grpc.aio.AioRpcError as error:
            raise self._failed(error, was_ready=was_ready) from None

    @asynccontextmanager
    async def stream(
        self, method: str, request: bytes, metadata: Mapping[str, str], seconds: float
    ) -> AsyncGenerator[Read]:
        """Make a call with many answers, once; leaving cancels it.

        Yields:
            What reads the next answer: ``None`` at the end, and the same failures as :meth:`unary`.
        """
        call: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = self._channel.unary_stream(method)
        was_ready = self._state() is grpc.ChannelConnectivity.READY
        running = call(request, timeout=seconds, metadata=tuple(metadata.items()))

        async def read() -> bytes | None:
            try:
                item = await _cancellable(running.read())
            except grpc.aio.AioRpcError as error:
                raise self._failed(error, was_ready=was_ready) from None
            return item if isinstance(item, bytes) else None  # the end is an object of its own

        try:
            yield read
        finally:
            running.cancel()

    def _state(self) -> grpc.ChannelConnectivity:
        return self._channel.get_state()

    def _failed(self, error: grpc.aio.AioRpcError, *, was_ready: bool) -> FailedCallError:
        """Read everything off a failed call, the state of the channel included, before that changes."""
        # A channel that was ready may have sent the call before it broke.
        unconnected = not was_ready and self._state() in _UNCONNECTED
        code = error.code().name
        metadata, packed = _metadata(error)
        details = read_details(packed) if packed is not None else None
        failure = GrpcFailure(
            code=code,
            text=error.details() or "",
            details=details,
            metadata=metadata,
            connected=not unconnected,
            pending=unconnected and code == "DEADLINE_EXCEEDED",
        )
        return FailedCallError(failure)

    def _options(self) -> list[tuple[str, int]]:
        return [
            ("grpc.max_receive_message_length", self._max_message),
            ("grpc.enable_retries", 0),  # repeating is ours, because only we know what is a write
            ("grpc.use_local_subchannel_pool", 1),  # accounts share nothing
            ("grpc.keepalive_time_ms", 300_000),  # the most often that servers bear by default
            ("grpc.keepalive_timeout_ms", 20_000),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 2_000),
            ("grpc.min_reconnect_backoff_ms", 10_000),  # is the time-out of connecting
            ("grpc.enable_http_proxy", 0 if is_loopback(self._host) else 1),
        ]


async def _cancellable(work: Awaitable[T]) -> T:
    """Wait for gRPC so that a cancelled scope gets its own cancellation back; gRPC raises one that names no scope."""
    try:
        return await work
    except anyio.get_cancelled_exc_class():
        await anyio.lowlevel.checkpoint_if_cancelled()
        raise


def _metadata(error: grpc.aio.AioRpcError) -> tuple[dict[str, str], bytes | None]:
    """The metadata of a failure as text, and the packed details."""
    texts, packed = dict[str, str](), None
    for group in (error.initial_metadata(), error.trailing_metadata()):
        for key, value in group or ():
            if key == _DETAILS and isinstance(value, bytes):
                packed = value
            elif isinstance(value, str):
                texts[key] = value
    return texts, packed


async def _roots(ca_file: Path) -> bytes:
    try:
        return await anyio.to_thread.run_sync(lambda: paths.expanded(ca_file).read_bytes())
    except OSError as error:
        raise InvalidArgument(
            sentence("The file of certificates cannot be read ({}).", type(error).__name__),
            hint="Point ca_file at a PEM file with the authority's certificate.",
        ) from None
