"""The settings of a Datagrid account."""

from __future__ import annotations

from pydantic import Field

from dragoman.providers.kit.settings import HttpAccount
from dragoman.transport.credentials import Secret


class DatagridSettings(HttpAccount):
    """An account of Datagrid. ``timeout`` holds for an agent's answer only when it is set; they take their time."""

    provider: str = "datagrid"
    base_url: str = Field(
        default="https://api.datagrid.com/v1",
        description="address of the API, with its version",
        json_schema_extra={"where": "Press Enter, unless you reach Datagrid at another address."},
    )
    token: Secret = Field(description="API key", json_schema_extra={"where": "In Datagrid's settings under API keys."})
    teamspace: str | None = Field(
        default=None,
        min_length=1,
        pattern=r"^[!-~]+$",
        description="id of the teamspace; default that of the key. Keys of a whole organization ignore it",
    )
    agent_id: str | None = Field(
        default=None,
        min_length=1,
        description="id of the agent that answers; default those of the conversation",
    )
