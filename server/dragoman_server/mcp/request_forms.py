"""Forms of requests that are as good as the right one, and sentences for those that are not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, cast

import mcp_types as types
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dragoman.core.safe_text import SafeText, join, sentence, unquoted

_MOST_TOLD: Final = 3
_LONGEST_ARGUMENTS: Final = 16 << 20
_KINDS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "string_type": "has to be a text",
    "int_type": "has to be a whole number",
    "float_type": "has to be a number",
    "bool_type": "has to be true or false",
    "dict_type": "has to be an object",
    "model_type": "has to be an object",
    "model_attributes_type": "has to be an object",
    "list_type": "has to be a list",
    "literal_error": "is none of the values there are",
    "enum": "is none of the values there are",
    "extra_forbidden": "is not known here",
}


async def accept_forms(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Take the arguments of a tool as JSON text too, and say in plain words what is wrong with a request."""
    if ctx.method == "tools/call" and isinstance(ctx.params, Mapping):
        text = ctx.params.get("arguments")
        if isinstance(text, str) and len(text) <= _LONGEST_ARGUMENTS:
            ctx = replace(ctx, params={**ctx.params, "arguments": _object_of(text)})
    try:
        return await call_next(ctx)
    except ValidationError as error:
        raise MCPError(code=types.INVALID_PARAMS, message=_sentence(ctx.method, error)) from None


def _object_of(text: str) -> dict[str, Any]:
    """The arguments of a call, which several models write as one JSON text."""
    try:
        found: object = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise MCPError(
            code=types.INVALID_PARAMS, message='The arguments of a tool are a JSON object, such as {"limit": 20}.'
        )
    return cast("dict[str, Any]", found)


def _sentence(method: str, error: ValidationError) -> SafeText:
    told = dict.fromkeys(_mistakes(error))
    return sentence("The parameters of {} are wrong: {}.", method, join(told, "; ", most=_MOST_TOLD))


def _mistakes(error: ValidationError) -> Iterator[SafeText]:
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        yield sentence("{} {}", _place(detail), unquoted(_KINDS.get(detail["type"], "is not as it has to be")))


def _place(detail: ErrorDetails) -> str:
    """The member that is wrong; pydantic also names the models that it tried."""
    steps = [str(step) for step in detail["loc"] if not (isinstance(step, str) and step[:1].isupper())]
    named = [step for step in steps if step != "params"]
    return ".".join(named or steps or ["params"])
