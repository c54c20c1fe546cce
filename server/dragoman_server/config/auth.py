"""The tables ``[auth...]`` of the settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from dragoman_server.config.http import web_url
from dragoman_server.config.setting_rules import ADDRESS

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures with a key pair; HMAC and ``none`` are never accepted."""

_HASH: Final = re.compile(r"sha256:[0-9a-f]{64}")
_USUAL: Final[tuple[Algorithm, ...]] = ("RS256", "PS256", "ES256", "EdDSA")


class TokenSettings(BaseModel):
    """A token that ``dragoman token`` made.

    Attributes:
        hash: What is kept of it.
        scopes: What it is good for; ``write`` is nothing without ``read``.
        accounts: The only accounts it opens; absent is all.
        email: Whom services are asked to act for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    # "plain" tells the fast start which values are good, so that it need not load this model.
    hash: str = Field(json_schema_extra={"plain": "sha256:[0-9a-f]{64}"})
    scopes: tuple[Literal["read", "write"], ...] = ("read",)
    accounts: tuple[str, ...] | None = None
    email: str | None = None

    @field_validator("hash")
    @classmethod
    def _made_by_us(cls, value: str) -> str:
        if not _HASH.fullmatch(value):
            raise ValueError("must be what `dragoman token NAME` prints, sha256: and 64 hexadecimal digits")
        return value


class OAuthSettings(BaseModel):
    """An authorization server whose access tokens are taken.

    Attributes:
        issuer: Its address, as it stands in its tokens.
        audience: As which its tokens mean this server; ``public_url`` of ``[http]`` when absent.
        jwks_uri: Where its keys are; absent asks its metadata.
        algorithms: The only signatures that count.
        email_claim: Which claim holds the person's address.
        accounts: The only accounts there are for its people; absent is all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    issuer: str = Field(json_schema_extra={"plain": ADDRESS})
    audience: str | None = Field(default=None, min_length=1)
    jwks_uri: str | None = Field(default=None, json_schema_extra={"plain": ADDRESS})
    algorithms: tuple[Algorithm, ...] = Field(default=_USUAL, min_length=1)
    email_claim: str = "email"
    accounts: tuple[str, ...] | None = None

    @field_validator("issuer", "jwks_uri")
    @classmethod
    def _safe(cls, url: str | None) -> str | None:
        return None if url is None else web_url(url)


class AuthSettings(BaseModel):
    """Who may call over HTTP; with neither, everybody who reaches this machine's own address."""

    model_config = ConfigDict(frozen=True)

    tokens: Mapping[str, TokenSettings]
    oauth: OAuthSettings | None = None
