"""The settings of a Convore account."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from dragoman.providers.base.provider import AccountSettings
from dragoman.transport.credentials import Secret


class ConvoreSettings(AccountSettings):
    """An account of Convore. The service publishes one address, so only the key is needed."""

    provider: str = "convore"
    base_url: str = Field(default="https://api.convore.dev", description="address of the API")
    token: Secret = Field(description="secret API key")
    ca_file: Path | None = Field(default=None, description="certificates to trust instead of the usual ones")
