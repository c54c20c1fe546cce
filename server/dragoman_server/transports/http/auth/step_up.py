"""Answers a write with a read-only access token by the scope that the client has to get.

As "Runtime Insufficient Scope Errors" of the authorization part of MCP has it. Whoever has a token of our own has
nowhere to get another one, and hears from the tool.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from mcp.server.auth.routes import build_resource_metadata_url
from pydantic import AnyHttpUrl
from starlette.types import ASGIApp, Receive, Scope, Send

from dragoman.accounts.workspace import Workspace
from dragoman.toolset import Principal, ToolServices, available_tools
from dragoman_server.config.http import HttpSettings
from dragoman_server.transports.http.auth.token_verifier import READ, WRITE, SignedIn
from dragoman_server.transports.http.connection.admission import BODY
from dragoman_server.transports.http.errors import Refusal
from dragoman_server.transports.http.messages import message_in


class StepUp:
    """Refuses calls of writing tools by tokens that may only read, and names the scope that is missing."""

    def __init__(self, app: ASGIApp, settings: HttpSettings, workspace: Workspace) -> None:
        """Keep the address of the metadata that names the authorization server."""
        self._app = app
        self._services = ToolServices(workspace)
        self._metadata = build_resource_metadata_url(AnyHttpUrl(settings.url))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        token = scope["user"].access_token
        # A token of the settings has no authorization server that could give another one.
        if not isinstance(token, SignedIn) or token.subject is None or token.principal.writes:
            await self._app(scope, receive, send)
            return
        message = message_in(scope[BODY])
        # An answer may be the yes to a write that waits for it.
        if "result" in message or _tool(message) in self._writing(token.principal):
            await self._refusal.response(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _writing(self, principal: Principal) -> set[str]:
        """Return the tools that would write if the principal had the scope."""
        return {
            spec.name for spec in available_tools(self._services, replace(principal, writes=True)) if not spec.read_only
        }

    @property
    def _refusal(self) -> Refusal:
        said = f'Bearer error="insufficient_scope", scope="{READ} {WRITE}", resource_metadata="{self._metadata}"'
        sentence = f"This token may only read; writing needs one with the scope {WRITE}."
        return Refusal(403, sentence, {"WWW-Authenticate": f'{said}, error_description="{sentence}"'})


def _tool(message: dict[str, Any]) -> str | None:
    """Return the tool that a message calls; ``None`` when it calls none."""
    params = message.get("params")
    if message.get("method") != "tools/call" or not isinstance(params, dict):
        return None
    name = cast("dict[str, Any]", params).get("name")
    return name if isinstance(name, str) else None
