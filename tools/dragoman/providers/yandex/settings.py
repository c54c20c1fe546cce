"""Settings of an account."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from dragoman.providers.base.provider import AccountSettings
from dragoman.providers.yandex import wire
from dragoman.transport.credentials import Secret

CREDENTIALS: Final = ("iam_token", "api_key", "service_account_key")
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class YandexSettings(AccountSettings):
    """The address, the folder, and exactly one kind of credentials."""

    target: Word = Field(default=wire.TARGET, description="host:port of the service, or of any other that speaks it")
    tls: bool = Field(default=True, description="off only for a service on this machine")
    ca_file: Path | None = Field(default=None, description="PEM file of the authorities to trust instead of the usual")
    folder_id: Word | None = Field(default=None, description="the folder whose threads are listed")
    iam_token: Secret | None = Field(
        default=None,
        description="an IAM token, best from a command that makes new ones",
        json_schema_extra={"where": "`yc iam create-token` prints one; it is good for 12 hours."},
    )
    api_key: Secret | None = Field(
        default=None,
        description="API key of a service account",
        json_schema_extra={"where": "`yc iam api-key create --service-account-name NAME` makes one."},
    )
    service_account_key: Secret | None = Field(
        default=None, description="authorized key of a service account: its JSON, or the path of the file with it"
    )
    iam_target: Word = Field(default=wire.IAM_TARGET, description="host:port where such a key is exchanged for tokens")
    assistant_id: Word | None = Field(default=None, description="the assistant that answers what is sent")

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if len(self.given_credentials()) != 1:
            raise PydanticCustomError(
                "one_credential", "exactly one of iam_token, api_key and service_account_key has to be given"
            )
        return self

    def given_credentials(self) -> list[str]:
        """The keys of the credentials that are there."""
        return [key for key in CREDENTIALS if getattr(self, key) is not None]
