"""What a permalink of a chat system tells about the message that it leads to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

_SLACK: Final = re.compile(r"/archives/([A-Za-z0-9_-]+)(?:/p(\d{7,20}))?/?")
_TEAMS: Final = re.compile(r"/l/(?:message|channel)/([^/]+)(?:/([^/]+))?/?.*")
_TEAMS_HOSTS: Final = frozenset({"teams.microsoft.com", "teams.cloud.microsoft", "teams.live.com"})
_MICROSECONDS: Final = 6
_SOURCES: Final = {"slack": ("SLACK", "SLACKENTGRID"), "teams": ("MICROSOFTTEAMS",)}


@dataclass(frozen=True, slots=True)
class Link:
    """A permalink, taken apart.

    Attributes:
        sources: The datasources that have such links.
        channel: The source system's id of the channel.
        message: The source system's id of the message; empty for a link to a channel.
        thread: The source system's id of the thread that the link names, if any.
    """

    sources: tuple[str, ...]
    channel: str
    message: str = ""
    thread: str = ""


def read_link(url: str | None) -> Link | None:
    """Take a link of Slack or Microsoft Teams apart; ``None`` for any other."""
    try:
        parts = urlsplit((url or "").strip())
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"}:
        return None
    if host.endswith(".slack.com"):
        return _slack(parts)
    return _teams(parts) if host in _TEAMS_HOSTS else None


def _slack(parts: SplitResult) -> Link | None:
    found = _SLACK.fullmatch(parts.path)
    if found is None:
        return None
    digits = found[2] or ""
    stamp = f"{digits[:-_MICROSECONDS]}.{digits[-_MICROSECONDS:]}" if digits else ""
    return Link(_SOURCES["slack"], found[1], stamp, _parameter(parts, "thread_ts"))


def _teams(parts: SplitResult) -> Link | None:
    found = _TEAMS.fullmatch(parts.path)
    if found is None:
        return None
    message = unquote(found[2] or "") if parts.path.startswith("/l/message/") else ""
    return Link(_SOURCES["teams"], unquote(found[1]), message, _parameter(parts, "parentMessageId"))


def _parameter(parts: SplitResult, name: str) -> str:
    try:
        return parse_qs(parts.query).get(name, [""])[0]
    except ValueError:  # more fields than any link has
        return ""
