"""The app that an account needs: its scopes, and its manifest for Slack's own page that makes apps."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import quote

from dragoman.core.safe_text import SafeText
from dragoman.providers.base.account_settings import SettingsAdvice

NEEDS: Final = {
    "listing conversations": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "reading messages": ("channels:history", "groups:history", "im:history", "mpim:history"),
    "names": ("users:read",),
    "sending": ("chat:write",),
}
"""What the scopes are for, in the words of a check."""

_READING: Final = [
    *NEEDS["listing conversations"],
    *NEEDS["reading messages"],
    *NEEDS["names"],
    "users:read.email",
    "usergroups:read",
]
_WRITING: Final = ["chat:write", "im:write"]
_SEARCHING: Final = ["search:read"]  # with the token of a person only
USER_SCOPES: Final = (*_READING, *_WRITING, *_SEARCHING)
"""What a person is asked for who signs in with a browser."""


def manifest(*, writes: bool) -> str:
    """The manifest as JSON, for reading alone or for writing as well."""
    scopes = [*_READING, *(_WRITING if writes else [])]
    app = {
        "display_information": {"name": "Dragoman"},
        "features": {"bot_user": {"display_name": "Dragoman"}},
        "oauth_config": {"scopes": {"bot": scopes, "user": [*scopes, *_SEARCHING]}},
        "settings": {"org_deploy_enabled": False, "socket_mode_enabled": False},
    }
    return json.dumps(app, separators=(",", ":"))


def link(*, writes: bool, host: str = "slack.com") -> str:
    """The page of Slack that makes the app, with the manifest filled in."""
    return f"https://api.{host}/apps?new_app=1&manifest_json={quote(manifest(writes=writes), safe='')}"


def advice(base_url: str) -> SettingsAdvice:
    """What somebody does who has no token yet."""
    host = "slack-gov.com" if "slack-gov.com" in base_url else "slack.com"
    said = (
        "An app of your workspace gives the token. These pages make one, with its manifest filled in:",
        f"to read: {link(writes=False, host=host)}",
        f"to read and write: {link(writes=True, host=host)}",
        f"The manifest, to paste it yourself (From a manifest, JSON): {manifest(writes=True)}",
        "Then choose Install to Workspace, and take a token under OAuth & Permissions:",
        "the User OAuth Token (xoxp-) reads, searches and writes as you,",
        "the Bot User OAuth Token (xoxb-) sees what the app is invited to, and writes as the app.",
    )
    return SettingsAdvice(sentences=tuple(map(SafeText, said)))
