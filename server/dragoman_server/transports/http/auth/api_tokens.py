"""API tokens, which this server makes and knows by their hash.

A token is 256 random bits: nothing can be guessed or looked up, so that one round of SHA-256 is all a hash needs.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from dragoman.toolset import Principal
from dragoman_server.config.auth import TokenSettings

PREFIX: Final = "dragoman_"
_BYTES: Final = 32


def create_token() -> str:
    """Make a token of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def hash_token(token: str) -> str:
    """Return the hash that the settings keep of a token."""
    return f"sha256:{sha256(token.encode('utf-8', 'surrogatepass')).hexdigest()}"


class ApiTokens:
    """The tokens of the settings."""

    def __init__(self, settings: Mapping[str, TokenSettings]) -> None:
        """Read the principal and the scopes of each token."""
        self._known = [(token.hash, _principal(name, token), token.scopes) for name, token in settings.items()]

    def find(self, token: str) -> tuple[Principal, tuple[str, ...]] | None:
        """Return the principal and the scopes of a token. Takes the same time for every token, known or not."""
        given = hash_token(token)
        found = None
        for known, principal, scopes in self._known:
            if hmac.compare_digest(known, given):
                found = principal, scopes
        return found


def _principal(name: str, token: TokenSettings) -> Principal:
    accounts = None if token.accounts is None else frozenset(token.accounts)
    return Principal(name=name, email=token.email, accounts=accounts, writes="write" in token.scopes)
