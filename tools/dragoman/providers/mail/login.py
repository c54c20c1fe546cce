"""How a mailbox is signed in to, the same for reading and sending."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dragoman.core.errors import Unauthenticated
from dragoman.providers.mail.settings import MailSettings

if TYPE_CHECKING:
    from dragoman.transport.oauth.client import OAuthClient
    from dragoman.transport.oauth.session import OAuthSession


@dataclass(frozen=True, slots=True)
class Login:
    """A name and what proves it.

    Attributes:
        kind: Whether ``value`` is a password or an OAuth access token.
    """

    user: str
    kind: Literal["password", "token"]
    value: str = field(repr=False)


class Credentials:
    """Finds out how to sign in."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._client = settings.oauth_client
        self._session: OAuthSession | None = None

    async def get(self, *, refused: bool = False) -> Login:
        """The login.

        Args:
            refused: The server refused the last one.

        Raises:
            Unauthenticated: There is none, or none other.
        """
        user = self._settings.user or self._settings.address
        if self._client is not None:
            return Login(user, "token", await self._signed_in(self._client).access_token(refused=refused))
        secret, kind = self._settings.token, "token"
        if secret is None:
            secret, kind = self._settings.password, "password"
        if secret is None:
            raise Unauthenticated("The account has no password.", hint="Add `password` to the account.")
        if refused:
            secret.invalidate()
        return Login(user, "token" if kind == "token" else "password", await secret.reveal())

    def _signed_in(self, client: OAuthClient) -> OAuthSession:
        """The session that reading and sending share."""
        from dragoman.transport.oauth.session import OAuthSession  # noqa: PLC0415 - only where OAuth is used

        self._session = self._session or OAuthSession(client)
        return self._session
