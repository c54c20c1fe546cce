"""What somebody says who sets up an account of parcels."""

import tomllib
from pathlib import Path

PARCEL = """
from typing import Literal

from pydantic import Field, model_validator

from dragoman.core.errors import Unauthenticated
from dragoman.core.model import Page
from dragoman.providers.base.provider import AccountSettings, Provider
from dragoman.transport.credentials import Secret


class ParcelSettings(AccountSettings):
    depot: str = Field(
        description="where the depot is", pattern="^depot-", json_schema_extra={"where": "Above the depot's door."}
    )
    token: Secret = Field(description="what opens it", json_schema_extra={"where": "Under the depot's mat."})
    shelves: int = Field(default=3, ge=1, description="how many shelves")
    fragile: bool = False
    colour: Literal["red", "blue"] = "red"
    note: str | None = None

    @model_validator(mode="after")
    def _never(self):
        if self.depot == "depot-never" and self.shelves > 3:
            raise ValueError("depot-never has three shelves")
        return self


class Parcel(Provider):
    name = "parcel"
    about = "parcels and what comes with them"
    Settings = ParcelSettings

    async def list_conversations(self, query):
        if await self.settings.token.reveal() != "sk-right-one":
            raise Unauthenticated("The depot stays shut.", hint="Bring the right token.")
        return Page(items=[])
"""
PARCELS = ["--provider", "parcel", "--set", "depot=depot-1"]


def written(file: Path) -> dict[str, object]:
    return tomllib.loads(file.read_text(encoding="utf-8"))["accounts"]
