"""An OAuth client as somebody registered it at an authorization server, with the scopes that it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from dragoman.core.context.instrumentation import account_name
from dragoman.transport.credentials import Secret

_DIGEST_LENGTH: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationServer:
    """Endpoints of an authorization server: sign-in and tokens.

    Attributes:
        label: Its name for people.
        token_url: Where tokens are given. Empty: the metadata of the issuer tell it and the other addresses.
        authorize_url: Where a browser signs in; empty where none can.
        device_url: Where a device code is given; empty where none is.
        issuer: The ``iss`` of its answers; empty where it is not known.
        names_issuer: Does every answer to a browser carry ``iss``.
        redirect_host: The name of this machine that it redirects browsers to.
        parameters: What a browser takes along beside the standard parameters.
        scope_parameter: The name under which it is asked for scopes.
        between_scopes: What stands between them.
    """

    label: str
    token_url: str = ""
    authorize_url: str = ""
    device_url: str = ""
    issuer: str = ""
    names_issuer: bool = False
    redirect_host: Literal["127.0.0.1", "localhost"] = "127.0.0.1"
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    scope_parameter: str = "scope"
    between_scopes: str = " "


GOOGLE: Final = AuthorizationServer(
    label="Google",
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106  # an address
    authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
    issuer="https://accounts.google.com",  # its device codes do not allow the scopes of mail and chat
    # Without both of them a second sign-in brings no refresh token.
    parameters=MappingProxyType({"access_type": "offline", "prompt": "consent"}),
)

SLACK: Final = AuthorizationServer(
    label="Slack",
    token_url="https://slack.com/api/oauth.v2.access",  # noqa: S106  # an address
    authorize_url="https://slack.com/oauth/v2/authorize",
    # To this machine only a person signs in, without the scopes of a bot.
    redirect_host="localhost",
    scope_parameter="user_scope",
    between_scopes=",",
)


def endpoint_of(address: str) -> str:
    """An address of an authorization server, checked; a slash at its end belongs to it.

    Raises:
        InvalidArgument: It is none, or plain http to another machine.
    """
    from dragoman.transport.url import base_url_of  # noqa: PLC0415  # brings the whole of HTTP, which few settings need

    return base_url_of(address) + ("/" if address.strip().endswith("/") else "")


def microsoft(tenant: str) -> AuthorizationServer:
    """The authorization server of Microsoft for a tenant: its id or domain, ``common``, ``organizations``."""
    base = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0"
    return AuthorizationServer(
        label="Microsoft",
        token_url=f"{base}/token",
        authorize_url=f"{base}/authorize",
        device_url=f"{base}/devicecode",
        redirect_host="localhost",  # the only form that a registration can name for any port
        parameters=MappingProxyType({"prompt": "select_account"}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """A registered client and what it asks for.

    Attributes:
        server: Where it is registered.
        client_id: Its public id.
        client_secret: Its secret, where it has one.
        scopes: What it asks for.
        user: Whom it signs in, as a hint; such as an e-mail address.
        refresh_token: One from the settings, used until a sign-in or a renewal brings another one.
        account: The name of the account, for sentences and for the name of what is stored.
        ca_file: PEM file of the authorities to trust instead of the usual ones.
    """

    server: AuthorizationServer
    client_id: str
    client_secret: Secret | None = None
    scopes: Sequence[str] = ()
    user: str = ""
    refresh_token: Secret | None = None
    account: str = field(default_factory=account_name.get)
    ca_file: Path | None = None

    @property
    def entry(self) -> str:
        """The name under which its tokens are stored; another client or user of the same account has another one."""
        # The issuer is known before its metadata tell where tokens are given.
        server = self.server.issuer.rstrip("/") or self.server.token_url
        # Tokens belong to all three: those of another client or person would be refused.
        parts = (server, self.client_id, self.user.casefold())
        digest = sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:_DIGEST_LENGTH]
        return f"{self.account or 'account'}.oauth.{digest}"

    def at(self, server: AuthorizationServer) -> OAuthClient:
        """The same client with the addresses of its server filled in."""
        return replace(self, server=server)
