"""Find the hosts that links of a text may lead to, by the rules of all services.

Services disagree on where a link begins and ends, so this takes the union: what a browser does with the whole address,
and what a careless linker does that stops at any mark. Who asks about too many hosts is a nuisance; who misses one
lets a text lead away.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final
from urllib.parse import unquote

from dragoman.toolset.policy.text_readings import joined_reading, readings

_LONGEST_HOST: Final = 253
_WEB: Final = "https?|ftps?|wss?|hxxps?"
_WITHOUT_HOST: Final = (
    "javascript|vbscript|data|blob|file|tel|sms|intent|callto|skype|msteams|zoommtg|facetime(?:-audio)?|sips|xmpp|magnet"
    "|itms-[a-z]{1,20}|ms-[a-z-]{1,30}|search-ms|vscode"
)
_RESERVED_ENDS: Final = frozenset({"example", "test", "invalid", "localhost", "local", "internal", "onion", "home"})

_WEB_ADDRESS: Final = re.compile(rf"(?:{_WEB}):/*(?=([^/?#\s]{{1,300}}))", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"(?<![a-z0-9+.\-])([a-z][a-z0-9+.\-]{0,30}):/{2,}([^/?#\s]{0,600})", re.IGNORECASE)
_NO_ADDRESS: Final = re.compile(rf"(?<![a-z0-9+.\-])({_WITHOUT_HOST}):(?=\S)", re.IGNORECASE)
_MAILTO: Final = re.compile(r"mailto:([^/?#\s@]{1,200}@[^/?#\s]{1,253})", re.IGNORECASE)
_NO_SCHEME: Final = re.compile(r"(?<![:/\w])//([^/?#\s]{1,600})")
_DOTTED: Final = re.compile(r"(?<![\w\-])[\w\-]+(?:\.[\w\-]+)+")
_PORT: Final = re.compile(r"(?<![\w.\-])(?=\w*[^\W\d])[\w\-]{1,63}:\d{1,5}(?=/)")
_TARGET: Final = re.compile(
    r"\]\(\s{0,8}<?([^\s<>()]{1,2000})"  # [words](target)
    r"|^\s{0,8}\[[^\]\n]{1,999}\]:\s{0,8}<?([^\s<>]{1,2000})"  # [name]: target
    r"|\b(?:href|src)\s{0,8}=\s{0,8}[\"']?([^\s\"'<>]{1,2000})"  # HTML
    r"|<([^\s<>|]{1,2000})[|>]",  # <target|words>
    re.IGNORECASE | re.MULTILINE,
)
_MARKS: Final = re.compile(r"[\"'`<>()\[\]{}|\\,;!*^~]+")
_NO_HOST: Final = re.compile(r"[^\w.\-:\[\]]+")
_LOCAL_PART: Final = re.compile(r"[\w.%+\-]")
_IPV4: Final = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
_MAIL: Final = re.compile(r"[\w.%+\-]{1,200}@[\w.\-]{1,253}")
_MAIL_END: Final = re.compile(r"[.,;!?)>\]\"'\u00bb]{0,4}(?:\s|$)")
_MAIL_DOMAIN: Final = re.compile(rf"@[\w\-]+(?:\.[\w\-]+)*\.([\w\-]+){_MAIL_END.pattern}")
_NUMBER: Final = re.compile(r"0x[0-9a-f]+|\d{6,}", re.IGNORECASE)


def hosts(text: str) -> list[str]:
    """The hosts that the links of a text lead to, in small letters, each once.

    A ``mailto:`` link counts as the whole address, and a link without a host, such as ``javascript:``, as its scheme.
    """
    found: dict[str, None] = {}
    for reading in readings(text):
        # Browsers take a backslash for a slash; linkers may end at any mark or go on behind it.
        for variant in dict.fromkeys((reading.replace("\\", "/"), _MARKS.sub(" ", reading))):
            found.update(dict.fromkeys(_hosts_of(variant)))
        found.update(dict.fromkeys(host for target in _targets(reading) for host in _hosts_of_target(target)))
    return list(found)


def is_top_level(label: str) -> bool:
    """Whether a label is a top-level domain, or one that is reserved for examples and local use."""
    # The list has internationalised names in their ASCII form.
    name = label if label.isascii() else f"xn--{label.encode('punycode', 'replace').decode('ascii')}"
    return name in _top_level_names() or name in _RESERVED_ENDS


@cache
def _top_level_names() -> frozenset[str]:
    from linkify_it import tlds  # noqa: PLC0415  # a long list, only where a text may hold a link  # pyright: ignore[reportMissingTypeStubs]

    names: list[str] = tlds.TLDS
    return frozenset(name.lower() for name in names)


def _hosts_of(text: str) -> list[str]:
    found = [_host_of(authority) for authority in _WEB_ADDRESS.findall(text)]
    found += [_host_of(authority) or f"{scheme.lower()}:" for scheme, authority in _ADDRESS.findall(text)]
    found += [f"{scheme.lower()}:" for scheme in _NO_ADDRESS.findall(text)]
    found += [f"mailto:{address.lower()}" for address in _MAILTO.findall(text)]
    for authority in _NO_SCHEME.findall(text):
        host = _host_of(authority)
        # Linkers count a dot in front of a host too.
        before = authority.casefold().partition(host)[0] if host else ""
        found += [host] if "." in before + host or ":" in host or _NUMBER.fullmatch(host) else []
    found += [match[0].partition(":")[0].lower() for match in _PORT.finditer(text)]
    return [host for host in found + _bare_hosts(text) if host]


def _host_of(authority: str) -> str:
    """The host as a browser finds it: after the last ``@``, without the port."""
    first, *others = _as_browsers_read(unquote(authority)).split("@")
    # Where no host stands behind an @, or a port alone, linkers end the link before it.
    behind = (_host_in(part) for part in reversed(others) if not part.startswith(":"))
    return next(filter(None, behind), "") or _host_in(first)


def _host_in(part: str) -> str:
    host = part.strip("_*~`.,;:!?'\")>")
    if host.startswith("["):
        return host.partition("]")[0].lstrip("[").lower()
    # Linkers go on behind marks at its beginning, which no host has.
    first = next(filter(None, _NO_HOST.split(host)), "")
    return first.partition(":")[0].strip(".").casefold()[:_LONGEST_HOST]


def _as_browsers_read(host: str) -> str:
    """A host after its percent signs were undone: every kind of dot is one, and what is invisible is nothing."""
    return host if host.isascii() else joined_reading(host)


def _bare_hosts(text: str) -> list[str]:
    """Dotted names without a scheme: of a known top-level domain, with a port or a path, or an IP address."""
    return [
        match[0].strip("-_").casefold()[:_LONGEST_HOST]
        for match in _DOTTED.finditer(text)
        if _is_linked(match[0].casefold(), text[match.end() : match.end() + 7]) and not _is_of_mail(match, text)
    ]


def _is_linked(name: str, after: str) -> bool:
    if _IPV4.fullmatch(name):
        return all(int(part) <= 255 for part in name.split("."))  # noqa: PLR2004  # the largest byte
    last = name.rpartition(".")[2].strip("-_")
    # A version such as 3.11 is no host.
    if last.isdigit():
        return False
    return (
        is_top_level(last)
        or "xn--" in name
        or name.startswith("www.")
        or re.match(r"(?::\d{1,5})?/\S", after) is not None
    )


def _is_of_mail(match: re.Match[str], text: str) -> bool:
    """Whether a name is one half of a plain e-mail address."""
    start, end = match.span()
    if text[end : end + 1] == "@":
        domain = _MAIL_DOMAIN.match(text[end : end + _LONGEST_HOST])
        return domain is not None and is_top_level(domain[1].casefold())
    if start < 2 or text[start - 1] != "@" or not _LOCAL_PART.match(text[start - 2]):  # noqa: PLR2004  # "a@"
        return False
    return _MAIL_END.match(text[end : end + 5]) is not None


def _targets(reading: str) -> list[str]:
    return [target for groups in _TARGET.findall(reading) for target in groups if target]


def _hosts_of_target(target: str) -> list[str]:
    """The host of a link that is declared by mark-up; a link within the page has none."""
    target = target.replace("\\", "/")
    scheme = re.match(r"([a-z][a-z0-9+.\-]{0,30}):(?!\d)", target, re.IGNORECASE)
    if scheme is not None:
        known = _hosts_of(target)
        return known or [f"{scheme[1].lower()}:"]
    if _MAIL.fullmatch(target):
        return []
    authority = re.split(r"[/?#]", target.lstrip("/"), maxsplit=1)[0]
    return [_host_of(authority)] if target.startswith("//") or "." in authority.strip(".") else []
