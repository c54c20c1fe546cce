"""The settings of an account over HTTP that has a token, or signs in with OAuth."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from dragoman.core.errors import Unauthenticated
from dragoman.providers.kit.app_setup import AppSetup
from dragoman.providers.kit.settings import HttpAddress
from dragoman.transport.credentials import Authorize, Secret, bearer
from dragoman.transport.oauth.client import OAuthClient
from dragoman.transport.oauth.settings import OAuthSettings


class OAuthAccount(HttpAddress):
    """Base of such settings: exactly one of the two is given.

    Class attributes:
        app: The app that gives the token: which scopes a person is asked for, and which tokens are of no use.
    """

    token: Secret | None = Field(default=None, description="secret API key")
    oauth: OAuthSettings | None = Field(
        default=None,
        description="signs in as a person with `dragoman login`, or renews a token that rotates; instead of token",
    )

    app: ClassVar[AppSetup]

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.token is None) is (self.oauth is None):
            raise ValueError("set token, or for an app whose tokens rotate oauth")
        return self

    @property
    def oauth_client(self) -> OAuthClient | None:
        """The OAuth session: signs a person in, and renews a token that rotates."""
        if self.oauth is None:
            return None
        return self.oauth.client(scopes=self.app.oauth_scopes(), ca_file=self.ca_file)

    @property
    def credential(self) -> tuple[object, ...]:
        """A fingerprint of an account's identity."""
        return self.base_url, self.token, self.oauth and (self.oauth.client_id, self.oauth.refresh_token)

    def authorize(self) -> Authorize:
        """The token, as a bearer; one of a kind that is of no use is refused."""
        inner = self._bearer()

        async def authorize(refused: bool) -> str:  # noqa: FBT001 - the shape of Authorize
            value = await inner(refused)
            useless = self.app.refusal_of(value.removeprefix("Bearer "))
            if useless is not None:
                raise Unauthenticated(useless.reason, hint=useless.hint)
            return value

        return authorize

    def _bearer(self) -> Authorize:
        client = self.oauth_client
        if client is None:
            return bearer(self.token or Secret("none"))
        from dragoman.transport.oauth.session import OAuthSession  # noqa: PLC0415 - few tokens rotate

        return OAuthSession(client)
