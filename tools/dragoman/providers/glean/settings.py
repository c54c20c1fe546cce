"""The settings of a Glean account."""

from __future__ import annotations

import re
from typing import Final, Literal

from pydantic import Field, field_validator

from dragoman.providers.kit.settings import HttpAccount
from dragoman.transport.credentials import Secret

DATASOURCES: Final = ("SLACK", "SLACKENTGRID", "MICROSOFTTEAMS", "GCHAT", "FACEBOOKWORKPLACE")
PRINCIPAL: Final = "principal"
_EMAIL: Final = re.compile(r"[!-?A-~]+@[!-?A-~]+")  # printable ASCII with one @: it becomes a header


class GleanSettings(HttpAccount):
    """Settings of an account.

    The extra ``plain`` of a setting is a pattern that only good values fit, for a start that looks no further.
    """

    base_url: str = Field(
        description="the tenant's server, like https://acme-be.glean.com",
        json_schema_extra={
            "plain": r"https://[a-z0-9-]+(\.[a-z0-9-]+){1,8}",
            "where": 'In Glean\'s admin console under About Glean, as "server instance". It ends with -be.glean.com.',
        },
    )
    token: Secret = Field(
        description="a user's or global Glean token, or an OAuth token",
        json_schema_extra={
            "where": "In Glean under API tokens: one for the client API, with all scopes from SEARCH to CHAT."
        },
    )
    act_as: str | None = Field(
        default=None,
        description='e-mail of the user a global token acts for, or "principal" for who is signed in',
        json_schema_extra={"plain": r"principal|[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+"},
    )
    auth_type: Literal["oauth"] | None = Field(
        default=None, description='"oauth" for a token of another identity provider'
    )
    datasource: str = Field(
        default="SLACK",
        description=f"the chat system: {', '.join(DATASOURCES)}",
        json_schema_extra={"plain": "|".join(DATASOURCES)},
    )
    instance: str | None = Field(
        default=None, min_length=1, description="display name of the connector, where there are several"
    )
    workspace_id: str | None = Field(
        default=None, min_length=1, description="id of the workspace, where there are several"
    )

    @field_validator("act_as")
    @classmethod
    def _somebody(cls, value: str | None) -> str | None:
        if value is None or value == PRINCIPAL or _EMAIL.fullmatch(value):
            return value
        raise ValueError(f'act_as is an e-mail address or "{PRINCIPAL}"')

    @field_validator("datasource")
    @classmethod
    def _known_datasource(cls, value: str) -> str:
        if value.upper() not in DATASOURCES:
            raise ValueError(f"datasource is one of {', '.join(DATASOURCES)}")
        return value.upper()

    @property
    def personal(self) -> bool:
        """Whether it acts for whoever is signed in."""
        return self.act_as == PRINCIPAL

    @property
    def connector(self) -> str:
        """The name of the datasource in searches."""
        return self.datasource.lower()
