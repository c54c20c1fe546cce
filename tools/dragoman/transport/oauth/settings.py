"""The setting ``oauth``: a ready authorization server by name, or the addresses of any other one.

::

    oauth = { provider = "google", client_id = "...", client_secret = { keyring = "mail-client" } }
    oauth = { provider = "microsoft", client_id = "...", tenant = "contoso.example" }
    oauth = { issuer = "https://id.example.com", client_id = "...", scopes = ["mail"] }
    oauth = "microsoft"                      # where the provider has settings of its own for the rest
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.transport.credentials import Secret
from dragoman.transport.oauth.client import GOOGLE, SLACK, AuthorizationServer, OAuthClient, endpoint_of, microsoft

Scope = Annotated[str, StringConstraints(pattern=r"^[!#-\[\]-~]{1,300}$")]
"""One scope, in the characters that RFC 6749 gives it."""

_ADDRESSES: Final = ("issuer", "authorize_url", "token_url", "device_url")
_EITHER: Final = "oauth names either a provider (google, microsoft, slack), or an issuer or a token_url"


class OAuthSettings(BaseModel):
    """The setting for accounts that sign in with OAuth."""

    # An error must not repeat a secret that was written in the wrong place.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    provider: Literal["google", "microsoft", "slack"] | None = Field(
        default=None, description="whose sign-in; absent for another one, which issuer or token_url name"
    )
    client_id: str = Field(
        default="", pattern=r"^[!-~]{0,500}$", description="the id of the client that you registered there"
    )
    client_secret: Secret | None = Field(default=None, description="the secret of that client, where it has one")
    tenant: str = Field(
        default="common", pattern=r"^[A-Za-z0-9.-]{1,100}$", description="of Microsoft: the id or domain of the tenant"
    )
    refresh_token: Secret | None = Field(
        default=None, description="a refresh token from elsewhere; absent after `dragoman login`"
    )
    issuer: str | None = Field(default=None, description="the address of the authorization server")
    authorize_url: str | None = Field(default=None, description="where a browser signs in")
    token_url: str | None = Field(default=None, description="where tokens are given")
    device_url: str | None = Field(default=None, description="where device codes are given")
    scopes: tuple[Scope, ...] = Field(default=(), max_length=50, description="other scopes than the usual ones")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: object) -> object:
        # The short form: a provider with a client of its own needs nothing but the name.
        return {"provider": value} if isinstance(value, str) else value

    @field_validator(*_ADDRESSES)
    @classmethod
    def _usable_address(cls, value: str | None) -> str | None:
        try:
            return None if value is None else endpoint_of(value)
        except DragomanError as error:
            raise ValueError(str(error).replace("base_url", "address")) from None

    @model_validator(mode="after")
    def _one_server(self) -> Self:
        named = any(getattr(self, key) is not None for key in _ADDRESSES)
        # Addresses beside a ready provider would be silently ignored, or send its secrets elsewhere.
        if named is (self.provider is not None) or not (self.provider or self.issuer or self.token_url):
            raise ValueError(_EITHER)
        return self

    def client(
        self,
        *,
        scopes: Mapping[str, Sequence[str]],
        client_id: str = "",
        tenant: str = "",
        user: str = "",
        ca_file: Path | None = None,
    ) -> OAuthClient:
        """The client that these settings describe.

        Args:
            scopes: What a provider needs, by the name of a ready server; the settings can name other scopes.
            client_id: One from the provider's own settings, where these name none.
            tenant: Likewise.
            user: Whom it signs in, such as an e-mail address.
            ca_file: PEM file of the authorities to trust instead of the usual ones.

        Raises:
            InvalidArgument: There is no client id.
        """
        if not (self.client_id or client_id):
            raise InvalidArgument(
                "OAuth needs the id of a client that you have registered.", hint="Set `client_id` in `oauth`."
            )
        return OAuthClient(
            server=self._server(tenant),
            client_id=self.client_id or client_id,
            client_secret=self.client_secret,
            scopes=self.scopes or tuple(scopes.get(self.provider or "", ())),
            user=user,
            refresh_token=self.refresh_token,
            ca_file=ca_file,
        )

    def _server(self, tenant: str) -> AuthorizationServer:
        if self.provider == "google":
            return GOOGLE
        if self.provider == "microsoft":
            return microsoft(tenant or self.tenant)
        if self.provider == "slack":
            return SLACK
        return AuthorizationServer(
            label=urlsplit(self.issuer or self.token_url or "").netloc,
            token_url=self.token_url or "",
            authorize_url=self.authorize_url or "",
            device_url=self.device_url or "",
            issuer=self.issuer or "",
        )
