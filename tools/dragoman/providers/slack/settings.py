"""The settings of a Slack account."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final

from pydantic import Field

from dragoman.providers.kit.app_setup import AppSetup
from dragoman.providers.kit.oauth_account import OAuthAccount
from dragoman.transport.credentials import Secret

APP: Final = AppSetup(Path(__file__).with_name("app.toml"))
"""The app that an account needs."""


class SlackSettings(OAuthAccount):
    """A bot or a person of a Slack workspace."""

    provider: str = "slack"
    base_url: str = Field(
        default="https://slack.com/api",
        description="address of the API",
        json_schema_extra={
            "where": "Press Enter, unless your workspace is one of GovSlack: https://slack-gov.com/api."
        },
    )
    token: Secret | None = Field(
        default=None,
        description="bot token (xoxb-) or user token (xoxp-)",
        json_schema_extra={
            "where": "Make an app at https://api.slack.com/apps from the manifest in docs/providers/slack.md, install"
            " it, and take the token under OAuth & Permissions."
        },
    )
    team_id: str | None = Field(
        default=None,
        pattern=r"^[TE][A-Z0-9]{2,30}$",
        description="the workspace, if the token is of a whole organisation",
    )

    own_hosts: ClassVar[tuple[str, ...]] = ("slack.com", "slack-gov.com")
    app: ClassVar[AppSetup] = APP
