"""The ASGI application: the endpoint, its middleware, health checks and metadata."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from mcp.server.context import ServerMiddleware
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dragoman.accounts.workspace import Workspace
from dragoman_server.config.auth import AuthSettings
from dragoman_server.config.http import PATH, HttpSettings
from dragoman_server.transports.http.access_log import AccessLog
from dragoman_server.transports.http.asgi_app.content_negotiation import ContentNegotiation, single_answers
from dragoman_server.transports.http.asgi_app.cors import CorsMiddleware
from dragoman_server.transports.http.asgi_app.host_check import HostCheck
from dragoman_server.transports.http.asgi_app.plain_errors import PlainErrors
from dragoman_server.transports.http.asgi_app.sessions import Sessions, elicitation_until
from dragoman_server.transports.http.auth.middleware import metadata_routes, require_auth, with_principal
from dragoman_server.transports.http.auth.step_up import StepUp
from dragoman_server.transports.http.connection.admission import Admission, hold_slot
from dragoman_server.transports.http.connection.receipts import AnswerReceipts
from dragoman_server.transports.http.drain import Drain, Health

_HEALTH: Final = "/healthz"
_READINESS: Final = "/readyz"
_METRICS: Final = "/metrics"


def build_asgi_app(
    server: Server[Any],
    workspace: Workspace,
    settings: HttpSettings,
    *,
    auth: AuthSettings | None = None,
    drain: Drain | None = None,
) -> ASGIApp:
    """Build the ASGI application that serves MCP over HTTP in every protocol version.

    Unless the settings ask for sessions, each request stands alone, so that any process can answer.

    Args:
        server: Handles the messages; each message has its principal in a context variable.
        workspace: Its store has to work for the server to be ready.
        settings: The limits.
        auth: Who may call; ``None`` lets everybody who reaches the address.
        drain: Tells when the server is about to end.
    """
    drain = drain or Drain()
    server.middleware += _around_messages(settings, auth, drain)
    manager = _manager(server, settings)
    endpoint: ASGIApp = PlainErrors(manager.handle_request)
    if settings.sessions:
        endpoint = Sessions(endpoint, drain)
    endpoint = ContentNegotiation(AnswerReceipts(endpoint))
    if auth is not None and auth.oauth is not None:
        endpoint = StepUp(endpoint, settings, workspace)
    endpoint = Admission(endpoint, settings)
    if auth is not None:
        # Around the limits: a request without a valid token must not take the place of another one.
        endpoint = require_auth(endpoint, auth, settings)
    # Around authentication: browsers send a preflight request without credentials.
    endpoint = CorsMiddleware(endpoint, settings.allowed_origins, sessions=settings.sessions)
    health = Health(workspace, drain)
    metadata = metadata_routes(auth, settings) if auth is not None else []
    routes: list[BaseRoute] = [
        *metadata,
        Route(_HEALTH, health.alive),
        Route(_READINESS, health.ready),
        # Against DNS rebinding: the name of a web page may be made to lead to this machine.
        Route(PATH, HostCheck(endpoint, settings)),
    ]
    if settings.metrics:
        routes.append(Route(_METRICS, HostCheck(_metrics_page(workspace, settings, auth), settings)))
    application = Starlette(routes=routes, lifespan=lambda _: manager.run())
    paths = frozenset({_HEALTH, _READINESS, _METRICS, PATH, *(route.path for route in metadata)})
    return _normalize_path(AccessLog(application, drain, paths))


def _metrics_page(workspace: Workspace, settings: HttpSettings, auth: AuthSettings | None) -> ASGIApp:
    from dragoman_server.transports.http.asgi_app.metrics import MetricsPage  # noqa: PLC0415  # only where it is on

    page = MetricsPage(workspace, authenticated=auth is not None)
    return page if auth is None else require_auth(page, auth, settings)


def _normalize_path(app: ASGIApp) -> ASGIApp:
    """Serve ``/mcp/`` and ``//mcp`` as ``/mcp``.

    The router would redirect, to an address made of what this process sees. Behind a proxy clients know another one.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = "/" + "/".join(filter(None, scope["path"].split("/")))
            scope = {**scope, "path": path, "raw_path": quote(path).encode()}
        await app(scope, receive, send)

    return serve


def _manager(server: Server[Any], settings: HttpSettings) -> StreamableHTTPSessionManager:
    return StreamableHTTPSessionManager(
        app=server,
        stateless=not settings.sessions,
        max_request_body_size=settings.max_body,
        max_sessions=settings.max_sessions,
        session_idle_timeout=settings.session_idle_timeout,
    )


def _around_messages(settings: HttpSettings, auth: AuthSettings | None, drain: Drain) -> list[ServerMiddleware[Any]]:
    """Return the middleware of messages, outermost first; each tells handlers something about the HTTP request."""
    around: list[ServerMiddleware[Any]] = [] if auth is None else [with_principal]
    around += [hold_slot, single_answers]
    if settings.sessions:
        around.append(elicitation_until(drain.closed))
    return around
