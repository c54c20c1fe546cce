"""The resources, prompts and completions that the suite asks for."""

from __future__ import annotations

import json
import re
from typing import Any

import mcp_types as types
from mcp import MCPError
from tests.conformance.fixture_questions import form, given, needed
from tests.conformance.fixture_tools import IMAGE, PNG, embedded

from dragoman.core.errors import NotFound
from dragoman_server.mcp.resources import _in_words

_TEMPLATE = re.compile(r"test://template/([^/]+)/data")
_PROMPTS = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    "test_input_required_result_prompt": (),
}


async def list_resources(_ctx: Any, _params: Any) -> types.ListResourcesResult:
    """What can be read without knowing more."""
    words = types.Resource(
        uri="test://static-text", name="Text", description="A text that stays.", mime_type="text/plain"
    )
    image = types.Resource(
        uri="test://static-binary", name="Image", description="An image that stays.", mime_type="image/png"
    )
    return types.ListResourcesResult(resources=[words, image])


async def list_templates(_ctx: Any, _params: Any) -> types.ListResourceTemplatesResult:
    """What can be read by its number."""
    template = types.ResourceTemplate(
        uri_template="test://template/{id}/data",
        name="Data",
        description="By its number.",
        mime_type="application/json",
    )
    return types.ListResourceTemplatesResult(resource_templates=[template])


async def read(_ctx: Any, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    """Read one; failures are worded as the product's."""
    async with _in_words(params.uri):
        return types.ReadResourceResult(contents=[_contents(params.uri)])


def _contents(uri: str) -> types.TextResourceContents | types.BlobResourceContents:
    if uri == "test://static-binary":
        return types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)
    if uri == "test://static-text":
        words = "This is the content of the static text resource."
        return types.TextResourceContents(uri=uri, mime_type="text/plain", text=words)
    if found := _TEMPLATE.fullmatch(uri):
        data = {"id": found[1], "templateTest": True, "data": f"Data for ID: {found[1]}"}
        return types.TextResourceContents(uri=uri, mime_type="application/json", text=json.dumps(data))
    raise NotFound("There is no such resource.", hint="Read one that resources/list names.")


async def watch(_ctx: Any, _params: Any) -> types.EmptyResult:
    """Take an order for changes of a resource, or its end; nothing changes here."""
    return types.EmptyResult()


async def list_prompts(_ctx: Any, _params: Any) -> types.ListPromptsResult:
    """All prompts."""
    return types.ListPromptsResult(
        prompts=[
            types.Prompt(
                name=name,
                description=f"The suite's {name}.",
                arguments=[types.PromptArgument(name=argument, required=True) for argument in arguments],
            )
            for name, arguments in _PROMPTS.items()
        ]
    )


async def get_prompt(_ctx: Any, params: types.GetPromptRequestParams) -> Any:
    """One prompt with its arguments in place."""
    if params.name not in _PROMPTS:
        raise MCPError(code=types.INVALID_PARAMS, message=f"Unknown prompt: {params.name}")
    arguments = params.arguments or {}
    if params.name == "test_input_required_result_prompt":
        return _asked(params)
    if params.name == "test_prompt_with_arguments":
        return _said(f"Prompt with arguments: arg1='{arguments['arg1']}', arg2='{arguments['arg2']}'")
    if params.name == "test_prompt_with_embedded_resource":
        resource = embedded(arguments["resourceUri"], "Embedded resource content for testing.")
        return _said("Please process the embedded resource above.", resource)
    if params.name == "test_prompt_with_image":
        return _said("Please analyze the image above.", IMAGE)
    return _said("This is a simple prompt for testing.")


def _asked(params: types.GetPromptRequestParams) -> Any:
    answers = given(params, "user_context")
    if not answers:
        return needed({"user_context": form("What context should the prompt use?", context={"type": "string"})})
    return _said(f"The context is {(answers[0].content or {}).get('context')}.")


def _said(words: str, *before: Any) -> types.GetPromptResult:
    contents = [*before, types.TextContent(type="text", text=words)]
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content) for content in contents])


async def complete(_ctx: Any, params: types.CompleteRequestParams) -> types.CompleteResult:
    """Words that begin with what was typed."""
    values = [word for word in ("paris", "park", "party") if word.startswith(params.argument.value)]
    return types.CompleteResult(completion=types.Completion(values=values, total=len(values), has_more=False))


async def set_level(_ctx: Any, _params: Any) -> types.EmptyResult:
    """Take a level; without a session there is no other request that it could hold for."""
    return types.EmptyResult()


HANDLERS: dict[str, Any] = {
    "on_list_resources": list_resources,
    "on_list_resource_templates": list_templates,
    "on_read_resource": read,
    "on_subscribe_resource": watch,
    "on_unsubscribe_resource": watch,
    "on_list_prompts": list_prompts,
    "on_get_prompt": get_prompt,
    "on_completion": complete,
    "on_set_logging_level": set_level,
}
