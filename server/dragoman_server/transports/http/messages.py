"""Reads the JSON-RPC message of an HTTP request, and finds the request of a message."""

from __future__ import annotations

from typing import Any, cast

import pydantic_core
from mcp.server.context import ServerRequestContext
from starlette.types import Scope


def message_in(body: bytes) -> dict[str, Any]:
    """Parse a body as a JSON-RPC message; return an empty object when it is none.

    The parser is the SDK's own, so that both see the same message.
    """
    try:
        message = pydantic_core.from_json(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", message) if isinstance(message, dict) else {}


def is_request(message: dict[str, Any]) -> bool:
    """Return whether a message is a request; notifications and answers are not."""
    return "method" in message and "id" in message


def scope_of(ctx: ServerRequestContext[Any, Any]) -> Scope:
    """Return the ASGI scope of the request that brought a message.

    Raises:
        LookupError: None did.
    """
    scope: Scope | None = getattr(ctx.request, "scope", None)
    if scope is None:
        raise LookupError("a message that no request brought")
    return scope
