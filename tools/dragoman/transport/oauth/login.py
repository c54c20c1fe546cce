"""Signing in for an account, in the way that fits, and storing what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from dragoman.core.context.clock import current_clock
from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import sentence
from dragoman.transport.oauth.browser_login import PATIENCE, sign_in_with_browser
from dragoman.transport.oauth.client import OAuthClient
from dragoman.transport.oauth.device_login import DeviceCode, sign_in_with_device
from dragoman.transport.oauth.endpoints import with_endpoints
from dragoman.transport.oauth.session import digest_of, stored_tokens
from dragoman.transport.oauth.token_response import IssuedTokens, OAuthRefusal, error_of
from dragoman.transport.oauth.token_store import TokenStore

_UNTOLD: Final = frozenset(
    {"offline_access", "openid", "profile", "email"}
)  # servers leave these out of what they tell


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """The result of a sign-in.

    Attributes:
        place: Words for where the tokens are stored.
        missing: Scopes that were asked for and not granted.
        lasts: Does it renew itself, or end with the first access token.
    """

    place: str
    missing: tuple[str, ...]
    lasts: bool


async def sign_in(
    client: OAuthClient,
    show_address: Callable[[str], None],
    show_code: Callable[[DeviceCode], None],
    *,
    device: bool,
    port: int = 0,
    patience: float = PATIENCE,
) -> SignedIn:
    """Sign in and store the tokens.

    Args:
        client: What signs in.
        show_address: Called with the address for a browser of this machine.
        show_code: Called with the device code, where one is used.
        device: Use a device code even where a browser could sign in.
        port: Where the browser is sent back to on this machine; 0 takes a free port.
        patience: Seconds to wait for the browser.

    Raises:
        DragomanError: Nobody signed in, or it was refused.
    """
    try:
        client = await with_endpoints(client)
        issued = await _issued(client, show_address, show_code, device=device, port=port, patience=patience)
    except OAuthRefusal as refusal:
        raise error_of(refusal, client.server.label, client.account) from None
    seed = await client.refresh_token.reveal() if client.refresh_token is not None else ""
    tokens = replace(stored_tokens(issued, current_clock()), seed=digest_of(seed))
    store = TokenStore(client.entry)
    async with store.renewing():  # a renewal of the old sign-in must not replace this one
        place = await store.save(tokens)
    return SignedIn(place=place, missing=_missing(client, issued), lasts=bool(issued.refresh_token))


async def _issued(
    client: OAuthClient,
    show_address: Callable[[str], None],
    show_code: Callable[[DeviceCode], None],
    *,
    device: bool,
    port: int,
    patience: float,
) -> IssuedTokens:
    if not (client.server.authorize_url or client.server.device_url):
        raise InvalidArgument(
            sentence("{} has no sign-in that can be used here.", client.server.label),
            hint="Set `refresh_token` in `oauth` to one that you got there.",
        )
    if device or not client.server.authorize_url:
        return await sign_in_with_device(client, show_code)
    return await sign_in_with_browser(client, show_address, port=port, patience=patience)


def _missing(client: OAuthClient, issued: IssuedTokens) -> tuple[str, ...]:
    """Scopes that were not granted, where the server tells; it may name them in a shorter form."""
    granted = {_last_part(scope) for scope in issued.scope.replace(",", " ").split()}
    if not granted:
        return ()
    return tuple(it for it in client.scopes if it not in _UNTOLD and _last_part(it) not in granted)


def _last_part(scope: str) -> str:
    return scope.rstrip("/").rpartition("/")[2].casefold()
