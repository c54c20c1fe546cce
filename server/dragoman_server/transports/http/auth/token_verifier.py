"""From a bearer token to the principal that it stands for, or to the reason why it is refused."""

from __future__ import annotations

from typing import Any, Final

import jwt
from mcp.server.auth.provider import AccessToken
from pydantic import InstanceOf

from dragoman.toolset import Principal
from dragoman_server.config.auth import AuthSettings, OAuthSettings
from dragoman_server.transports.http.auth.api_tokens import ApiTokens
from dragoman_server.transports.http.auth.jwks import Keys

READ: Final = "messages:read"
WRITE: Final = "messages:write"
_LONGEST_TOKEN: Final = 16 << 10
_LONGEST_NAME: Final = 512
_LEEWAY: Final = 30
_TYPES: Final = (None, "jwt", "at+jwt", "application/at+jwt")
_SIGNATURE_ONLY: Final[dict[str, Any]] = dict.fromkeys(
    ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss", "verify_sub", "verify_jti"), False
)
_REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (jwt.ExpiredSignatureError, "its time is over"),
    (jwt.ImmatureSignatureError, "its time has not begun"),
    (jwt.InvalidAudienceError, "it is made out to another audience"),
    (jwt.InvalidIssuerError, "it is from another issuer"),
    (jwt.MissingRequiredClaimError, "it lacks a claim that it needs"),
    (jwt.InvalidSignatureError, "its signature is wrong"),
)


class SignedIn(AccessToken):
    """A token that was found good, and whose it is."""

    principal: InstanceOf[Principal]


class TokenRefused(Exception):
    """A token is not good.

    Attributes:
        who: The name of the principal, as far as a valid signature tells; else empty.
    """

    def __init__(self, reason: str, who: str = "") -> None:
        """Keep the reason, as a clause about the token; it never holds the token or parts of it."""
        super().__init__(reason)
        self.who = who


class Verifier:
    """Knows our own tokens, and those of the authorization server."""

    def __init__(self, settings: AuthSettings, resource: str, keys: Keys | None = None) -> None:
        """Fetch nothing yet.

        Args:
            settings: Who may call.
            resource: The address of this server, which tokens are made out to.
            keys: Of the authorization server.
        """
        self._resource = resource
        self._tokens = ApiTokens(settings.tokens)
        oauth = settings.oauth
        self._access = (
            None if oauth is None else AccessTokens(oauth, resource, keys or Keys(oauth.issuer, oauth.jwks_uri))
        )

    async def verify(self, token: str) -> SignedIn:
        """Return whose token it is.

        Raises:
            TokenRefused: It is not good.
            KeysUnavailable: That cannot be found out now.
        """
        # Before anything is parsed: whoever sends it has shown nothing yet.
        if len(token) > _LONGEST_TOKEN:
            raise TokenRefused("it is too long")
        # Our own tokens first: they need no other machine.
        found = self._tokens.find(token)
        if found is not None:
            principal, scopes = found
            return SignedIn(
                token="", client_id=principal.name, scopes=[f"messages:{scope}" for scope in scopes],
                resource=self._resource, principal=principal,
            )  # fmt: skip
        if self._access is None:
            raise TokenRefused("it is none of the tokens in the settings")
        return await self._access.verify(token)


