"""What in a text reaches further than its conversation: calls to everybody, and links."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import unquote, urlsplit

_MENTION: Final = re.compile(r"(?<![\w@/.])@(channel|here|everyone|all|room|team)\b", re.IGNORECASE)
_MARKED_MENTION: Final = re.compile(
    r"<!(channel|here|everyone|group|subteam)\b[^>\n]{0,80}>|<at[^>\n]{0,80}>\s*(channel|here|everyone|all|room|team)\b",
    re.IGNORECASE,
)
_LINK: Final = re.compile(
    r"\b[a-z][a-z0-9+.\-]{0,30}:[\\/]{2,}[^\s<>\"'`|)\]}]+"  # with a scheme
    r"|(?<![\w.@/\\-])[\\/]{2}[\w.\-]+\.\w{2,}[^\s<>\"'`|)\]}]*"  # without one, as a page would have it
    r"|(?<![\w.@/-])www\.[^\s<>\"'`|)\]}]+"
    r"|(?<![\w.@/-])(?:[\w\-]+\.)+[^\W\d_]{2,24}(?=(?::\d{1,5})?[/?#]\S)[^\s<>\"'`|)\]}]*"  # a host with a path
    r"|(?<=\]\()\s*<?[^\s<>()]+",  # the target of a Markdown link, whatever it looks like
    re.IGNORECASE,
)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.\-]*:", re.IGNORECASE)
_DOTS: Final = str.maketrans("\u3002\uff0e\uff61\\", ".../")
_MOST: Final = 50


def mass_mentions(text: str) -> list[str]:
    """The calls to everybody in a text, as ``@channel``, without repetition."""
    plain = _plain(text)
    found = [match[1] for match in _MENTION.finditer(plain)]
    found += [match[1] or match[2] for match in _MARKED_MENTION.finditer(plain)]
    return list(dict.fromkeys(f"@{word.lower()}" for word in found))


def hosts(text: str) -> list[str]:
    """The hosts that the links of a text lead to, in order, at most fifty, each once.

    A link whose host cannot be read counts as a host called like its beginning, which nobody has seen before.
    """
    found = (_host(match[0].strip()) for match in _LINK.finditer(_plain(text)))
    return [host for host in dict.fromkeys(found) if host][:_MOST]


def _plain(text: str) -> str:
    """As a service may read it: no characters of width nothing, and wide forms like narrow ones."""
    if text.isascii() and text.isprintable():
        return text
    kept = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Mn", "Cc") or c in "\n\t\r")
    return unicodedata.normalize("NFKC", kept)


def _host(link: str) -> str:
    link = link.lstrip("<").translate(_DOTS)
    scheme = _SCHEME.match(link)
    if scheme is None and not link.startswith("//") and "." not in link.split("/")[0]:
        return ""  # a place within a page
    if scheme is not None and "//" not in link[: scheme.end() + 2]:
        return scheme[0] if scheme[0].lower() != "mailto:" else ""
    rest = link[scheme.end() :] if scheme else link
    try:
        host = urlsplit("//" + rest.lstrip("/")).hostname
    except ValueError:
        host = None
    return unquote(host).casefold().strip(".,;:!?*_~") if host else link[:60].casefold()
