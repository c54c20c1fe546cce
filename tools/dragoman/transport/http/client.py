"""The HTTP client of one account."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, Self, TypeVar, Unpack, overload

from dragoman._version import __version__
from dragoman.core.context.clock import Clock, current_clock
from dragoman.core.errors import RateLimited
from dragoman.core.text_size import run_sized
from dragoman.transport.credentials import Authorize, printable
from dragoman.transport.error_mapping import Kind, ServiceFailure, ServiceProfile, error_for
from dragoman.transport.http import error_policy
from dragoman.transport.http.request import HttpRequest, HttpStatusError, Options, RawResponse
from dragoman.transport.http.response import HttpResponse, ResponseCache, response_of
from dragoman.transport.http.stream import Stream
from dragoman.transport.rate_limiter import Rate, RateLimiter
from dragoman.transport.retry import FailedAttempt, RetryPolicy, limit_reset, retry, retry_after
from dragoman.transport.url import base_url_of

if TYPE_CHECKING:
    import httpx

    from dragoman.transport.http.connection_pool import ConnectionPool

T = TypeVar("T")

MAX_BODY: Final = 32 << 20
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_NO_RATES: Final[Mapping[str, Rate]] = MappingProxyType({})
_LONGEST_STREAM: Final = 1800.0  # seconds
_LONGEST_LIMIT: Final = 120.0  # a reset further away is rather a wrong clock
_LONGEST_WAIT: Final = 30.0
_LEAST: Final = 0.01
_BYTES_PER_CHARACTER: Final = 4  # of JSON; reading it is that much faster than cleaning a text
_DEFAULTS: Final[Mapping[str, str]] = {
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    "user-agent": f"dragoman/{__version__}",
}


class _Headed(Protocol):
    @property
    def headers(self) -> Mapping[str, str]: ...


R = TypeVar("R", bound=_Headed)
R_co = TypeVar("R_co", bound=_Headed, covariant=True)


class Send(Protocol[R_co]):
    """Makes a call once, within the seconds given."""

    async def __call__(self, call: HttpRequest, headers: Mapping[str, str], seconds: float, /) -> R_co:
        """Send it."""
        ...


class HttpClient:
    """Calls one service for one account: pooled connections, limits, retries, errors of one family.

    Constructing connects nothing; use it as an asynchronous context manager.

    Args:
        base_url: Of the service; ``https`` when it names no scheme, plain ``http`` to this machine only.
        profile: What is particular about the service.
        authorize: Gives the ``Authorization`` header; asked for each attempt.
        headers: For every call.
        timeout: Seconds for one attempt.
        total: Seconds for all attempts of a call; by default one and a half attempts, at least 30.
        attempts: Most attempts of a call.
        concurrency: Most calls under way at the same time; others wait.
        rates: Published rate limits by family of calls, see :class:`RateLimiter`.
        ca_file: PEM file of the authorities to trust instead of the usual ones.
        max_body: Most bytes of an answer, unpacked.
        transport: What carries the requests, for tests.
        clock: What waiting goes by.

    Raises:
        InvalidArgument: The base_url or a header cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        *,
        profile: ServiceProfile,
        authorize: Authorize | None = None,
        headers: Mapping[str, str] = _NONE,
        timeout: float = 30.0,
        total: float | None = None,
        attempts: int = 4,
        concurrency: int = 8,
        rates: Mapping[str, Rate] = _NO_RATES,
        ca_file: Path | str | None = None,
        max_body: int = MAX_BODY,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.base_url = base_url_of(base_url)
        self.profile = profile
        self._authorize = authorize
        self._headers = {**_DEFAULTS, **printable(headers)}
        self._timeout = timeout
        self._total = total
        self._attempts = attempts
        self._concurrency = concurrency
        self._clock = clock or current_clock()
        self._limiter = RateLimiter(rates, self._clock, concurrency)
        self._ca_file = Path(ca_file) if ca_file is not None else None
        self._max_body = max_body
        self._transport = transport
        self._pool: ConnectionPool | None = None
        # Of each client its own: what one account may see another one may not.
        self._responses = ResponseCache()

    def share_limits(self, scope: str) -> None:
        """Count calls together with all accounts of a scope, such as one workspace; see :meth:`RateLimiter.share`."""
        self._limiter.share(scope)

    async def __aenter__(self) -> Self:
        """Prepare the connections."""
        from dragoman.transport.http.connection_pool import ConnectionPool  # noqa: PLC0415 - loads httpx, which not every account needs

        pool = ConnectionPool(self.base_url, self.profile, self._max_body)
        await pool.open(self._ca_file, self._concurrency, self._transport)
        self._pool = pool
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    @overload
    async def request(
        self, method: str, path: str, *, kind: Kind, model: type[T], **options: Unpack[Options]
    ) -> HttpResponse[T]: ...
    @overload
    async def request(
        self, method: str, path: str, *, kind: Kind, model: None = None, **options: Unpack[Options]
    ) -> HttpResponse[object]: ...
    async def request(
        self, method: str, path: str, *, kind: Kind, model: type[object] | None = None, **options: Unpack[Options]
    ) -> HttpResponse[object]:
        """Make a call and read its whole answer.

        Args:
            method: The HTTP method.
            path: Below the base, from ``/`` on, made with :func:`segment`.
            kind: A ``write`` is repeated only when it certainly was not carried out.
            model: What the JSON is validated as; without it ``value`` is plain JSON.
            **options: See :class:`Options`.

        Raises:
            DragomanError: Of the family, with what to do next.
        """
        # Built once: all attempts of a write have to send the very same bytes.
        call = HttpRequest.build(method, path, kind, self._headers, options)
        pool, most = self._opened(), options.get("timeout") or self._timeout
        responses = self._responses if options.get("shared") else None
        form = options.get("body", "json")

        async def fetch(call: HttpRequest, headers: Mapping[str, str], seconds: float) -> HttpResponse[object]:
            raw = await pool.fetch(call, headers, seconds)
            read = partial(response_of, call, self.profile, raw, form, model, responses)
            return await run_sized(read, len(raw.body) // _BYTES_PER_CHARACTER)

        policy = RetryPolicy.of(self._attempts, options.get("total") or self._total, most)
        async with self._limiter.turn(call.family):
            return await retry(partial(self._attempt, call, most, fetch), policy, self._clock)

    @overload
    async def get(self, path: str, *, model: type[T], **options: Unpack[Options]) -> HttpResponse[T]: ...
    @overload
    async def get(self, path: str, *, model: None = None, **options: Unpack[Options]) -> HttpResponse[object]: ...
    async def get(
        self, path: str, *, model: type[object] | None = None, **options: Unpack[Options]
    ) -> HttpResponse[object]:
        """Read with GET; everything else as :meth:`request`."""
        return await self.request("GET", path, kind="read", model=model, **options)

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, *, kind: Kind, idle_timeout: float | None = None, **options: Unpack[Options]
    ) -> AsyncGenerator[Stream]:
        """Make a call whose answer comes bit by bit; leaving closes the connection.

        Opening is repeated as a request is; once the answer has begun nothing is.

        Args:
            method: The HTTP method.
            path: Below the base, from ``/`` on, made with :func:`segment`.
            kind: A ``write`` is repeated only when it certainly was not carried out.
            idle_timeout: Seconds of silence that are borne, by default those of one attempt.
            **options: See :class:`Options`; ``body`` has no meaning here.

        Raises:
            DragomanError: Of the family, with what to do next.
        """
        call = HttpRequest.build(method, path, kind, self._headers, options)
        pool, most = self._opened(), options.get("timeout") or self._timeout

        attempt = partial(self._attempt, call, most, pool.start)
        async with self._limiter.turn(call.family):
            # Only opening is bounded so; the stream has a time of its own.
            opening = RetryPolicy.of(self._attempts, self._total, most)
            response = await retry(attempt, opening, self._clock)
            total = options.get("total") or _LONGEST_STREAM
            try:
                yield Stream(pool, call, self.profile, response, self._clock, idle_timeout or most, total)
            finally:
                await response.aclose()

    async def _attempt(self, call: HttpRequest, most: float, send: Send[R], number: int, left: float) -> R:
        """One attempt: wait for its turn, send it with credentials, see whether it was accepted."""
        deadline = self._clock.monotonic() + left
        # The first attempt got its turn before it began; each further one spends the budget again.
        if number > 1:
            await self._limiter.acquire(call.family)
        if (pause := self._limiter.pause_left(call.family)) > 0:
            await self._wait_out(call, pause, left)
        credentials = {"authorization": await self._authorize(False)} if self._authorize else {}  # noqa: FBT003 - see Authorize
        # A zero timeout would count as no timeout.
        seconds = max(_LEAST, min(most, deadline - self._clock.monotonic()))
        try:
            result = await send(call, {**call.headers, **credentials}, seconds)
        except HttpStatusError as declined:
            if self.profile.rate_headers:
                await self._watch_limit(call, declined.raw.headers)
            raise await self._refused(call, declined.raw, credentials) from None
        if self.profile.rate_headers:
            await self._watch_limit(call, result.headers)
        return result

    async def _watch_limit(self, call: HttpRequest, headers: Mapping[str, str]) -> None:
        """Pause before the limit is hit, where the service tells how far it is."""
        pause = limit_reset(headers, self._clock)
        if pause is not None:
            await self._limiter.pause(call.family, min(pause, _LONGEST_LIMIT))

    async def _wait_out(self, call: HttpRequest, pause: float, left: float) -> None:
        """Wait for the end of a pause that the service asked for, when that is soon."""
        # Whoever waits should hear of a long pause at once.
        if pause > min(left, _LONGEST_WAIT):
            headers = {"retry-after": str(math.ceil(pause))}
            refusal = ServiceFailure(
                kind=call.kind, operation=call.operation, status=error_policy.TOO_MANY, headers=headers
            )
            raise FailedAttempt(error_for(RateLimited, refusal, self.profile, retry_after=pause))
        await self._clock.sleep(pause)

    async def _refused(self, call: HttpRequest, raw: RawResponse, credentials: Mapping[str, str]) -> FailedAttempt:
        """Map a refusal to a failed attempt; credentials that have changed meanwhile are worth another try."""
        pause = retry_after(raw.headers, self._clock)
        setback = error_policy.status_error(call, self.profile, raw, pause)
        # Other clients of the account must not run into the same limit.
        if raw.status == error_policy.TOO_MANY and pause and self._limiter.is_shared:
            await self._limiter.pause(call.family, min(pause, _LONGEST_LIMIT))
        if (
            raw.status == error_policy.UNAUTHENTICATED
            and self._authorize is not None
            and await self._authorize(True) != credentials.get("authorization")  # noqa: FBT003 - see Authorize
        ):
            return FailedAttempt(setback.error, "once", 0.0)
        return setback

    def _opened(self) -> ConnectionPool:
        if self._pool is None:
            raise RuntimeError("the client is used outside of its context")
        return self._pool
