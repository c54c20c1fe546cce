"""The tools that ask the client something back, in both eras.

Up to 2025-11-25 they send a request while the call waits, which needs a session. From 2026-07-28 on
they end the call with the questions, and are called again with the answers.
"""

from __future__ import annotations

from typing import Any

import mcp_types as types
from mcp.shared.message import ServerMessageMetadata
from tests.conformance.fixture_tools import Fixture, schema, text, tool

from dragoman.core.errors import InvalidArgument

QUESTIONS: dict[str, Fixture] = {}

DEFAULTS = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}
_FEW = ["option1", "option2", "option3"]
_TITLED = [{"const": f"value{number}", "title": f"Choice {number}"} for number in (1, 2, 3)]
CHOICES = {
    "untitledSingle": {"type": "string", "enum": _FEW},
    "titledSingle": {"type": "string", "oneOf": _TITLED},
    "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"]},
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": _FEW}},
    "titledMulti": {"type": "array", "items": {"anyOf": _TITLED}},
}


def form(message: str, **properties: object) -> types.ElicitRequest:
    """A question to the user."""
    params = types.ElicitRequestFormParams(message=message, requested_schema=schema(**properties))
    return types.ElicitRequest(params=params)


def sample(words: str, most: int = 100) -> types.CreateMessageRequest:
    """A question to the client's model."""
    message = types.SamplingMessage(role="user", content=types.TextContent(type="text", text=words))
    return types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=[message], max_tokens=most))


NAME = form("What is your name?", name={"type": "string"})
ROOTS = types.ListRootsRequest()


def needed(questions: dict[str, Any], state: str | None = None) -> types.InputRequiredResult:
    """The end of a call that has questions."""
    return types.InputRequiredResult(input_requests=questions, request_state=state)


def given(params: Any, *names: str) -> list[Any]:
    """The answers of these names; empty unless all are there."""
    answers = params.input_responses or {}
    return [answers[name] for name in names] if all(name in answers for name in names) else []


def _value(answer: Any, name: str) -> str:
    return str((getattr(answer, "content", None) or {}).get(name, ""))


async def _sent(ctx: Any, message: str, properties: dict[str, Any]) -> types.CallToolResult:
    if not ctx.session.can_send_request:
        raise InvalidArgument(
            "The client cannot be asked without a session.", hint="Open one, or use a later protocol version."
        )
    answer = await ctx.session.elicit_form(message, schema(**properties), related_request_id=ctx.request_id)
    return text(f"Elicitation completed: action={answer.action}, content={answer.content}")


@tool("test_elicitation", QUESTIONS, schema(message={"type": "string"}))
async def _elicit(ctx: Any, params: Any) -> Any:
    """Ask the user for a name and an address."""
    asked = {"username": {"type": "string"}, "email": {"type": "string"}}
    return await _sent(ctx, str((params.arguments or {}).get("message")), asked)


@tool("test_elicitation_sep1034_defaults", QUESTIONS)
async def _defaults(ctx: Any, _params: Any) -> Any:
    """Ask the user with a default for each kind of value."""
    return await _sent(ctx, "Are these right?", DEFAULTS)


@tool("test_elicitation_sep1330_enums", QUESTIONS)
async def _choices(ctx: Any, _params: Any) -> Any:
    """Ask the user to choose, in every way that there is."""
    return await _sent(ctx, "Which of these?", CHOICES)


@tool("test_sampling", QUESTIONS, schema(prompt={"type": "string"}))
async def _sampling(ctx: Any, params: Any) -> Any:
    """Ask the client's model."""
    if not ctx.session.can_send_request:
        raise InvalidArgument(
            "The client cannot be asked without a session.", hint="Open one, or use a later protocol version."
        )
    request = sample(str((params.arguments or {}).get("prompt")))
    # On the stream of the call, because nobody has to have another one open.
    here = ServerMessageMetadata(related_request_id=ctx.request_id)
    answer = await ctx.session.send_request(request, types.CreateMessageResult, metadata=here)
    return text(f"LLM response: {answer.content}")


@tool("test_streaming_elicitation", QUESTIONS)
async def _streaming(ctx: Any, params: Any) -> Any:
    """Report progress, then ask."""
    await ctx.session.report_progress(1, 2, "about to ask")
    return text("Asked.") if given(params, "user_name") else needed({"user_name": NAME})


@tool("test_input_required_result_elicitation", QUESTIONS)
async def _ask_name(_ctx: Any, params: Any) -> Any:
    """Ask for a name."""
    answers = given(params, "user_name")
    name = _value(answers[0], "name") if answers else ""
    return text(f"Hello, {name}!") if name else needed({"user_name": NAME})


@tool("test_input_required_result_sampling", QUESTIONS)
async def _ask_model(_ctx: Any, params: Any) -> Any:
    """Ask the client's model."""
    answers = given(params, "capital_question")
    if not answers:
        return needed({"capital_question": sample("What is the capital of France?")})
    return text(f"The model said: {answers[0].content.text}")


@tool("test_input_required_result_list_roots", QUESTIONS)
async def _ask_roots(_ctx: Any, params: Any) -> Any:
    """Ask for the client's roots."""
    answers = given(params, "client_roots")
    if not answers:
        return needed({"client_roots": ROOTS})
    return text("Roots: " + ", ".join(str(root.uri) for root in answers[0].roots))


async def _confirm(_ctx: Any, params: Any) -> Any:
    """Ask for a confirmation, with a state that nobody can change on the way."""
    if given(params, "confirm") and params.request_state == "asked":
        return text("state-ok")
    return needed({"confirm": form("Please confirm", ok={"type": "boolean"})}, "asked")


tool("test_input_required_result_request_state", QUESTIONS)(_confirm)
tool("test_input_required_result_tampered_state", QUESTIONS)(_confirm)


@tool("test_input_required_result_multiple_inputs", QUESTIONS)
async def _ask_all(_ctx: Any, params: Any) -> Any:
    """Ask three things at once."""
    questions = {"user_name": NAME, "greeting": sample("Generate a greeting", 50), "client_roots": ROOTS}
    answers = given(params, *questions)
    if not answers:
        return needed(questions, "asked")
    return text(f"{answers[1].content.text} {_value(answers[0], 'name')}, {len(answers[2].roots)} roots")


@tool("test_input_required_result_multi_round", QUESTIONS)
async def _ask_twice(_ctx: Any, params: Any) -> Any:
    """Ask one thing after the other."""
    if params.request_state == "second" and given(params, "step2"):
        return text(f"Done: {_value(given(params, 'step2')[0], 'color')}")
    if params.request_state == "first" and given(params, "step1"):
        return needed({"step2": form("Step 2: What is your favorite color?", color={"type": "string"})}, "second")
    return needed({"step1": form("Step 1: What is your name?", name={"type": "string"})}, "first")


@tool("test_input_required_result_capabilities", QUESTIONS)
async def _ask_who_can(ctx: Any, _params: Any) -> Any:
    """Ask only what the client says it can answer."""
    can = ctx.session.client_capabilities or types.ClientCapabilities()
    questions: dict[str, Any] = {}
    if can.elicitation is not None:
        questions["user_name"] = NAME
    if can.sampling is not None:
        questions["greeting"] = sample("Generate a greeting", 50)
    return needed(questions) if questions else text("There is nobody to ask.")
