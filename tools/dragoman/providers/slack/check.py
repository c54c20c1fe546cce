"""What ``dragoman check`` says of a Slack account."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from dragoman.providers.slack.api import Api, Identity
from dragoman.providers.slack.app_manifest import NEEDS
from dragoman.providers.slack.settings import SlackSettings
from dragoman.transport.url import is_loopback

_HOSTS: Final = ("slack.com", "slack-gov.com")


def report(us: Identity, api: Api, settings: SlackSettings) -> str:
    """A sentence: the workspace, whom the token speaks for, and which scopes it lacks for what."""
    who = f"a bot, {us.name}" if us.bot_id else f"{us.name}, so that what is sent appears as this person"
    parts = [f"the token is accepted in {us.team or us.team_id} and speaks for {who}"]
    if lacking := list(api.scopes.lacking(NEEDS)):
        parts.append(f"it lacks scopes for {'; '.join(lacking)}")
    if us.bot_id:
        parts.append("a bot cannot search, so only what was read before is searched")
    host = urlsplit(settings.base_url).hostname or ""
    if not host.endswith(_HOSTS) and not is_loopback(host):
        parts.append(f"base_url is {host}, which is not Slack's")
    if us.team_id.startswith("E") and settings.team_id is None:
        parts.append("it is of a whole organisation: set team_id to the workspace")
    return "; ".join(parts)
