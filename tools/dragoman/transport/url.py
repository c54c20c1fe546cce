"""Addresses of services, and which hosts are this machine."""

from __future__ import annotations

import ipaddress
from typing import Final, TypeGuard
from urllib.parse import urlsplit

from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import sentence

_LONGEST_HOST: Final = 253  # RFC 1035; longer ones fail deep inside name resolution
_LONGEST_LABEL: Final = 63
_HINT: Final = "Set it to the address of the service, like https://api.example.com."


def base_url_of(value: str) -> str:
    """The address of a service in its one spelling: with a scheme (https by default), without a last slash.

    Raises:
        InvalidArgument: It is no such address, holds credentials, or is plain http to another machine.
    """
    text = value.strip()
    text = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InvalidArgument("The base_url is no valid address.", hint=_HINT) from None
    # urlsplit lets blanks and backslashes pass, which browsers and servers read in different ways.
    if parts.scheme not in {"http", "https"} or not _is_host(host) or any(c <= " " or c == "\\" for c in text):
        raise InvalidArgument("The base_url is no http or https address.", hint=_HINT)
    # They would be shown in logs and errors, which redact known secrets only.
    if "@" in parts.netloc:
        raise InvalidArgument("The base_url holds credentials.", hint="Put them into the setting for the token.")
    if parts.query or parts.fragment:
        raise InvalidArgument("The base_url has a query or a fragment.", hint=_HINT)
    if parts.scheme == "http" and not is_loopback(host):
        raise InvalidArgument(
            "Plain http is allowed to this machine only.",
            hint=sentence("Use https for the base_url, which names {}.", host),
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether a host is certainly this machine, which alone is spoken to without TLS. Looks nothing up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_host(host: str | None) -> TypeGuard[str]:
    labels = (host or "").removesuffix(".").split(".")
    return host is not None and len(host) <= _LONGEST_HOST and all(0 < len(label) <= _LONGEST_LABEL for label in labels)
