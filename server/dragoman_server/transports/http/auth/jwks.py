"""The public keys of an authorization server: fetched when needed, kept, and fetched anew when they change."""

from __future__ import annotations

import json
import logging
from typing import Any, Final, cast
from urllib.parse import urlsplit

import anyio
import jwt
from starlette.authentication import AuthenticationError

from dragoman.core.context.clock import Clock, current_clock
from dragoman_server.config.http import is_loopback

_FRESH: Final = 600.0
_STALE: Final = 86_400.0
_PAUSE: Final = 30.0
_PATIENCE: Final = 5.0
_LARGEST: Final = 512 << 10
_WELL_KNOWN: Final = ("oauth-authorization-server", "openid-configuration")

_log = logging.getLogger(__name__)


class KeysUnavailable(AuthenticationError):
    """The authorization server does not tell its keys now; nobody can be judged."""


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
        """The key of that id; without an id the only key there is.

        Raises:
            KeysUnavailable: There are none, and they cannot be had.
        """
        if self._age() > _FRESH:
            await self._refresh(self._fetched)
        found = self._look(kid)
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
        """Fetch, unless somebody else did meanwhile; old keys do while new ones cannot be had."""
        async with self._lock:
            lately = self._clock.monotonic() - self._tried < _PAUSE
            if self._fetched == seen and (again or not lately):
                self._tried = self._clock.monotonic()
                try:
                    with anyio.fail_after(2 * _PATIENCE):
                        self._keys = await self._fetch()
                    self._fetched = self._clock.monotonic()
                except (OSError, ValueError, jwt.PyJWTError, TimeoutError) as error:
                    _log.warning("The keys of the authorization server cannot be had (%s).", type(error).__name__)
        if self._age() > _STALE:
            raise KeysUnavailable("The authorization server does not tell its keys now; try again later.")

    async def _fetch(self) -> list[jwt.PyJWK]:
        if self._uri is None:
            self._uri = await self._discover()
        document = await _get(self._uri)
        return [key for key in jwt.PyJWKSet.from_dict(document).keys if key.public_key_use in (None, "sig")]

    async def _discover(self) -> str:
        """Where the keys are, by RFC 8414 or OpenID Connect Discovery."""
        parts = urlsplit(self._issuer)
        path = parts.path.rstrip("/")
        places = [f"{parts.scheme}://{parts.netloc}/.well-known/{name}{path}" for name in _WELL_KNOWN]
        for place in dict.fromkeys((*places, f"{self._issuer.rstrip('/')}/.well-known/{_WELL_KNOWN[1]}")):
            try:
                document = await _get(place)
            except (OSError, ValueError):
                continue
            if document.get("issuer") == self._issuer:
                return _safe(document.get("jwks_uri"), parts.hostname)
        raise ValueError(self._issuer)


def _safe(uri: object, host: str | None) -> str:
    """An address that metadata may send us to: encrypted, or on this machine when the issuer is."""
    parts = urlsplit(uri if isinstance(uri, str) else "")
    here = parts.hostname is not None and parts.hostname == host and is_loopback(parts.hostname)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and here)):
        raise ValueError("jwks_uri")
    return str(uri)


async def _get(url: str) -> dict[str, Any]:
    """A JSON object; anything else, a redirect included, is an error."""
    import httpx  # noqa: PLC0415  # only where keys are fetched

    body = bytearray()
    try:
        async with (
            httpx.AsyncClient(timeout=_PATIENCE, follow_redirects=False) as client,
            client.stream("GET", url, headers={"Accept": "application/json"}) as answer,
        ):
            if not answer.is_success:
                raise ValueError(answer.status_code)
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > _LARGEST:
                    raise ValueError(len(body))
    except httpx.HTTPError as error:
        raise OSError(type(error).__name__) from error
    found: object = json.loads(body)
    if not isinstance(found, dict):
        raise ValueError(url)  # noqa: TRY004  # what a service says is a wrong value, whatever its type
    return cast("dict[str, Any]", found)
