"""Checks the headers Host and Origin (DNS rebinding).

A page in the user's browser can reach servers on the user's machine, also under a name of its own
(DNS rebinding); the headers Host and Origin give it away.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from dragoman_server.config.http import HttpSettings, is_loopback
from dragoman_server.transports.http.errors import Refusal


class HostCheck:
    """Refuses requests whose host or origin is not configured."""

    def __init__(self, app: ASGIApp, settings: HttpSettings) -> None:
        """Collect the host names that belong to this server."""
        self._app = app
        self._hosts = frozenset(_names(settings))
        self._origins = frozenset(settings.allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        headers = Headers(scope=scope)
        try:
            self._check_host(headers.getlist("host"))
            self._check_origin(headers.getlist("origin"))
        except Refusal as refusal:
            await refusal.response(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _check_host(self, hosts: list[str]) -> None:
        # Two headers would leave it open which of them counts.
        name = _host_of(f"//{hosts[0]}") if len(hosts) == 1 else None
        if name is None or not (name in self._hosts or _is_here(name)):
            raise Refusal(421, "This host name is not served here; it belongs into allowed_hosts of [http].")

    def _check_origin(self, origins: list[str]) -> None:
        for origin in origins:
            name = _host_of(origin)
            if origin.lower() not in self._origins and not (name is not None and _is_here(name)):
                raise Refusal(
                    403, "Web pages of this origin are not served; it belongs into allowed_origins of [http]."
                )


def _names(settings: HttpSettings) -> Iterable[str]:
    yield from settings.allowed_hosts
    yield settings.address.host.lower()
    if settings.public_url is not None:
        yield (urlsplit(settings.public_url).hostname or "").lower()


_is_here = lru_cache(maxsize=128)(is_loopback)


@lru_cache(maxsize=128)
def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
