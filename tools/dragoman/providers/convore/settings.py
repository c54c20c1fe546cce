"""The settings of a Convore account."""

from __future__ import annotations

from pydantic import Field

from dragoman.providers.kit.settings import HttpAccount


class ConvoreSettings(HttpAccount):
    """An account of Convore. The service publishes one address, so only the key is needed."""

    provider: str = "convore"
    base_url: str = Field(default="https://api.convore.dev", description="address of the API")
