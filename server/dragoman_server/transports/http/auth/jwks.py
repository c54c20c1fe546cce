"""A cache of the public keys of an authorization server."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

import anyio
import jwt
from starlette.authentication import AuthenticationError

from dragoman.core.context.clock import Clock, current_clock
from dragoman_server.config.http import is_loopback

if TYPE_CHECKING:
    import httpx

MAX_AGE: Final = 300.0
"""Seconds for which a key counts after it was last seen at the issuer, which may have withdrawn it since."""

_REFRESH_AGE: Final = 150.0
_PAUSE: Final = 30.0
_PATIENCE: Final = 5.0
_LARGEST: Final = 512 << 10
_WELL_KNOWN: Final = ("oauth-authorization-server", "openid-configuration")

_log = logging.getLogger(__name__)


class KeysUnavailable(AuthenticationError):
    """The authorization server does not give its keys now, so no token can be verified."""


class Keys:
    """The keys of one issuer.

    Whoever sends tokens with invented key ids must not make this server ask for keys again and again: for an
    unknown id that is done once in half a minute.
    """

    def __init__(self, issuer: str, jwks_uri: str | None = None, clock: Clock | None = None) -> None:
        """Fetch nothing yet."""
        self._issuer = issuer
        self._uri = jwks_uri
        self._clock = clock or current_clock()
        self._keys: list[jwt.PyJWK] = []
        self._fetched = self._tried = self._searched = float("-inf")
        self._lock = anyio.Lock()

    async def find(self, kid: str | None) -> jwt.PyJWK | None:
        """Return the key of that id; without an id the only key there is.

        Raises:
            KeysUnavailable: There are none, and they cannot be had.
        """
        # Half-way to their end keys are fetched by one request, while all others go on with those that are there.
        if self._age() > MAX_AGE or (self._age() > _REFRESH_AGE and not self._lock.locked()):
            await self._refresh(self._fetched)
        found = self._look(kid)
        # The issuer may have changed its keys; made-up ids must not let anybody send requests to it through us.
        if found is None and self._clock.monotonic() - self._searched > _PAUSE:
            seen, self._searched = self._fetched, self._clock.monotonic()
            await self._refresh(seen, again=True)
            found = self._look(kid)
        return found

    def _look(self, kid: str | None) -> jwt.PyJWK | None:
        fitting = [key for key in self._keys if kid is None or key.key_id == kid]
        return fitting[0] if len(fitting) == 1 else None

    def _age(self) -> float:
        return self._clock.monotonic() - self._fetched

    async def _refresh(self, seen: float, *, again: bool = False) -> None:
        """Fetch the keys, unless another call just did. While that fails, recent keys are still used."""
        async with self._lock:
            lately = self._clock.monotonic() - self._tried < _PAUSE
            if self._fetched == seen and (again or not lately):
                self._tried = self._clock.monotonic()
                try:
                    # Discovery may try several addresses, which together must not keep callers waiting.
                    with anyio.fail_after(2 * _PATIENCE):
                        self._keys = await self._fetch()
                    self._fetched = self._clock.monotonic()
                except _KeyProblem as problem:
                    _log.warning("The keys of the authorization server %s cannot be had: %s.", self._issuer, problem)
                except TimeoutError:
                    seconds = 2 * _PATIENCE
                    _log.warning(
                        "The keys of the authorization server %s cannot be had: it gave no answer within %g seconds.",
                        self._issuer, seconds,
                    )  # fmt: skip
        if self._age() > MAX_AGE:
            raise KeysUnavailable("The authorization server does not tell its keys now; try again later.")

    async def _fetch(self) -> list[jwt.PyJWK]:
        uri = self._uri or await self._discover()
        document = await _get(uri)
        try:
            keys = [key for key in jwt.PyJWKSet.from_dict(document).keys if key.public_key_use in (None, "sig")]
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            raise _KeyProblem(uri, "the answer holds no keys that can be used") from None
        self._uri = uri
        return keys

    async def _discover(self) -> str:
        """The address of the keys, by RFC 8414 or OpenID Connect Discovery."""
        parts = urlsplit(self._issuer)
        path = parts.path.rstrip("/")
        addresses = [f"{parts.scheme}://{parts.netloc}/.well-known/{name}{path}" for name in _WELL_KNOWN]
        problems: list[str] = []
        for address in dict.fromkeys((*addresses, f"{self._issuer.rstrip('/')}/.well-known/{_WELL_KNOWN[1]}")):
            try:
                document = await _get(address)
            except _KeyProblem as problem:
                problems.append(str(problem))
                continue
            # Metadata of another issuer would let it sign tokens for this one (RFC 8414, section 3.3).
            if document.get("issuer") == self._issuer:
                return _safe(document.get("jwks_uri"), parts.hostname)
            problems.append(f"{address}: its metadata names another issuer")
        raise _KeyProblem("", "; ".join(problems))


class _KeyProblem(Exception):
    """Keys cannot be had; the words name the address and the cause."""

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(f"{url}: {cause}" if url else cause)


def _safe(uri: object, host: str | None) -> str:
    """An address that metadata may send us to: encrypted, or on this machine when the issuer is."""
    parts = urlsplit(uri if isinstance(uri, str) else "")
    here = parts.hostname is not None and parts.hostname == host and is_loopback(parts.hostname)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and here)):
        raise _KeyProblem("", "its jwks_uri is no https address")
    return str(uri)


async def _get(url: str) -> dict[str, Any]:
    """A JSON object; anything else, a redirect included, is a problem."""
    import httpx  # noqa: PLC0415  # only where keys are fetched

    try:
        async with httpx.AsyncClient(timeout=_PATIENCE, follow_redirects=False) as client:
            body = await _read(client, url)
    except httpx.TimeoutException:
        raise _KeyProblem(url, f"no answer came within {_PATIENCE:g} seconds") from None
    except httpx.HTTPError as error:
        raise _KeyProblem(url, _words_for(error, urlsplit(url).netloc)) from None
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _KeyProblem(url, "the answer is no JSON object")
    return cast("dict[str, Any]", document)


async def _read(client: httpx.AsyncClient, url: str) -> bytes:
    body = bytearray()
    async with client.stream("GET", url, headers={"Accept": "application/json"}) as response:
        if not response.is_success:
            raise _KeyProblem(url, f"it answers with HTTP {response.status_code}")
        async for part in response.aiter_bytes():
            body += part
            # The address comes from settings or metadata, so what answers there may send without end.
            if len(body) > _LARGEST:
                raise _KeyProblem(url, f"the answer is larger than {_LARGEST:,} bytes")
    return bytes(body)


def _words_for(error: Exception, host: str) -> str:
    from dragoman.transport.http.connect_errors import reason_of  # noqa: PLC0415  # only on failure

    words = reason_of(error).message.format(host=host, service="the server")
    return words[0].lower() + words[1:]
