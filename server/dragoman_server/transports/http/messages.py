"""From a request to its message before the SDK has read it, and from the message back to its request after."""

from __future__ import annotations

from typing import Any, cast

import pydantic_core
from mcp.server.context import ServerRequestContext
from starlette.types import Scope


def message_in(body: bytes) -> dict[str, Any]:
    """The JSON-RPC message that a body is; empty when it is none.

    It is read as the SDK reads what belongs to sessions, so that nobody can show us one message and the SDK another.
    """
    try:
        message = pydantic_core.from_json(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", message) if isinstance(message, dict) else {}


def is_request(message: dict[str, Any]) -> bool:
    """Does it ask for something; notifications and answers do not."""
    return "method" in message and "id" in message


def scope_of(ctx: ServerRequestContext[Any, Any]) -> Scope:
    """The scope of the very request that brought a message.

    Raises:
        LookupError: None did.
    """
    scope: Scope | None = getattr(ctx.request, "scope", None)
    if scope is None:
        raise LookupError("a message that no request brought")
    return scope
