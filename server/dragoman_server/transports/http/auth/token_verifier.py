"""From a bearer token to who has it."""

from __future__ import annotations

from typing import Any, Final

import jwt
from mcp.server.auth.provider import AccessToken, TokenVerifier
from pydantic import InstanceOf

from dragoman.toolset import Principal
from dragoman_server.config.auth import AuthSettings, OAuthSettings
from dragoman_server.transports.http.auth.api_tokens import Tokens
from dragoman_server.transports.http.auth.jwks import Keys

READ: Final = "messages:read"
WRITE: Final = "messages:write"
_LONGEST: Final = 16 << 10
_LEEWAY: Final = 30
_TYPES: Final = (None, "jwt", "at+jwt", "application/at+jwt")


class SignedIn(AccessToken):
    """A token that was found good, and whose it is."""

    principal: InstanceOf[Principal]


class Verifier(TokenVerifier):
    """Knows our own tokens, and those of the authorization server."""

    def __init__(self, settings: AuthSettings, resource: str, keys: Keys | None = None) -> None:
        """Fetch nothing yet.

        Args:
            settings: Who may call.
            resource: The address of this server, which tokens are made out to.
            keys: Of the authorization server.
        """
        self._resource = resource
        self._tokens = Tokens(settings.tokens)
        oauth = settings.oauth
        self._access = (
            None if oauth is None else AccessTokens(oauth, resource, keys or Keys(oauth.issuer, oauth.jwks_uri))
        )

    async def verify_token(self, token: str) -> AccessToken | None:
        """Whose token it is, ``None`` when it is not good.

        Raises:
            KeysUnavailable: That cannot be found out now.
        """
        if len(token) > _LONGEST:
            return None
        known = self._tokens.find(token)
        if known is not None:
            principal, scopes = known
            return SignedIn(
                token="", client_id=principal.name, scopes=[f"messages:{scope}" for scope in scopes],
                resource=self._resource, principal=principal,
            )  # fmt: skip
        return None if self._access is None else await self._access.verify(token)


class AccessTokens:
    """JWT access tokens (RFC 9068) of one issuer."""

    def __init__(self, settings: OAuthSettings, resource: str, keys: Keys) -> None:
        """Keep what tokens have to say."""
        self._settings = settings
        self._resource = resource
        self._keys = keys

    async def verify(self, token: str) -> SignedIn | None:
        """Whose token it is, ``None`` when it is not good.

        Raises:
            KeysUnavailable: The keys cannot be had now.
        """
        try:
            header = jwt.get_unverified_header(token)
            kid, kind = header.get("kid"), header.get("typ")
            if header.get("alg") not in self._settings.algorithms or not _is_access(kind):
                return None
            key = await self._keys.find(kid)
            return None if key is None else self._signed_in(self._claims(token, key))
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None

    def _claims(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        return jwt.decode(
            token,
            key=key,
            algorithms=list(self._settings.algorithms),
            audience=self._settings.audience or self._resource,
            issuer=self._settings.issuer,
            leeway=_LEEWAY,
            options={"require": ["exp", "aud", "iss"]},
        )

    def _signed_in(self, claims: dict[str, Any]) -> SignedIn | None:
        client = _text(claims.get("client_id")) or _text(claims.get("azp"))
        subject = _text(claims.get("sub")) or client
        if subject is None:
            return None
        scopes = _scopes(claims)
        accounts = self._settings.accounts
        principal = Principal(
            name=f"oauth:{subject}",  # a token's name has no colon
            email=self._email(claims),
            accounts=None if accounts is None else frozenset(accounts),
            writes=WRITE in scopes,
        )
        return SignedIn(
            token="", client_id=client or subject, scopes=scopes, expires_at=int(claims["exp"]) + _LEEWAY,
            resource=self._resource, subject=subject, claims={"iss": claims["iss"]}, principal=principal,
        )  # fmt: skip

    def _email(self, claims: dict[str, Any]) -> str | None:
        """The person's address, unless the issuer says that nobody has verified it."""
        return None if claims.get("email_verified") is False else _text(claims.get(self._settings.email_claim))


def _is_access(kind: object) -> bool:
    return (kind.lower() if isinstance(kind, str) else kind) in _TYPES


def _scopes(claims: dict[str, Any]) -> list[str]:
    """What ``scope`` says (RFC 9068), or ``scp``, as some servers call it; a text or a list."""
    said: object = claims.get("scope", claims.get("scp", ""))
    if isinstance(said, str):
        return said.split()
    return [scope for scope in said if isinstance(scope, str)] if isinstance(said, list) else []  # pyright: ignore[reportUnknownVariableType]  # a list of unknown values


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value and len(value) <= 512 and value.isprintable() else None  # noqa: PLR2004  # longer than any name
