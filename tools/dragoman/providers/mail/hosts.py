"""Where the servers of a mailbox are: as the settings say, or as is known of large hosts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import sentence
from dragoman.providers.mail.settings import MailSettings, host_and_port

Tls = Literal["tls", "starttls", "off"]

_STARTTLS_PORTS: Final = frozenset({143, 587, 1143, 1025})
_KNOWN: Final[dict[str, tuple[str, str, bool]]] = {
    "gmail.com googlemail.com": ("imap.gmail.com:993", "smtp.gmail.com:465", True),
    "outlook.com hotmail.com live.com msn.com": ("outlook.office365.com:993", "smtp-mail.outlook.com:587", True),
    "icloud.com me.com mac.com": ("imap.mail.me.com:993", "smtp.mail.me.com:587", True),
    "fastmail.com fastmail.fm": ("imap.fastmail.com:993", "smtp.fastmail.com:465", False),
    "yahoo.com ymail.com": ("imap.mail.yahoo.com:993", "smtp.mail.yahoo.com:465", True),
    "aol.com": ("imap.aol.com:993", "smtp.aol.com:465", True),
    "gmx.net gmx.de gmx.at gmx.ch": ("imap.gmx.net:993", "mail.gmx.net:465", False),
    "web.de": ("imap.web.de:993", "smtp.web.de:465", False),
    "zoho.com": ("imap.zoho.com:993", "smtp.zoho.com:465", True),
    "mailbox.org": ("imap.mailbox.org:993", "smtp.mailbox.org:465", False),
    "posteo.de posteo.net": ("posteo.de:993", "posteo.de:465", False),
}
"""Domains, the two servers, and whether the server itself keeps what is sent."""

_EXCHANGE: Final = ("office365.com", "outlook.com")
_KEEPERS: Final = (
    "imap.gmail.com",
    "outlook.office365.com",
    "imap.mail.me.com",
    "imap.mail.yahoo.com",
    "imap.aol.com",
    "imap.zoho.com",
)


@dataclass(frozen=True, slots=True)
class Server:
    """One server and how its connections are encrypted."""

    host: str
    port: int
    tls: Tls


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of a mailbox.

    Attributes:
        smtp: Absent when nothing is known to send through.
        sent_by_server: What is sent needs no copy from us.
    """

    imap: Server
    smtp: Server | None
    sent_by_server: bool

    @property
    def changes_ids(self) -> bool:
        """Whether the server may give a sent mail another message id, as Exchange does."""
        return self.imap.host.endswith(_EXCHANGE)


def known_servers(domain: str) -> tuple[str, str, bool] | None:
    """The two servers of a large host, and whether it keeps what is sent; ``None`` where it is not known."""
    return next((found for domains, found in _KNOWN.items() if domain in domains.split()), None)


def uses_starttls(port: int) -> bool:
    """Whether connections to a port begin unencrypted, unless the settings say otherwise."""
    return port in _STARTTLS_PORTS


def servers_of(settings: MailSettings) -> Servers:
    """The servers of a mailbox.

    Raises:
        InvalidArgument: The settings name none, and none is known for the domain of the address.
    """
    domain = settings.address.rpartition("@")[2].lower()
    known = known_servers(domain)
    imap, smtp = settings.imap or (known and known[0]), settings.smtp or (known and known[1])
    if not imap:
        raise InvalidArgument(
            sentence("No mail server is known for {}.", domain),
            hint="Add `imap` (and `smtp`, to send) to the account, each as host:port.",
        )
    read_from = _server(imap, settings.tls)
    keeps = settings.sent_by_server if settings.sent_by_server is not None else read_from.host in _KEEPERS
    return Servers(read_from, _server(smtp, settings.tls) if smtp else None, keeps)


def _server(text: str, tls: Tls | None) -> Server:
    host, port = host_and_port(text)
    return Server(host, port, tls or ("starttls" if uses_starttls(port) else "tls"))
