"""Signing in with a device code: somebody types a short code into any browser, on any machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from dragoman.core.context.clock import Clock, current_clock
from dragoman.core.errors import BadResponse, DeadlineExceeded, DragomanError, InvalidArgument, Unavailable
from dragoman.core.safe_text import sentence
from dragoman.transport.oauth.client import OAuthClient
from dragoman.transport.oauth.endpoints import post_form
from dragoman.transport.oauth.token_response import (
    IssuedTokens,
    OAuthRefusal,
    issued_tokens,
    seconds_of,
    text_of,
    token_of,
)
from dragoman.transport.url import base_url_of

_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL: Final = 5.0  # seconds between two questions, and what slow_down adds
_LONGEST_INTERVAL: Final = 60.0
_LIFE: Final = 900.0
_LONGEST_LIFE: Final = 1_800.0
_LONGEST_CODE: Final = 40
_EXPIRED: Final = frozenset({"expired_token", "bad_verification_code", "code_expired"})
# The word of RFC 8628, and that of Microsoft.
_DECLINED: Final = frozenset({"access_denied", "authorization_declined"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """Instructions for the user, with their time limit.

    Attributes:
        address: To be opened in a browser.
        user_code: To be typed there.
        device_code: What tokens are asked with.
        lifetime: Seconds that it lives.
        interval: Seconds between two questions.
    """

    address: str
    user_code: str
    device_code: str = field(repr=False)
    lifetime: float = _LIFE
    interval: float = _INTERVAL


async def sign_in_with_device(
    client: OAuthClient, show: Callable[[DeviceCode], None], *, clock: Clock | None = None
) -> IssuedTokens:
    """Wait until somebody has typed the code.

    Args:
        client: What signs in, with the addresses of its server.
        show: Called with what is to be done.
        clock: What waiting goes by.

    Raises:
        OAuthRefusal: The person or the server refuses.
        DragomanError: Nobody typed it, or no tokens come.
    """
    clock = clock or current_clock()
    code = await _device_code(client, clock)
    show(code)
    ends, interval = clock.monotonic() + code.lifetime, code.interval
    while clock.monotonic() + interval < ends:
        await clock.sleep(interval)
        try:
            return await _poll(client, code, clock)
        except OAuthRefusal as refusal:
            interval = _next_interval(refusal, interval)
        except (Unavailable, DeadlineExceeded):  # the network comes back, and the code is still good
            interval = min(interval * 2, _LONGEST_INTERVAL)
    raise _code_expired()


def _next_interval(refusal: OAuthRefusal, interval: float) -> float:
    """The polling interval after a pending answer, in seconds.

    Raises:
        OAuthRefusal: It is the end.
        DeadlineExceeded: The code has expired.
    """
    if refusal.code == "authorization_pending":
        return interval
    if refusal.code == "slow_down":
        return min(interval + _INTERVAL, _LONGEST_INTERVAL)
    if refusal.code in _EXPIRED:
        raise _code_expired() from None
    if refusal.code in _DECLINED:
        raise OAuthRefusal("access_denied", refusal.description) from None
    raise refusal


async def _device_code(client: OAuthClient, clock: Clock) -> DeviceCode:
    if not client.server.device_url:
        raise InvalidArgument(
            sentence("{} gives no device codes.", client.server.label), hint="Sign in with a browser instead."
        )
    form = {"scope": " ".join(client.scopes)} if client.scopes else {}
    members = await post_form(
        client, client.server.device_url, form, kind="read", operation="get a device code", clock=clock
    )
    # The second is Google's name for it.
    address = text_of(members, "verification_uri") or text_of(members, "verification_url")
    user_code, device_code = text_of(members, "user_code"), token_of(members, "device_code")
    if not (_is_page(address) and 0 < len(user_code) <= _LONGEST_CODE and device_code):
        raise BadResponse(
            sentence("{} gave no device code that can be used.", client.server.label),
            hint="Sign in with a browser instead.",
        )
    return DeviceCode(
        address=address,
        user_code=user_code,
        device_code=device_code,
        lifetime=seconds_of(members, "expires_in", _LIFE, most=_LONGEST_LIFE),
        interval=seconds_of(members, "interval", _INTERVAL, most=_LONGEST_INTERVAL),
    )


async def _poll(client: OAuthClient, code: DeviceCode, clock: Clock) -> IssuedTokens:
    form = {"grant_type": _GRANT, "device_code": code.device_code}
    members = await post_form(
        client, client.server.token_url, form, kind="read", operation="wait for the sign-in", clock=clock
    )
    return issued_tokens(members, client.server.label)


def _is_page(address: str) -> bool:
    """Whether it is an address that a user can be sent to: https, or this machine."""
    parts = urlsplit(address)
    try:
        base_url_of(f"{parts.scheme}://{parts.netloc}")
    except DragomanError:
        return False
    return " " not in address


def _code_expired() -> DeadlineExceeded:
    return DeadlineExceeded("The code has expired, and nobody had signed in with it.", hint="Begin the sign-in again.")
