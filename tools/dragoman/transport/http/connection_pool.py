"""The connections of one account and a single try over them. The only module here that imports httpx."""

from __future__ import annotations

import ssl
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Final, LiteralString, Protocol, cast

import anyio
import anyio.to_thread
import httpx

from dragoman.core import paths
from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import sentence, unquoted
from dragoman.transport.error_mapping import ServiceProfile
from dragoman.transport.http import error_policy
from dragoman.transport.http.request import HttpRequest, HttpStatusError, RawResponse, request_id_of
from dragoman.transport.http.response import UnreadableBodyError, unpacked
from dragoman.transport.retry import FailedAttempt
from dragoman.transport.url import is_loopback

if find_spec("sniffio") is None:
    # httpcore looks for it at every step of a request; Python remembers what it has found, and not what is missing.
    sys.modules.setdefault("sniffio", cast("ModuleType", None))

_CONNECT: Final = 10.0  # seconds
# Counted for TCP and for TLS, and over before the whole attempt is.
_CONNECT_SHARE: Final = 0.45
_IDLE: Final = 15.0  # seconds that an unused connection is kept
_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_KEEP_METHOD: Final = frozenset({307, 308})
_UNSENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class _Closable(Protocol):
    async def aclose(self) -> None: ...


@dataclass(slots=True, eq=False)
class _Trace:
    """Watches whether a request has begun to leave this machine, and closes what a broken handshake leaves open.

    Cancelled in the handshake of TLS, httpcore forgets the connection of TCP beneath, which would then stay open until
    it is collected.
    """

    watched: bool = False
    left: bool = False
    tcp: _Closable | None = None

    async def __call__(self, event: str, info: Mapping[str, object]) -> None:
        self.watched = True
        self.left = self.left or event.endswith(".send_request_headers.started")
        if event.endswith(".connect_tcp.complete"):
            self.tcp = cast("_Closable", info["return_value"])
        elif event.endswith(".start_tls.failed") and self.tcp is not None:
            with anyio.CancelScope(shield=True):
                await self.tcp.aclose()

    def certainly_unsent(self) -> bool:
        return self.watched and not self.left


