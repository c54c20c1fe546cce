"""Links to conversations and messages, as people copy them."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from dragoman.providers.slack.api import Identity
from dragoman.providers.slack.wire import ts_of

_ID: Final = "([CDG][A-Z0-9]{2,30})"
_PERMALINK: Final = re.compile(
    rf"https://([a-z0-9.-]+\.slack(?:-gov)?\.com)/archives/{_ID}(?:/p([0-9]{{16}}))?/?(?:\?\S*)?"
)
_CLIENT: Final = re.compile(
    rf"https://app\.slack(?:-gov)?\.com/client/([TE][A-Z0-9]+)/{_ID}(?:/thread/\2-([0-9]{{10}}\.[0-9]{{6}}))?/?"
)


def parse_link(link: str, us: Identity | None) -> tuple[str, str | None] | None:
    """Conversation and message of a link; ``None`` for what is no link, or one of another workspace than ours."""
    found = _PERMALINK.fullmatch(link) or _CLIENT.fullmatch(link)
    workspace, conversation, message = found.groups() if found else _of_app(link)
    if not conversation:
        return None
    if us is not None and workspace not in (urlsplit(us.url).hostname, us.team_id, us.enterprise_id):
        return None
    return conversation, ts_of(message) or None


def _of_app(link: str) -> tuple[str, str, str]:
    """The parts of a link that opens the app, such as ``slack://channel?team=T1&id=C1&message=1.2``."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return "", "", ""
    values = dict(parse_qsl(parts.query)) if (parts.scheme, parts.netloc) == ("slack", "channel") else {}
    id_ = re.fullmatch(_ID, values.get("id", ""))
    return values.get("team", ""), id_[1] if id_ else "", values.get("message", "")
