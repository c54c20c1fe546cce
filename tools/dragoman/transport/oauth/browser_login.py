"""Signing in with a browser: an authorization code with PKCE, brought back to this machine."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

import anyio

from dragoman.core.errors import BadResponse, DeadlineExceeded, OutcomeUnknown, Unavailable
from dragoman.core.safe_text import sentence
from dragoman.transport.credentials import register_for_redaction
from dragoman.transport.oauth.client import AuthorizationServer, OAuthClient
from dragoman.transport.oauth.endpoints import post_form
from dragoman.transport.oauth.redirect_listener import listen_for_redirect
from dragoman.transport.oauth.token_response import IssuedTokens, OAuthRefusal, issued_tokens, members_of

PATIENCE: Final = 600.0
"""Seconds that somebody has for signing in."""


@dataclass(frozen=True, slots=True)
class _Redirect:
    """The expected redirect: parameters of one answer, and nobody else's.

    Attributes:
        server: Whose answer it has to be.
        state: Proves that an answer belongs to this sign-in.
        verifier: Proves to the server that the code is used by whom it was asked.
    """

    server: AuthorizationServer
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)
    arrived: anyio.Event = field(default_factory=anyio.Event)
    parameters: dict[str, str] = field(default_factory=dict[str, str], repr=False)

    def take(self, parameters: Mapping[str, str]) -> bool:
        """Keep the first answer that carries our state."""
        state = parameters.get("state", "").encode("utf-8", "replace")
        # Compared in constant time, so that nobody finds the state letter by letter.
        if self.arrived.is_set() or not hmac.compare_digest(state, self.state.encode()):
            return False
        self.parameters.update(parameters)
        self.arrived.set()
        return True

    def code(self) -> str:
        """The authorization code that came.

        Raises:
            OAuthRefusal: An error came instead.
            BadResponse: The answer is of another server, or holds no code.
        """
        # RFC 9207: a code of one server must never be given to another, whoever mixed them up.
        issuer, named = self.server.issuer.rstrip("/"), self.parameters.get("iss", "").rstrip("/")
        if (issuer and named and named != issuer) or (self.server.names_issuer and not named):
            raise BadResponse(
                sentence("The answer of the browser is not one of {}.", self.server.label),
                hint="Begin the sign-in again, from the terminal.",
            )
        members_of(dict(self.parameters))
        code = self.parameters.get("code", "")
        if not code or not code.isprintable():
            raise BadResponse(sentence("{} sent no code.", self.server.label), hint="Begin the sign-in again.")
        register_for_redaction(code)
        return code

    def address(self, client: OAuthClient, redirect_uri: str) -> str:
        """The address that the browser opens."""
        # RFC 7636 leaves the padding out.
        challenge = base64.urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        parameters = {
            **self.server.parameters,
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": redirect_uri,
            "state": self.state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if client.scopes:
            parameters[self.server.scope_parameter] = self.server.between_scopes.join(client.scopes)
        if client.user:
            parameters["login_hint"] = client.user
        return f"{self.server.authorize_url}?{urlencode(parameters)}"


async def sign_in_with_browser(
    client: OAuthClient, show: Callable[[str], None], *, port: int = 0, patience: float = PATIENCE
) -> IssuedTokens:
    """Wait until somebody has signed in with a browser.

    Args:
        client: What signs in, with the addresses of its server.
        show: Called with the address to open.
        port: Where the browser is sent back to on this machine; 0 takes a free port.
        patience: Seconds to wait.

    Raises:
        OAuthRefusal: The person or the server refuses.
        DragomanError: Nobody signs in, or no tokens come.
    """
    redirect = _Redirect(client.server)
    register_for_redaction(redirect.verifier)
    redirect_uri = ""
    with anyio.move_on_after(patience):
        async with listen_for_redirect(client.server.redirect_host, port, redirect.take) as redirect_uri:
            show(redirect.address(client, redirect_uri))
            await redirect.arrived.wait()
    if not redirect.arrived.is_set():
        raise DeadlineExceeded(
            sentence("Nobody signed in within {:.0f} minutes.", patience / 60), hint="Begin the sign-in again."
        )
    return await _exchange(client, redirect, redirect_uri)


async def _exchange(client: OAuthClient, redirect: _Redirect, redirect_uri: str) -> IssuedTokens:
    """Exchange the code for tokens; it works once."""
    form = {
        "grant_type": "authorization_code",
        "code": redirect.code(),
        "redirect_uri": redirect_uri,
        "code_verifier": redirect.verifier,
    }
    try:
        # A write, because a code is good once: it must not be sent again after its answer was lost.
        members = await post_form(client, client.server.token_url, form, kind="write", operation="sign in")
    except OutcomeUnknown:
        raise Unavailable(
            sentence("{} took the code, but its answer is lost.", client.server.label), hint="Begin the sign-in again."
        ) from None
    except OAuthRefusal as refusal:  # not the end of an old sign-in: the code was not taken
        raise OAuthRefusal("sign_in_refused", refusal.description or refusal.code) from None
    return issued_tokens(members, client.server.label)