class ConnectionPool:
    """The connections of one account.

    Args:
        base_url: In its one spelling.
        profile: Whose words the errors use.
        max_body: Bytes of an unpacked body.

    Raises:
        InvalidArgument: The host name is none.
    """

    def __init__(self, base_url: str, profile: ServiceProfile, max_body: int) -> None:
        try:
            self._base = httpx.URL(base_url)
        except httpx.InvalidURL:
            raise InvalidArgument("The base_url is no valid address.", hint="Check its host name.") from None
        self._base_url = base_url
        self._profile = profile
        self._max_body = max_body
        self._client: httpx.AsyncClient

    async def open(self, ca_file: Path | None, concurrency: int, transport: httpx.AsyncBaseTransport | None) -> None:
        """Prepare; connects nothing.

        Args:
            ca_file: Certificates to trust instead of the usual ones.
            concurrency: The most connections at once.
            transport: Answers in place of a network; it has no certificates to check.

        Raises:
            InvalidArgument: The file of certificates cannot be used.
        """
        local = is_loopback(self._base.host)
        self._client = httpx.AsyncClient(
            # Certificates take a moment to load, so a client without TLS loads none.
            verify=transport is None and await _context(self._base.scheme, ca_file),
            http2=True,
            trust_env=not local,  # a proxy is not asked for this machine
            limits=httpx.Limits(
                max_connections=concurrency, max_keepalive_connections=concurrency, keepalive_expiry=_IDLE
            ),
            # Nothing here sends cookies; a jar would only grow with every one that a service sets.
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            # httpx would follow to other hosts, and turn a POST into a GET.
            follow_redirects=False,
            transport=transport,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def fetch(self, call: HttpRequest, headers: Mapping[str, str], seconds: float) -> RawResponse:
        """Make the call once and read the whole answer.

        Raises:
            HttpStatusError: An answer that is no success.
            FailedAttempt: No answer, or one that cannot be read.
        """
        async with self._guarded(call, seconds) as trace:
            response = await self._send(call, headers, seconds, trace)
            try:
                raw = await self._raw(call, response)
            finally:
                await response.aclose()
        if response.is_success or raw.status in call.accept:
            return raw
        raise HttpStatusError(raw)

    async def start(self, call: HttpRequest, headers: Mapping[str, str], seconds: float) -> httpx.Response:
        """Make the call once, up to the headers of the answer. The caller closes it.

        Raises:
            HttpStatusError: An answer that is no success, read whole.
            FailedAttempt: No answer.
        """
        async with self._guarded(call, seconds) as trace:
            response = await self._send(call, headers, seconds, trace)
            if not response.is_success:
                try:
                    raise HttpStatusError(await self._raw(call, response))
                finally:
                    await response.aclose()
        return response

    def pieces(self, response: httpx.Response) -> AsyncIterator[bytes]:
        """The unpacked body, piece by piece, within the bound; to be read with :meth:`next_piece`."""
        encoding = "" if response.is_stream_consumed else response.headers.get("content-encoding", "")
        return unpacked(_uncut(response), encoding, self._max_body)

    async def next_piece(self, call: HttpRequest, pieces: AsyncIterator[bytes], seconds: float) -> bytes | None:
        """Wait for the next piece of a body; ``None`` at its end.

        Raises:
            DragomanError: The connection broke, or nothing came in time.
            UnreadableBodyError: The body is too large or broken.
        """
        if seconds > 0:
            with anyio.move_on_after(seconds):
                try:
                    return await anext(pieces, None)
                except httpx.TimeoutException:
                    pass
                except httpx.HTTPError as failure:
                    raise self._translated(call, failure, seconds).error from failure
        raise error_policy.stalled(call, self._profile)

    async def _raw(self, call: HttpRequest, response: httpx.Response) -> RawResponse:
        """Read the whole body of an answer.

        Raises:
            FailedAttempt: It is too large or broken.
        """
        headers = dict(response.headers)
        body = bytearray()
        try:
            async for piece in self.pieces(response):
                body += piece
        except UnreadableBodyError as error:
            if not response.is_success:  # the status tells more than its page
                return RawResponse(response.status_code, headers, b"")
            request_id = request_id_of(self._profile, headers)
            raise error_policy.unreadable(
                call, self._profile, sentence("The answer of {{service}} {}", unquoted(str(error))), request_id
            ) from None
        return RawResponse(response.status_code, headers, bytes(body))

    def _translated(
        self, call: HttpRequest, failure: httpx.HTTPError, seconds: float, *, unsent: bool = False
    ) -> FailedAttempt:
        """Map a failure of the connection to a failed attempt; ``seconds`` is the timeout that ended it."""
        timed_out = isinstance(failure, httpx.TimeoutException)
        if unsent or isinstance(failure, _UNSENT):
            return error_policy.connect_failed(call, self._profile, self._base.host, None if timed_out else failure)
        if timed_out:
            return error_policy.too_slow(call, self._profile, seconds)
        return error_policy.connection_broken(call, self._profile)

    @asynccontextmanager
    async def _guarded(self, call: HttpRequest, seconds: float) -> AsyncGenerator[_Trace]:
        """Bound the time of what is inside, and translate every failure of the connection."""
        trace = _Trace()
        with anyio.move_on_after(seconds) as scope:
            try:
                yield trace
            except httpx.HTTPError as failure:
                unsent = trace.certainly_unsent()
                raise self._translated(call, failure, seconds, unsent=unsent) from failure
        if scope.cancelled_caught:
            if trace.certainly_unsent():
                raise error_policy.connect_failed(call, self._profile, self._base.host, None)
            raise error_policy.too_slow(call, self._profile, seconds)

    async def _send(
        self, call: HttpRequest, headers: Mapping[str, str], seconds: float, trace: _Trace
    ) -> httpx.Response:
        """Send, and follow redirects of reads within the service."""
        # Not through the client's own builder, which would encode the target once more.
        request = httpx.Request(call.method, self._base_url + call.target, headers=dict(headers), content=call.content)
        redirects = 0
        while True:
            request.extensions = {
                "timeout": httpx.Timeout(seconds, connect=min(seconds * _CONNECT_SHARE, _CONNECT), pool=None).as_dict(),
                "trace": trace,
            }
            response = await self._client.send(request, stream=True)
            if response.status_code not in _REDIRECTS:
                return response
            await response.aclose()
            redirects += 1
            if redirects > _MOST_REDIRECTS:
                raise self._moved(call, response, "{service} redirects in a circle")
            request = self._redirected(call, request, response)

    def _redirected(self, call: HttpRequest, request: httpx.Request, response: httpx.Response) -> httpx.Request:
        """The request that a redirect asks for.

        Raises:
            FailedAttempt: It leads to another host, would change the call, or the call is a write.
        """
        if call.kind == "write":
            raise self._moved(call, response, "{service} redirects this, and a write is not sent elsewhere")
        if response.status_code not in _KEEP_METHOD and request.method != "GET":
            raise self._moved(call, response, "{service} redirects this in a way that would change the call")
        try:
            target = request.url.join(response.headers.get("location", ""))
        except httpx.InvalidURL:
            raise self._moved(call, response, "{service} redirects this to nowhere") from None
        if (target.scheme, target.host, target.port) != (self._base.scheme, self._base.host, self._base.port):
            raise self._moved(call, response, "{service} redirects to another host, which gets no credentials")
        headers = [(name, value) for name, value in request.headers.items() if name != "host"]
        return httpx.Request(request.method, target, headers=headers, content=call.content)

    def _moved(self, call: HttpRequest, response: httpx.Response, message: LiteralString) -> FailedAttempt:
        return error_policy.redirect_refused(
            call, self._profile, RawResponse(response.status_code, dict(response.headers), b""), message
        )


async def _context(scheme: str, ca_file: Path | None) -> ssl.SSLContext | bool:
    """The TLS context. Reading the roots takes a while, and plain http needs none."""
    if scheme == "http":
        return False
    try:
        if ca_file is None:
            return await anyio.to_thread.run_sync(httpx.create_ssl_context)
        return await anyio.to_thread.run_sync(lambda: ssl.create_default_context(cafile=paths.expanded(ca_file)))
    except (OSError, ValueError) as error:
        raise InvalidArgument(
            sentence("The file of certificates cannot be used ({}).", type(error).__name__),
            hint="Point ca_file at a PEM file with the authority's certificate.",
        ) from None


async def _uncut(response: httpx.Response) -> AsyncIterator[bytes]:
    if response.is_stream_consumed:
        yield response.content
        return
    try:
        async for data in response.aiter_raw():
            yield data
    except httpx.RemoteProtocolError:
        raise UnreadableBodyError("was cut off") from None
