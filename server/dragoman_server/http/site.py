"""Everything that is served, as one ASGI application."""

from __future__ import annotations

from typing import Any, Final

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from dragoman.workspace import Workspace
from dragoman_server.http.access import Access
from dragoman_server.http.admission import Admission
from dragoman_server.http.auth_settings import AuthSettings
from dragoman_server.http.entrance import guarded, metadata_routes
from dragoman_server.http.hosts import HostCheck
from dragoman_server.http.lifecycle import Drain, Health
from dragoman_server.http.pages import Pages
from dragoman_server.http.settings import PATH, HttpSettings
from dragoman_server.http.step_up import StepUp

_HEALTH: Final = "/healthz"
_READINESS: Final = "/readyz"


def site(
    server: Server[Any],
    workspace: Workspace,
    settings: HttpSettings,
    *,
    auth: AuthSettings | None = None,
    drain: Drain | None = None,
) -> ASGIApp:
    """Put a server on the web; both eras of the protocol, without sessions, so that any process can answer.

    Args:
        server: What answers.
        workspace: Whose store has to open for the server to be ready.
        settings: The bounds.
        auth: Who may call; ``None`` is everybody who can.
        drain: Tells when the server is about to end.
    """
    drain = drain or Drain()
    manager = StreamableHTTPSessionManager(app=server, stateless=True, max_request_body_size=settings.max_body)
    health = Health(workspace, drain)
    answers: ASGIApp = manager.handle_request
    if auth is not None and auth.oauth is not None:
        answers = StepUp(answers, settings, workspace)
    endpoint: ASGIApp = Admission(answers, settings)
    if auth is not None:
        endpoint = guarded(endpoint, auth, settings)
    metadata = metadata_routes(auth, settings) if auth is not None else []
    routes: list[BaseRoute] = [
        *metadata,
        Route(_HEALTH, health.alive),
        Route(_READINESS, health.ready),
        Route(PATH, HostCheck(Pages(endpoint, settings.allowed_origins), settings)),
    ]
    application = Starlette(routes=routes, lifespan=lambda _: manager.run())
    return Access(application, drain, frozenset({_HEALTH, _READINESS, PATH, *(route.path for route in metadata)}))
