"""Targets: the ``host:port`` of a gRPC service."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import sentence
from dragoman.transport.url import is_loopback

_HINT: Final = "Set it to the host and port of the service, like api.example.com:443."
_PORT: Final = 443


def target_of(value: str, *, tls: bool) -> tuple[str, str]:
    """A target in its one spelling (port 443 by default), and its host.

    Raises:
        InvalidArgument: It is no host and port, or would be spoken to without TLS on another machine.
    """
    text = value.strip().removeprefix("dns:///")
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidArgument("The target is no valid host and port.", hint=_HINT) from None
    extras = parts.path or parts.query or parts.fragment or "@" in text
    if not host or extras or any(c <= " " for c in text):
        raise InvalidArgument("The target is no valid host and port.", hint=_HINT)
    if not tls and not is_loopback(host):
        raise InvalidArgument(
            "gRPC without TLS is allowed to this machine only.", hint=sentence("Leave tls on for the target {}.", host)
        )
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port or _PORT}", host
