"""The gRPC client of one account."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self, TypeVar, Unpack

from dragoman.core.context.clock import Clock, current_clock
from dragoman.transport.credentials import Authorize, printable
from dragoman.transport.error_mapping import Kind, ServiceProfile
from dragoman.transport.grpc import error_policy
from dragoman.transport.grpc.request import GrpcRequest, Options, Packable, Unpackable
from dragoman.transport.grpc.target import target_of
from dragoman.transport.rate_limiter import Rate, RateLimiter
from dragoman.transport.retry import FailedAttempt, RetryPolicy, retry

if TYPE_CHECKING:
    from dragoman.transport.grpc.channel import Channel, Read

MAX_MESSAGE: Final = 64 << 20
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_NO_RATES: Final[Mapping[str, Rate]] = MappingProxyType({})
_LEAST: Final = 0.01
_CLIENT_ID: Final = "x-client-request-id"

M = TypeVar("M", bound=Unpackable)
T = TypeVar("T")


class GrpcClient:
    """Calls one service for one account: a channel, limits, retries, errors of one family.

    Constructing connects nothing; use it as an asynchronous context manager.

    Args:
        target: ``host:port``, port 443 by default.
        profile: What is particular about the service; ``request_id_headers`` are looked up in the metadata.
        authorize: Gives the ``authorization`` metadata; asked for each attempt.
        metadata: For every call.
        tls: Without it only this machine can be called.
        ca_file: PEM file of the authorities to trust instead of the usual ones.
        timeout: Seconds for one attempt.
        total: Seconds for all attempts of a call; by default one and a half attempts, at least 30.
        attempts: Most attempts of a call.
        concurrency: Most calls under way at the same time; others wait.
        rates: Published rate limits by family of calls, see :class:`RateLimiter`.
        max_message: Most bytes of one answer.
        clock: What waiting goes by.

    Raises:
        InvalidArgument: The target or the metadata cannot be used.
    """

    def __init__(
        self,
        target: str,
        *,
        profile: ServiceProfile,
        authorize: Authorize | None = None,
        metadata: Mapping[str, str] = _NONE,
        tls: bool = True,
        ca_file: Path | str | None = None,
        timeout: float = 30.0,
        total: float | None = None,
        attempts: int = 4,
        concurrency: int = 8,
        rates: Mapping[str, Rate] = _NO_RATES,
        max_message: int = MAX_MESSAGE,
        clock: Clock | None = None,
    ) -> None:
        self.target, self._host = target_of(target, tls=tls)
        self.profile = profile
        self._authorize = authorize
        self._metadata = printable(metadata)
        self._tls = tls
        self._ca_file = Path(ca_file) if ca_file is not None else None
        self._timeout = timeout
        self._total = total
        self._attempts = attempts
        self._concurrency = concurrency
        self._clock = clock or current_clock()
        self._limiter = RateLimiter(rates, self._clock, concurrency)
        self._max_message = max_message
        self._channel: Channel | None = None

    async def __aenter__(self) -> Self:
        """Prepare the channel."""
        os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # read once, when grpc is loaded; it chats on stderr
        from dragoman.transport.grpc.channel import Channel  # noqa: PLC0415 - loads grpc, which not every account needs

        channel = Channel(self.target, self._host, self._max_message)
        await channel.open(self._ca_file, tls=self._tls)
        self._channel = channel
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def unary(
        self, method: str, request: Packable, answer: type[M], *, kind: Kind, **options: Unpack[Options]
    ) -> M:
        """Make a call with one answer.

        Args:
            method: ``/package.Service/Method``.
            request: What is sent.
            answer: The class of what comes back.
            kind: A ``write`` is repeated only when it certainly was not carried out.
            **options: See :class:`Options`.

        Raises:
            DragomanError: Of the family, with what to do next.
        """
        call = self._call(method, request, kind, options)
        channel = self._opened()

        async def attempt(number: int, left: float) -> M:
            async def once(metadata: Mapping[str, str], seconds: float) -> bytes:
                return await channel.unary(call.method, call.request, metadata, seconds)

            return self._read(call, await self._attempt(call, number, left, once), answer)

        async with self._limiter.turn(call.family):
            return await retry(attempt, self._policy(call, options), self._clock)

    @asynccontextmanager
    async def stream(
        self, method: str, request: Packable, answer: type[M], *, kind: Kind, **options: Unpack[Options]
    ) -> AsyncGenerator[AsyncIterator[M]]:
        """Make a call with many answers; leaving cancels it.

        It is repeated as a unary call is until the first answer has come, and never after.

        Args:
            method: ``/package.Service/Method``.
            request: What is sent.
            answer: The class of what comes back.
            kind: A ``write`` is repeated only when it certainly was not carried out.
            **options: See :class:`Options`.

        Yields:
            The answers; iterating raises when the call fails, so a part is never taken for the whole.

        Raises:
            DragomanError: Of the family, with what to do next.
        """
        call = self._call(method, request, kind, options)
        channel = self._opened()

        async def attempt(number: int, left: float) -> tuple[bytes | None, Read, AsyncExitStack]:
            async with AsyncExitStack() as stack:

                async def begin(metadata: Mapping[str, str], seconds: float) -> tuple[bytes | None, Read]:
                    read = await stack.enter_async_context(channel.stream(call.method, call.request, metadata, seconds))
                    return await read(), read

                first, read = await self._attempt(call, number, left, begin)
                # The call stays open beyond the attempt: its first answer has come, and the rest is to be read.
                return first, read, stack.pop_all()

        async with self._limiter.turn(call.family):
            first, read, stack = await retry(attempt, self._policy(call, options), self._clock)
            async with stack, aclosing(self._items(call, first, read, answer)) as items:
                yield items

    async def _items(self, call: GrpcRequest, first: bytes | None, read: Read, answer: type[M]) -> AsyncGenerator[M]:
        data = first
        while data is not None:
            try:
                yield self._read(call, data, answer)
                data = await read()
            except error_policy.FailedCallError as failed:
                raise self._setback(call, failed.failure).error from None
            except FailedAttempt as setback:
                raise setback.error from None

    async def _attempt(
        self, call: GrpcRequest, number: int, left: float, send: Callable[[Mapping[str, str], float], Awaitable[T]]
    ) -> T:
        """One attempt: wait for its turn, send it with credentials, see how it ended."""
        deadline = self._clock.monotonic() + left
        # The first attempt got its turn before it began; each further one spends the budget again.
        if number > 1:
            await self._limiter.acquire(call.family)
        used = await call.authorize(False) if call.authorize else None  # noqa: FBT003 - see Authorize
        metadata = {**call.metadata, **({"authorization": used} if used is not None else {})}
        try:
            return await send(metadata, max(_LEAST, min(call.seconds, deadline - self._clock.monotonic())))
        except error_policy.FailedCallError as failed:
            setback = self._setback(call, failed.failure)
            if (
                failed.failure.code == "UNAUTHENTICATED"
                and call.authorize is not None
                and await call.authorize(True) != used  # noqa: FBT003 - see Authorize
            ):
                # The credentials are other ones than those that were refused.
                setback = FailedAttempt(setback.error, "once", 0.0)
            raise setback from None

    def _setback(self, call: GrpcRequest, failure: error_policy.GrpcFailure) -> FailedAttempt:
        named = (failure.metadata.get(name) for name in self.profile.request_id_headers)
        told = failure.details.request_id if failure.details else ""
        request_id = told or next((name for name in named if name), "") or call.metadata[_CLIENT_ID]
        failure = replace(failure, request_id=request_id)
        return error_policy.status_error(call.kind, call.operation, self.profile, failure, self._host)

    def _read(self, call: GrpcRequest, data: bytes, answer: type[M]) -> M:
        try:
            return answer.FromString(data)
        except Exception:  # noqa: BLE001 - each library of messages has its own error for bytes that are none
            raise error_policy.invalid_response(call.kind, call.operation, self.profile) from None

    def _call(self, method: str, request: Packable, kind: Kind, options: Options) -> GrpcRequest:
        own = printable(options.get("metadata", {}))
        return GrpcRequest(
            kind=kind,
            method=method,
            request=request.SerializeToString(),
            # The service's logs know the id, also when its answer is lost.
            metadata={_CLIENT_ID: str(uuid.uuid4()), **self._metadata, **own},
            authorize=self._authorize if options.get("authorize", True) else None,
            family=options.get("family", ""),
            operation=options.get("operation", ""),
            seconds=options.get("timeout") or self._timeout,
        )

    def _policy(self, call: GrpcRequest, options: Options) -> RetryPolicy:
        return RetryPolicy.of(self._attempts, options.get("total") or self._total, call.seconds)

    def _opened(self) -> Channel:
        if self._channel is None:
            raise RuntimeError("the client is used outside of its context")
        return self._channel
