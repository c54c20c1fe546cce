"""The settings of a Convore account."""

from __future__ import annotations

from pydantic import Field

from dragoman.providers.kit.settings import HttpAccount
from dragoman.transport.credentials import Secret


class ConvoreSettings(HttpAccount):
    """An account of Convore. The service publishes one address, so only the key is needed."""

    provider: str = "convore"
    base_url: str = Field(
        default="https://api.convore.dev",
        description="address of the API",
        json_schema_extra={"where": "Press Enter, unless your team has an address of its own."},
    )
    token: Secret = Field(
        description="secret API key",
        json_schema_extra={"where": "In Convore's console under API keys: the secret key, not the publishable one."},
    )
