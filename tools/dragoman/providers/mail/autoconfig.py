"""Servers of a mailbox as its domain publishes them, in the form that Thunderbird introduced.

Asked only when somebody adds an account: the domain itself first, with the address, then Thunderbird's database, with
the domain alone. What comes is read without trust: no document type, no entities, encrypted servers only.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.providers.mail.addresses import sendable_address

if TYPE_CHECKING:
    from lxml import etree

Fetch = Callable[[str, dict[str, str]], Awaitable[str]]
"""Reads an address with a query over https."""

_DATABASE: Final = "https://autoconfig.thunderbird.net/v1.1/{domain}"
_LARGEST: Final = 1 << 18  # bytes
_SECONDS: Final = 6.0
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_LAST_PORT: Final = 65_535
_TLS: Final = {"SSL": "tls", "STARTTLS": "starttls"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedServer:
    """A server as a domain publishes it.

    Attributes:
        tls: ``tls`` or ``starttls``.
        user: The name to sign in with; empty for the address.
    """

    host: str
    port: int
    tls: str
    user: str = ""

    @property
    def text(self) -> str:
        """The server as the settings name it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedServers:
    """The servers of a mailbox.

    Attributes:
        source: The host that told them.
    """

    imap: PublishedServer
    smtp: PublishedServer | None
    source: str


async def find_servers(address: str, fetch: Fetch | None = None) -> PublishedServers | None:
    """Ask where the servers of an address are; ``None`` when nobody tells.

    Args:
        address: The address of the mailbox.
        fetch: What reads an address, for tests.
    """
    try:
        plain = sendable_address(address)
    except InvalidArgument:
        return None
    domain = plain.rpartition("@")[2]
    asked: list[tuple[str, dict[str, str]]] = [
        (f"https://autoconfig.{domain}/mail/config-v1.1.xml", {"emailaddress": plain}),
        (f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml", {}),
        (_DATABASE.format(domain=domain), {}),
    ]
    for url, query in asked:
        try:
            found = parse_servers(await (fetch or _fetch)(url, query), plain)
        except DragomanError:  # most domains publish nothing
            continue
        if found is not None:
            return PublishedServers(imap=found[0], smtp=found[1], source=urlsplit(url).netloc)
    return None


def parse_servers(text: str, address: str) -> tuple[PublishedServer, PublishedServer | None] | None:
    """The first encrypted servers for reading and sending in a document; ``None`` when there are none for reading."""
    from lxml import etree  # noqa: PLC0415  # only when an account is added

    if "<!doctype" in text.lower():  # no such document needs one
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    imap = next(_servers(root, "incomingServer", "imap", address), None)
    return None if imap is None else (imap, next(_servers(root, "outgoingServer", "smtp", address), None))


def _servers(
    root: etree._Element,  # pyright: ignore[reportPrivateUsage]  # it has no other name
    element: str,
    kind: str,
    address: str,
) -> Iterator[PublishedServer]:
    for one in root.iter(element):
        if one.get("type") != kind:
            continue
        host, port = _filled(one.findtext("hostname"), address), (one.findtext("port") or "").strip()
        tls = _TLS.get((one.findtext("socketType") or "").strip().upper())
        if tls is None or not _HOST.fullmatch(host) or ".." in host:
            continue
        if port.isascii() and port.isdecimal() and len(port) < 6 and 0 < int(port) <= _LAST_PORT:  # noqa: PLR2004  # digits of a port
            user = _user(one.findtext("username"), address)
            yield PublishedServer(host=host.lower(), port=int(port), tls=tls, user=user)


def _filled(template: str | None, address: str) -> str:
    local, _, domain = address.rpartition("@")
    filled = (template or "").strip()[:500].replace("%EMAILADDRESS%", address)
    return filled.replace("%EMAILLOCALPART%", local).replace("%EMAILDOMAIN%", domain)


def _user(template: str | None, address: str) -> str:
    """A name to sign in with; empty for the address, and for what is no name."""
    user = _filled(template, address)
    if user == address:
        return ""
    return user if user.isascii() and user.isprintable() and "%" not in user and len(user) < 200 else ""  # noqa: PLR2004  # a name


async def _fetch(url: str, query: dict[str, str]) -> str:
    from dragoman.transport.error_mapping import ServiceProfile  # noqa: PLC0415  # as above
    from dragoman.transport.http import HttpClient  # noqa: PLC0415  # as above

    parts = urlsplit(url)
    async with HttpClient(
        f"https://{parts.netloc}",
        profile=ServiceProfile(service=parts.netloc),
        timeout=_SECONDS,
        total=_SECONDS,
        attempts=1,
        max_body=_LARGEST,
    ) as http:
        response = await http.get(parts.path, query=query, body="text", headers={"accept": "text/xml"})
    return str(response.value)
