"""The settings of an account over HTTP that has a token, or signs in with OAuth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, LiteralString, Self

from pydantic import Field, model_validator

from dragoman.core.errors import Unauthenticated
from dragoman.providers.kit.settings import HttpAddress
from dragoman.transport.credentials import Authorize, Secret, bearer
from dragoman.transport.oauth.client import OAuthClient
from dragoman.transport.oauth.settings import OAuthSettings


class OAuthAccount(HttpAddress):
    """Base of such settings: exactly one of the two is given.

    Class attributes:
        refused_tokens: Why tokens that begin so are of no use here; they are refused whatever the service would say.
        refusal_hint: Which token it has to be instead.
    """

    token: Secret | None = Field(default=None, description="secret API key")
    oauth: OAuthSettings | None = Field(
        default=None,
        description="signs in as a person with `dragoman login`, or renews a token that rotates; instead of token",
    )

    refused_tokens: ClassVar[Mapping[str, LiteralString]] = {}
    refusal_hint: ClassVar[LiteralString] = "Set `token` to another one."

    @classmethod
    def oauth_scopes(cls) -> Mapping[str, Sequence[str]]:
        """What somebody is asked for who signs in, by the provider of OAuth."""
        return {}

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.token is None) is (self.oauth is None):
            raise ValueError("set token, or for an app whose tokens rotate oauth")
        return self

    @property
    def oauth_client(self) -> OAuthClient | None:
        """What signs a person in, and renews a token that rotates."""
        if self.oauth is None:
            return None
        scopes = {provider: tuple(names) for provider, names in self.oauth_scopes().items()}
        return self.oauth.client(scopes=scopes, ca_file=self.ca_file)

    @property
    def credential(self) -> tuple[object, ...]:
        """What tells the identity of an account from that of another one."""
        return self.base_url, self.token, self.oauth and (self.oauth.client_id, self.oauth.refresh_token)

    def authorize(self) -> Authorize:
        """The token, as a bearer; one of a kind that is of no use is refused."""
        inner = self._bearer()

        async def authorize(refused: bool) -> str:  # noqa: FBT001 - the shape of Authorize
            value = await inner(refused)
            for beginning, reason in self.refused_tokens.items():
                if f" {beginning}" in value:
                    raise Unauthenticated(reason, hint=self.refusal_hint)
            return value

        return authorize

    def _bearer(self) -> Authorize:
        client = self.oauth_client
        if client is None:
            return bearer(self.token or Secret("none"))
        from dragoman.transport.oauth.session import OAuthSession  # noqa: PLC0415 - few tokens rotate

        return OAuthSession(client)
