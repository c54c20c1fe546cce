"""Access tokens of one account: renewed before they end, by one process at a time, and stored before they are used."""

from __future__ import annotations

import logging
from dataclasses import replace
from hashlib import sha256
from typing import Final

import anyio

from dragoman.core.context.clock import Clock, current_clock
from dragoman.core.errors import DragomanError
from dragoman.transport.oauth.client import OAuthClient
from dragoman.transport.oauth.endpoints import post_form, with_endpoints
from dragoman.transport.oauth.token_response import (
    ENDED,
    IssuedTokens,
    OAuthRefusal,
    error_of,
    issued_tokens,
    sign_in_needed,
)
from dragoman.transport.oauth.token_store import StoredTokens, TokenStore

_MARGIN: Final = 300.0  # seconds of a token's life that are not used; of a short life half
_log = logging.getLogger(__name__)


class OAuthSession:
    """Authorizes the calls of one account; an ``Authorize`` of :mod:`dragoman.transport.credentials`.

    Args:
        client: What was signed in.
        clock: What the life of tokens goes by.
    """

    def __init__(self, client: OAuthClient, clock: Clock | None = None) -> None:
        self._client = client
        self._clock = clock or current_clock()
        self._store = TokenStore(client.entry)
        self._lock = anyio.Lock()
        self._tokens: StoredTokens | None = None
        self._renew_at = 0.0
        self._renewals = 0
        self._refused: set[str] = set()

    async def __call__(self, refused: bool) -> str:  # noqa: FBT001 - the shape of Authorize
        """The value of the authorization; ``refused``: the last one was not accepted."""
        return f"Bearer {await self.access_token(refused=refused)}"

    async def access_token(self, *, refused: bool = False) -> str:
        """A token that is valid for a while yet.

        Args:
            refused: The last one was not accepted; get another.

        Raises:
            Unauthenticated: There is no sign-in, or it has ended; the sentence names the command that signs in.
            DragomanError: There is no token now.
        """
        # Counted before waiting: whoever renews meanwhile has done it for this call too.
        before = self._renewals
        async with self._lock:
            # Calls that were refused together wait for one new token, not each for its own.
            stale = refused and self._renewals == before
            if stale or self._tokens is None or self._clock.monotonic() >= self._renew_at:
                await self._renew(self._tokens.access_token if stale and self._tokens else "")
            return self._tokens.access_token if self._tokens else ""

    async def _renew(self, refused: str) -> None:
        """Take what another process has renewed in the meantime, or else renew; ``refused`` is no good any more."""
        async with self._store.renewing():
            known = await self._stored_tokens()
            if known.access_token and known.access_token != refused and self._seconds_left(known) > 0:
                self._use(known)
                return
            # A server that sees a dead token again and again may lock the client out.
            if not known.refresh_token or digest_of(known.refresh_token) in self._refused:
                raise sign_in_needed(self._client.account)
            # A new refresh token must not get lost, because the old one may have ended with the answer.
            with anyio.CancelScope(shield=True):
                await self._exchange(known)

    async def _exchange(self, known: StoredTokens) -> None:
        try:
            issued = await self._refreshed(known.refresh_token)
        except OAuthRefusal as refusal:
            # Only what can never work again is remembered; a busy server may say yes next time.
            if refusal.code in ENDED:
                self._refused.add(digest_of(known.refresh_token))
            raise error_of(refusal, self._client.server.label, self._client.account) from None
        tokens = stored_tokens(issued, self._clock, before=known)
        try:
            await self._store.save(tokens)
        except DragomanError as error:
            _log.warning("%s Until this program ends, the sign-in goes on without.", error.message)
        self._use(tokens)

    async def _refreshed(self, refresh_token: str) -> IssuedTokens:
        client = await with_endpoints(self._client, self._clock)
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        members = await post_form(
            client, client.server.token_url, form, kind="read", operation="renew the sign-in", clock=self._clock
        )
        return issued_tokens(members, client.server.label)

    async def _stored_tokens(self) -> StoredTokens:
        """The newest tokens: those in memory, in the store, or the refresh token of the settings."""
        given = self._client.refresh_token
        seed = await given.reveal() if given is not None else ""
        stored = await self._store.load()
        # Memory may be ahead of a store that could not be written, and behind another process.
        newest = max((it for it in (stored, self._tokens) if it), key=lambda it: it.saved_at, default=None)
        # A new refresh token in the settings counts more than anything that came of the old one.
        if newest is not None and newest.seed == digest_of(seed):
            return newest
        return StoredTokens(refresh_token=seed, seed=digest_of(seed))

    def _use(self, tokens: StoredTokens) -> None:
        self._tokens = tokens
        self._renew_at = self._clock.monotonic() + self._seconds_left(tokens)
        self._renewals += 1

    def _seconds_left(self, tokens: StoredTokens) -> float:
        """Seconds for which an access token is still used, by the clock of this machine."""
        return tokens.renew_at - self._clock.wall()


def stored_tokens(issued: IssuedTokens, clock: Clock, *, before: StoredTokens | None = None) -> StoredTokens:
    """New tokens as they are stored; a refresh token that was not replaced goes on."""
    before = before or StoredTokens()
    return replace(
        before,
        refresh_token=issued.refresh_token or before.refresh_token,
        access_token=issued.access_token,
        # A short life would end within the margin, so half of it is used.
        renew_at=clock.wall() + max(issued.lifetime - _MARGIN, issued.lifetime / 2),
        scope=issued.scope or before.scope,
        saved_at=clock.wall(),
    )


def digest_of(token: str) -> str:
    """A fingerprint of a token; empty for none."""
    return token and sha256(token.encode("utf-8", "replace")).hexdigest()[:16]
