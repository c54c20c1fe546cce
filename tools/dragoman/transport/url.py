"""Addresses of services: base, path segments, query strings, and which hosts are this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias, TypeGuard
from urllib.parse import quote, urlencode, urlsplit

from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.core.safe_text import sentence

Scalar: TypeAlias = str | int | float | bool
Query: TypeAlias = Mapping[str, Scalar | Sequence[Scalar] | None] | Sequence[tuple[str, Scalar]]

_KEPT: Final = "-._~!$&'()*+,;=:@"  # what RFC 3986 allows in a segment beside letters and digits
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


def segment(identifier: str) -> str:
    """An id as one segment of a path, percent-encoded.

    Raises:
        NotFound: It is empty or a dot segment, which would address something else.
    """
    if identifier in {"", ".", ".."}:
        raise NotFound("There is nothing with an empty id.", hint="Copy references as the tools show them.")
    try:
        return quote(identifier, safe=_KEPT)
    except UnicodeEncodeError:
        raise NotFound(
            "The id has characters that no id has.", hint="Copy references as the tools show them."
        ) from None


def query_string(query: Query) -> str:
    """A query in the order given, ``?`` included; empty without pairs. Lists are repeated, ``None`` is left out.

    Raises:
        InvalidArgument: A value is no valid text.
    """
    try:
        text = urlencode(list(_pairs(query)), quote_via=quote)
    except UnicodeEncodeError:
        raise InvalidArgument("The text has half a character in it.", hint="Write it again.") from None
    return f"?{text}" if text else ""


def _is_host(host: str | None) -> TypeGuard[str]:
    labels = (host or "").removesuffix(".").split(".")
    return host is not None and len(host) <= _LONGEST_HOST and all(0 < len(label) <= _LONGEST_LABEL for label in labels)


def _pairs(query: Query) -> Iterator[tuple[str, str]]:
    for key, value in query.items() if isinstance(query, Mapping) else query:
        if value is None:
            continue
        for one in value if isinstance(value, Sequence) and not isinstance(value, str) else (value,):
            yield key, str(one).lower() if isinstance(one, bool) else str(one)
