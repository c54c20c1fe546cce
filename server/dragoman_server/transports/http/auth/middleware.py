"""Authentication of the endpoint, and the metadata that tells clients where to get a token."""

from __future__ import annotations

import logging
from typing import Any

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, RequireAuthMiddleware
from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from mcp.server.auth.settings import AuthSettings as SdkAuthSettings
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR
from pydantic import AnyHttpUrl
from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dragoman.toolset import Principal
from dragoman_server.config.auth import AuthSettings
from dragoman_server.config.http import HttpSettings
from dragoman_server.mcp.adapter import current_principal
from dragoman_server.transports.http.access_log import REFUSED, WHO
from dragoman_server.transports.http.auth.token_verifier import READ, WRITE, SignedIn, TokenRefused, Verifier
from dragoman_server.transports.http.errors import Refusal
from dragoman_server.transports.http.messages import scope_of

_log = logging.getLogger(__name__)


def require_auth(app: ASGIApp, settings: AuthSettings, http: HttpSettings) -> ASGIApp:
    """Wrap an endpoint so that it needs a token with the scope to read."""
    resource = AnyHttpUrl(http.url)
    backend = TokenBackend(Verifier(settings, http.url))
    metadata = build_resource_metadata_url(resource) if settings.oauth else None
    # Reading is the least that any request needs; tools ask for writing themselves.
    required = RequireAuthMiddleware(_NoteCaller(app), [READ], metadata)
    return AuthenticationMiddleware(AuthContextMiddleware(required), backend, on_error=_keys_unavailable)


def metadata_routes(settings: AuthSettings, http: HttpSettings) -> list[Route]:
    """Return the routes of the metadata (RFC 9728); there are none without an authorization server."""
    if settings.oauth is None:
        return []
    # The SDK's model keeps addresses as they stand; clients compare the issuer letter for letter.
    metadata = SdkAuthSettings.model_validate(
        {"issuer_url": settings.oauth.issuer, "resource_server_url": http.url, "validate_token_resource": True}
    )
    return create_protected_resource_routes(
        resource_url=AnyHttpUrl(http.url),
        authorization_servers=[metadata.issuer_url],
        scopes_supported=[READ, WRITE],
        resource_name="Dragoman",
    )


async def with_principal(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Handle a message as the principal of the HTTP request that brought it.

    The work of a session is done in tasks of its own, which outlive the request that opened it: only the message
    says whose it is. One that does not is not worked on, for without a principal everything would be allowed.
    """
    try:
        principal = principal_of(scope_of(ctx))
    except (LookupError, TypeError):
        _log.exception("A message came without a principal.")
        raise MCPError(code=INTERNAL_ERROR, message="The server cannot tell who asks.") from None
    before = current_principal.set(principal)
    try:
        return await call_next(ctx)
    finally:
        current_principal.reset(before)


class TokenBackend(AuthenticationBackend):
    """Authenticates requests by their bearer token, and leaves in their scope why one was refused."""

    def __init__(self, verifier: Verifier) -> None:
        """Keep the verifier."""
        self._verifier = verifier

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, AuthenticatedUser] | None:
        """Return who calls; ``None`` when the request has no good token.

        Raises:
            KeysUnavailable: That cannot be found out now.
        """
        kind, _, token = conn.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            conn.scope[REFUSED] = "it brought no bearer token"
            return None
        try:
            current_principal = await self._verifier.verify(token)
        except TokenRefused as refused:
            conn.scope[REFUSED] = f"the token is refused, {refused}"
            conn.scope[WHO] = refused.who or "-"
            return None
        return AuthCredentials(current_principal.scopes), AuthenticatedUser(current_principal)


class _NoteCaller:
    """Puts the name of the principal into the scope, for the access log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[WHO] = principal_of(scope).name
        await self._app(scope, receive, send)


def principal_of(scope: Scope) -> Principal:
    """Return who signed in with a request.

    Raises:
        TypeError: Nobody did, so that it should not have come this far.
    """
    user = scope["user"]
    if not (isinstance(user, AuthenticatedUser) and isinstance(user.access_token, SignedIn)):
        raise TypeError("a request without a principal came through the entrance")
    return user.access_token.principal


def _keys_unavailable(_connection: HTTPConnection, error: AuthenticationError) -> Response:
    # A client that is told 401 would throw its good token away.
    return Refusal(503, str(error), {"Retry-After": "5"}).response
