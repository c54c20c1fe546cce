"""The settings of a Slack account."""

from __future__ import annotations

from pydantic import Field

from dragoman.providers.kit.settings import HttpAccount
from dragoman.transport.credentials import Secret


class SlackSettings(HttpAccount):
    """A bot or a person of a Slack workspace."""

    provider: str = "slack"
    base_url: str = Field(
        default="https://slack.com/api",
        description="address of the API",
        json_schema_extra={
            "where": "Press Enter, unless your workspace is one of GovSlack: https://slack-gov.com/api."
        },
    )
    token: Secret = Field(
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
