"""The settings of the local account."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from dragoman.providers.base.provider import AccountSettings


class LocalSettings(AccountSettings):
    """An account whose messages are in a file of ours. It may be written to, and is searched where it is."""

    provider: str = "local"
    write: Literal["off", "confirm", "allow"] = Field(default="allow", description="may messages be written here")
    remember: Literal["full", "numbers", "off"] = "numbers"
    path: Path | None = Field(
        default=None, description="the file; default dragoman.db in the data folder, which DRAGOMAN_DATA moves"
    )
    name: str = Field(default="me", min_length=1, max_length=200, description="the author of what is sent")
