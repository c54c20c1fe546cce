"""The settings of an account that is reached over HTTP."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from dragoman.core.errors import DragomanError
from dragoman.providers.base.provider import AccountSettings
from dragoman.transport.credentials import Secret
from dragoman.transport.http import base_url_of


class HttpAccount(AccountSettings):
    """Base of such settings; a provider adds its own, and a default for ``base_url`` where there is one address."""

    base_url: str = Field(description="address of the API")
    token: Secret = Field(description="secret API key")
    ca_file: Path | None = Field(default=None, description="certificates to trust instead of the usual ones")

    @field_validator("base_url")
    @classmethod
    def _usable_address(cls, value: str) -> str:
        try:
            return base_url_of(value)
        except DragomanError as error:
            raise ValueError(str(error)) from None
