"""Parses answers of an authorization server without trust: tokens, a device code, or an error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from dragoman.core.errors import BadResponse, DragomanError, PermissionDenied, Unauthenticated, Unavailable
from dragoman.core.safe_text import SafeText, sentence, unquoted
from dragoman.transport.credentials import register_for_redaction
from dragoman.transport.error_mapping import quoted

_LONGEST_TOKEN: Final = 16_384  # characters
_LONGEST_CODE: Final = 64
_LONGEST_ADDRESS: Final = 2_000
_LONGEST_SCOPES: Final = 4_000
_DEFAULT_LIFE: Final = 3_600.0  # seconds, where the answer tells none
_LONGEST_LIFE: Final = 366 * 86_400.0
_AGAIN: Final = frozenset({"server_error", "temporarily_unavailable", "slow_down", "ratelimited", "internal_error"})
_WRONG_CLIENT: Final = frozenset({"invalid_client", "unauthorized_client", "invalid_client_id", "bad_client_secret"})
_NOT_ALLOWED: Final = frozenset({"access_denied", "invalid_scope", "admin_policy_enforced"})

ENDED: Final = frozenset(
    {
        "invalid_grant", "invalid_refresh_token", "token_revoked", "token_expired", "interaction_required",
        "login_required", "consent_required", "account_inactive",
    }
)  # fmt: skip
"""Codes that say that only a person can help, by signing in again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedTokens:
    """Tokens as they came.

    Attributes:
        access_token: What authorizes calls.
        refresh_token: What renews it; empty where none came.
        lifetime: Seconds that the access token lives.
        scope: What it allows; empty where the answer does not tell.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    lifetime: float = _DEFAULT_LIFE
    scope: str = ""


class OAuthRefusal(Exception):  # a refusal, which the caller branches on
    """An answer with an error code.

    Attributes:
        code: As the standard or the server names it; one word.
        description: The server's own words for it.
    """

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.description = description


def members_of(body: object) -> Mapping[str, object]:
    """The members of an answer.

    Raises:
        OAuthRefusal: It is an error; also with status 200, as some servers send it.
    """
    members = cast("dict[str, object]", body) if isinstance(body, dict) else {}
    error = members.get("error")
    if isinstance(error, str) and error:
        description = members.get("error_description")
        raise OAuthRefusal(error[:_LONGEST_CODE], description if isinstance(description, str) else "")
    return members


def issued_tokens(members: Mapping[str, object], label: str) -> IssuedTokens:
    """The tokens of an answer; they are registered for redaction.

    Raises:
        BadResponse: There is no access token, or one that cannot be sent.
    """
    person = members.get("authed_user")  # where Slack puts the tokens of a person, which may have no end
    life = _DEFAULT_LIFE
    if isinstance(person, dict) and "access_token" in person:
        members, life = cast("dict[str, object]", person), _LONGEST_LIFE
    kind = members.get("token_type")
    if isinstance(kind, str) and kind.lower() not in {"bearer", "user", "bot"}:  # the last two: Slack
        raise BadResponse(
            sentence("{} gave a token of a kind that is not known.", label), hint="Check `oauth` of this account."
        )
    access = token_of(members, "access_token")
    if not access:
        raise BadResponse(sentence("{} gave no access token.", label), hint="Try again; check `oauth` if it stays so.")
    scope = members.get("scope")
    return IssuedTokens(
        access_token=access,
        refresh_token=token_of(members, "refresh_token"),
        lifetime=seconds_of(members, "expires_in", life, most=_LONGEST_LIFE),
        scope=scope[:_LONGEST_SCOPES] if isinstance(scope, str) else "",
    )


def token_of(members: Mapping[str, object], name: str) -> str:
    """A token that can be sent in a header or a form, registered for redaction; empty where there is none."""
    value = members.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TOKEN:
        return ""
    if not value.isascii() or not value.isprintable() or " " in value:
        return ""
    register_for_redaction(value)
    return value


def seconds_of(members: Mapping[str, object], name: str, default: float, *, most: float) -> float:
    """A number of seconds within 1 and ``most``, also from a text; the default where it makes no sense."""
    value = members.get(name)
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return default
    return min(max(number, 1.0), most) if math.isfinite(number) and number > 0 else default


def text_of(members: Mapping[str, object], name: str) -> str:
    """A short printable text; empty where there is none."""
    value = members.get(name)
    plain = isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= _LONGEST_ADDRESS
    return value if plain and isinstance(value, str) else ""


def error_of(refusal: OAuthRefusal, label: str, account: str) -> DragomanError:
    """The error that a refusal is for people, with what to do next."""
    name, said = unquoted(label), quoted(refusal.description or refusal.code)
    if refusal.code in ENDED:
        return sign_in_needed(account)
    if refusal.code in _WRONG_CLIENT:
        return Unauthenticated(
            sentence("{} does not accept this client{}", name, said),
            hint="Check `client_id` and `client_secret` in `oauth` of this account.",
        )
    if refusal.code in _NOT_ALLOWED:
        return PermissionDenied(
            sentence("{} does not allow what was asked for{}", name, said), hint="Ask its administrator to allow it."
        )
    if refusal.code in _AGAIN:
        return Unavailable(sentence("{} gives no tokens now{}", name, said), hint="Try again in a few minutes.")
    return Unauthenticated(sentence("{} gives no token{}", name, said), hint=_login_hint(account))


def sign_in_needed(account: str) -> Unauthenticated:
    """There is no valid sign-in."""
    return Unauthenticated(
        sentence(
            "There is no valid sign-in for this account; run `dragoman login {}` in a terminal.",
            unquoted(account or "ACCOUNT"),
        )
    )


def _login_hint(account: str) -> SafeText:
    return sentence("Run `dragoman login {}` in a terminal.", unquoted(account or "ACCOUNT"))