class AccessTokens:
    """JWT access tokens (RFC 9068) of one issuer."""

    def __init__(self, settings: OAuthSettings, resource: str, keys: Keys) -> None:
        """Keep what tokens have to say."""
        self._settings = settings
        self._resource = resource
        self._keys = keys

    async def verify(self, token: str) -> SignedIn:
        """Return whose token it is.

        Raises:
            TokenRefused: It is not good.
            KeysUnavailable: The keys cannot be had now.
        """
        key = await self._key(token)
        try:
            claims = self._decode(token, key, {"require": ["exp", "aud", "iss", "sub"]})
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            # The log names a principal only where the signature is good: anybody may write any name.
            raise TokenRefused(_reason(error), self._signed_name(token, key)) from None
        return self._signed_in(claims)

    async def _key(self, token: str) -> jwt.PyJWK:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise TokenRefused(_reason(error)) from None
        # The header is chosen by the sender: without this check "none", or an ID token, would do.
        if header.get("alg") not in self._settings.algorithms or not _is_access_token(header.get("typ")):
            raise TokenRefused("its kind or its signature algorithm is not accepted")
        key = await self._keys.find(header.get("kid"))
        if key is None:
            raise TokenRefused("the issuer has no key of its id")
        return key

    def _decode(self, token: str, key: jwt.PyJWK, options: dict[str, Any]) -> dict[str, Any]:
        return jwt.decode(
            token,
            key=key,
            algorithms=list(self._settings.algorithms),
            audience=self._settings.audience or self._resource,
            issuer=self._settings.issuer,
            leeway=_LEEWAY,
            options=options,  # type: ignore[arg-type]  # a typed dict
        )

    def _signed_name(self, token: str, key: jwt.PyJWK) -> str:
        """Return the principal of a refused token, for the log; empty unless the signature is good."""
        try:
            return f"oauth:{_required_text(self._decode(token, key, _SIGNATURE_ONLY), 'sub')}"
        except (jwt.PyJWTError, ValueError, RecursionError, TokenRefused):
            return ""

    def _signed_in(self, claims: dict[str, Any]) -> SignedIn:
        subject = _required_text(claims, "sub")
        client, party = _optional_text(claims, "client_id"), _optional_text(claims, "azp")
        scopes = _scopes(claims)
        accounts = self._settings.accounts
        principal = Principal(
            name=f"oauth:{subject}",  # a token's name has no colon
            email=self._email(claims),
            accounts=None if accounts is None else frozenset(accounts),
            writes=WRITE in scopes,
        )
        return SignedIn(
            token="", client_id=client or party or subject, scopes=scopes, expires_at=int(claims["exp"]) + _LEEWAY,
            resource=self._resource, subject=subject, claims={"iss": claims["iss"]}, principal=principal,
        )  # fmt: skip

    def _email(self, claims: dict[str, Any]) -> str | None:
        """Return the person's address, unless the issuer says that nobody has verified it.

        Only the JSON value ``true`` says that it is verified; issuers that say nothing verify addresses themselves.
        """
        verified: object = claims.get("email_verified", True)
        if not isinstance(verified, bool):
            # The text "false" would count as true.
            raise TokenRefused("its claim email_verified is neither true nor false")
        address = _optional_text(claims, self._settings.email_claim)
        return address if verified else None


def _reason(error: Exception) -> str:
    known = (words for kind, words in _REASONS if isinstance(error, kind))
    return next(known, "it is no token that this server knows")


def _is_access_token(kind: object) -> bool:
    return (kind.lower() if isinstance(kind, str) else kind) in _TYPES


def _scopes(claims: dict[str, Any]) -> list[str]:
    """Return what ``scope`` says (RFC 9068), or ``scp``, as some servers call it; a text or a list."""
    value: object = claims.get("scope", claims.get("scp", ""))
    if isinstance(value, str):
        return value.split()
    return [scope for scope in value if isinstance(scope, str)] if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]  # a list of unknown values


def _required_text(claims: dict[str, Any], name: str) -> str:
    value = _optional_text(claims, name)
    if value is None:
        raise TokenRefused(f"its claim {name} is missing")
    return value


def _optional_text(claims: dict[str, Any], name: str) -> str | None:
    """Return a claim that names somebody; ``None`` when it is absent.

    Raises:
        TokenRefused: It is there and no printable text of bounded length. Taking another claim for it would make
            one principal of many people.
    """
    value: object = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_NAME or not value.isprintable():
        raise TokenRefused(f"its claim {name if name.isidentifier() else 'of the address'} is no plain text")
    return value
