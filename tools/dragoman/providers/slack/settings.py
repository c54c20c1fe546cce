"""The settings of a Slack account, and what authorizes its calls."""

from __future__ import annotations

from typing import Final, LiteralString, Self

from pydantic import Field, model_validator

from dragoman.core.errors import Unauthenticated
from dragoman.providers.kit.settings import HttpAddress
from dragoman.transport.credentials import Authorize, Secret, bearer
from dragoman.transport.oauth.client import OAuthClient
from dragoman.transport.oauth.settings import OAuthSettings

_REFUSED: Final[dict[str, LiteralString]] = {
    "xapp-": "This is an app-level token, which cannot read or write messages.",
    "xoxc-": "This is the token of a browser's login, which is not made for programs.",
    "xoxd-": "This is the cookie of a browser's login, which is not made for programs.",
    "xoxe-": "This is a refresh token, which only renews another one.",
}


class SlackSettings(HttpAddress):
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
    oauth: OAuthSettings | None = Field(
        default=None,
        description="signs in as a person with `dragoman login`, or renews a token that rotates; instead of token",
    )
    team_id: str | None = Field(
        default=None,
        pattern=r"^[TE][A-Z0-9]{2,30}$",
        description="the workspace, if the token is of a whole organisation",
    )

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.token is None) is (self.oauth is None):
            raise ValueError("set token, or for an app whose tokens rotate oauth")
        return self

    @property
    def oauth_client(self) -> OAuthClient | None:
        """What signs a person in, and renews a token that rotates."""
        if self.oauth is None:
            return None
        from dragoman.providers.slack.app_manifest import USER_SCOPES  # noqa: PLC0415 - few accounts sign in

        return self.oauth.client(scopes={"slack": USER_SCOPES}, ca_file=self.ca_file)

    @property
    def credential(self) -> tuple[object, ...]:
        """What tells the workspace of an account from that of another one."""
        return self.base_url, self.token, self.oauth and (self.oauth.client_id, self.oauth.refresh_token)

    def _inner(self) -> Authorize:
        client = self.oauth_client
        if client is None:
            return bearer(self.token or Secret("none"))
        from dragoman.transport.oauth.session import OAuthSession  # noqa: PLC0415 - few tokens rotate

        return OAuthSession(client)

    def authorize(self) -> Authorize:
        """The token; one that is none for reading and writing is refused, whatever Slack would say of it."""
        inner = self._inner()

        async def authorize(refused: bool) -> str:  # noqa: FBT001 - the shape of Authorize
            value = await inner(refused)
            for mark, reason in _REFUSED.items():
                if f" {mark}" in value:
                    raise Unauthenticated(reason, hint="Set `token` to a bot (xoxb-) or user token (xoxp-) of an app.")
            return value

        return authorize
