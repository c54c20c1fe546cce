"""What a permalink of a chat system tells about the message that it leads to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

_SLACK: Final = re.compile(r"/archives/([A-Za-z0-9_-]+)(?:/p(\d{7,20}))?/?")
_SLACK_CLIENT: Final = re.compile(r"/client/([A-Z0-9]+)/([A-Z0-9]+)(?:/thread/\2-([0-9]{10}\.[0-9]{6}))?/?")
_SLACK_HOSTS: Final = (".slack.com", ".slack-gov.com")
_SLACK_CLIENTS: Final = frozenset({"app.slack.com", "app.slack-gov.com"})
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
        workspace: The host or the id of the workspace that the link belongs to; empty where it names none.
    """

    sources: tuple[str, ...]
    channel: str
    message: str = ""
    thread: str = ""
    workspace: str = ""


def read_link(url: str | None) -> Link | None:
    """Take a link of Slack or Microsoft Teams apart; ``None`` for any other."""
    try:
        parts = urlsplit((url or "").strip())
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    if parts.scheme == "slack":
        return _slack_app(parts)
    if parts.scheme not in {"http", "https"}:
        return None
    if host in _SLACK_CLIENTS:
        return _slack_client(parts)
    if host.endswith(_SLACK_HOSTS):
        return _slack(parts, host)
    return _teams(parts) if host in _TEAMS_HOSTS else None


def _slack(parts: SplitResult, host: str) -> Link | None:
    found = _SLACK.fullmatch(parts.path)
    if found is None:
        return None
    digits = found[2] or ""
    # Slack leaves the point of its time out: p1717430812004200 is the message 1717430812.004200.
    stamp = f"{digits[:-_MICROSECONDS]}.{digits[-_MICROSECONDS:]}" if digits else ""
    return Link(_SOURCES["slack"], found[1], stamp, _parameter(parts, "thread_ts"), host)


def _slack_client(parts: SplitResult) -> Link | None:
    """What the address bar of Slack in a browser shows."""
    found = _SLACK_CLIENT.fullmatch(parts.path)
    return Link(_SOURCES["slack"], found[2], found[3] or "", workspace=found[1]) if found else None


def _slack_app(parts: SplitResult) -> Link | None:
    """A link that opens the app, such as ``slack://channel?team=T1&id=C1&message=1.2``."""
    channel = _parameter(parts, "id") if parts.netloc == "channel" else ""
    message, workspace = _parameter(parts, "message"), _parameter(parts, "team")
    return Link(_SOURCES["slack"], channel, message, workspace=workspace) if channel else None


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
