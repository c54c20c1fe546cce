"""What somebody is told who adds a mailbox, once its address is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString

from dragoman.core.safe_text import safe, sentence
from dragoman.providers.base.account_settings import SettingsAdvice
from dragoman.providers.mail.autoconfig import Fetch, PublishedServer, find_servers
from dragoman.providers.mail.hosts import known_servers, uses_starttls


@dataclass(frozen=True, slots=True, kw_only=True)
class _HostAdvice:
    """How one large host lets programs in.

    Attributes:
        hosts: Ends of the names of its servers.
        words: Two sentences: what kind of login it wants, and where that is made.
        credential: The setting to suggest.
        oauth: The ready authorization server.
    """

    hosts: tuple[str, ...]
    words: LiteralString
    credential: str = "password"
    oauth: str = ""


_HOSTS: Final = (
    _HostAdvice(
        hosts=("gmail.com", "googlemail.com"),
        words="Gmail takes an app password, which you make at https://myaccount.google.com/apppasswords once 2-step"
        " verification is on. Or choose oauth with an OAuth client of your own, made at"
        " https://console.cloud.google.com as a desktop app.",
        oauth="google",
    ),
    _HostAdvice(
        hosts=("outlook.com", "office365.com"),
        words="Outlook takes no password for reading, so choose oauth. Its client is one of your own, registered at"
        " https://entra.microsoft.com under App registrations with the redirect http://localhost.",
        credential="oauth",
        oauth="microsoft",
    ),
    _HostAdvice(
        hosts=("mail.me.com",),
        words="iCloud takes an app-specific password, not that of your Apple Account. You make it at"
        " https://account.apple.com under Sign-In and Security.",
    ),
    _HostAdvice(
        hosts=("yahoo.com", "aol.com"),
        words="Yahoo and AOL take an app password, not the one that you sign in with. You make it at"
        " https://login.yahoo.com/account/security (AOL: https://login.aol.com/account/security).",
    ),
    _HostAdvice(
        hosts=("fastmail.com",),
        words="Fastmail takes an app password, not the one that you sign in with. You make it in its settings under"
        " Privacy & Security, with access to IMAP and SMTP.",
    ),
)


async def advise(address: str, fetch: Fetch | None = None) -> SettingsAdvice:
    """What is found out about the mailbox of an address.

    Args:
        address: The address.
        fetch: What reads published settings, for tests.
    """
    domain = address.rpartition("@")[2].lower()
    known = known_servers(domain)
    if known is not None:
        host = _advice_for(known[0])
        return SettingsAdvice(
            sentences=(safe(host.words),) if host else (), credential=host.credential if host else "password",
            oauth=host.oauth if host else "",
        )  # fmt: skip
    published = await find_servers(address, fetch)
    if published is None:
        said = sentence("Nothing is known of the servers of {}; ask its provider for those of IMAP and SMTP.", domain)
        return SettingsAdvice(sentences=(said,), open=("imap", "smtp"), credential="password")
    host = _advice_for(published.imap.text)
    told = sentence("{} says where the servers of {} are; see whether you know them.", published.source, domain)
    return SettingsAdvice(
        found=_settings(published.imap, published.smtp),
        sentences=(told, *((safe(host.words),) if host else ())),
        open=() if published.smtp else ("smtp",),
        credential=host.credential if host else "password",
        oauth=host.oauth if host else "",
    )


def _settings(imap: PublishedServer, smtp: PublishedServer | None) -> dict[str, str]:
    """Published servers as settings; one word for encryption holds for both, and is left out where the ports tell."""
    servers = [one for one in (imap, smtp) if one is not None]
    found = {"imap": imap.text, **({"smtp": smtp.text} if smtp else {})}
    ways = {one.tls for one in servers}
    if len(ways) == 1 and any(uses_starttls(one.port) != (one.tls == "starttls") for one in servers):
        found["tls"] = ways.pop()
    return found | ({"user": imap.user} if imap.user else {})


def _advice_for(server: str) -> _HostAdvice | None:
    host = server.rpartition(":")[0]
    return next((it for it in _HOSTS if any(host == end or host.endswith(f".{end}") for end in it.hosts)), None)
