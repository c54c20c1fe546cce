"""Resources, prompts and completion.

All of it is another way to what the tools give: a resource reads as the answer of a tool, a prompt
names the tools to use, and completion knows what needs no service to be asked.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import tzinfo
from typing import Any, Final

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from dragoman.core.errors import DragomanError, InvalidArgument, NotFound
from dragoman.core.model import Conversation
from dragoman.core.references import Reference
from dragoman.core.safe_text import join, safe, sentence
from dragoman.core.sanitize import clean_line
from dragoman.providers.base.provider import Capability
from dragoman.toolset import CallContext, Caller, Principal, ToolServices, call_tool, most_recent
from dragoman_server.mcp.addresses import CONVERSATION, MESSAGE, reference_of, uri_of
from dragoman_server.mcp.completions import completions
from dragoman_server.mcp.prompts import PROMPTS, PromptSpec

TIME_LIMIT: Final = 55.0
"""Seconds that reading a resource may take; several clients give up after 60."""

_MOST_COMPLETIONS: Final = 100
_MOST_RESOURCES: Final = 50
_LONGEST_TITLE: Final = 80
_TEXT: Final = "text/plain"

_log = logging.getLogger(__name__)

Context = ServerRequestContext[Any, Any]


class Resources:
    """The handlers of resources, prompts and completion, over one services."""

    def __init__(self, services: ToolServices, who: Callable[[Context], Caller]) -> None:
        """Keep the services, and the function that tells the caller."""
        self._services = services
        self._who = who

    def has(self, capability: Capability, principal: Principal | None = None) -> bool:
        """Whether any account of the principal offers it."""
        accounts = self._services.for_principal(principal).workspace.accounts.values()
        return any(account.supports(capability) for account in accounts)

    def prompts(self, principal: Principal | None = None) -> dict[str, PromptSpec]:
        """The prompts that have something to work on."""
        return {prompt.name: prompt for prompt in PROMPTS if self.has(prompt.needs, principal)}

    def templates(self, principal: Principal | None = None) -> list[types.ResourceTemplate]:
        """The templates of addresses that can be read."""
        forms = (
            (Capability.LIST_MESSAGES, CONVERSATION, "The last messages of a conversation, as list_messages."),
            (Capability.GET_MESSAGE, MESSAGE, "One message in full, as get_message."),
        )
        return [
            _template(uri.rpartition("{")[2].rstrip("}"), uri, words)
            for needed, uri, words in forms
            if self.has(needed, principal)
        ]

    async def list_resources(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """The conversations that are known without asking a service."""
        _one_page(params)
        async with _in_words():
            recent = await most_recent(self._call(ctx), _MOST_RESOURCES)
        return types.ListResourcesResult(resources=[_resource(one, self._services.zone) for one in recent])

    async def list_templates(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """Templates of the addresses of conversations and messages."""
        _one_page(params)
        # Templates of what no account can do would only lead to errors.
        return types.ListResourceTemplatesResult(resource_templates=self.templates(self._who(ctx).principal))

    async def read(self, ctx: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        """Read a resource: the answer of the tool for it."""
        async with _in_words(params.uri):
            reference = reference_of(params.uri)
            if reference.message is None:
                # Through the tool, so that permissions, the flow guard and the token budget hold here too.
                tool, arguments = "list_messages", {"conversation": str(reference)}
            else:
                tool, arguments = "get_message", {"message": str(reference)}
            answer = await call_tool(self._services, tool, arguments, self._who(ctx))
        content = types.TextResourceContents(uri=params.uri, mime_type=_TEXT, text=answer.text)
        return types.ReadResourceResult(contents=[content])

    async def list_prompts(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        """All prompts; there is only one page."""
        _one_page(params)
        return types.ListPromptsResult(prompts=[_prompt(spec) for spec in self._prompts(ctx).values()])

    async def get_prompt(self, ctx: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        """A prompt with its arguments in place."""
        # Clients send empty texts for fields that their user left open.
        spec, given = self._spec(ctx, params.name), params.arguments or {}
        unknown = sorted(given.keys() - spec.arguments.keys())
        missing = sorted(name for name in spec.required if not given.get(name, "").strip())
        if unknown or missing:
            wrong = sentence("has no argument {!r}", unknown[0]) if unknown else sentence("needs {}", join(missing))
            raise MCPError(
                code=types.INVALID_PARAMS,
                message=sentence("The prompt {} {}. Its arguments: {}.", spec.name, wrong, join(spec.arguments)),
            )
        words = types.TextContent(type="text", text=spec.words(given))
        message = types.PromptMessage(role="user", content=words)
        return types.GetPromptResult(description=spec.description, messages=[message])

    async def complete(self, ctx: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        """Complete an argument from known values that contain the typed text; no service is asked."""
        self._check(ctx, params)
        async with _in_words():
            values = await completions(self._call(ctx), params)
        # The protocol allows a hundred values.
        shown = values[:_MOST_COMPLETIONS]
        completion = types.Completion(values=shown, total=len(values), has_more=len(values) > len(shown))
        return types.CompleteResult(completion=completion)

    def _check(self, ctx: Context, params: types.CompleteRequestParams) -> None:
        """Refuse what is neither a prompt nor a template that the caller has."""
        if isinstance(params.ref, types.PromptReference):
            self._spec(ctx, params.ref.name)
            return
        there = [template.uri_template for template in self.templates(self._who(ctx).principal)]
        if params.ref.uri not in there:
            said = f"The resource templates are {' and '.join(there)}." if there else "There are no resource templates."
            raise MCPError(code=types.INVALID_PARAMS, message=said)

    def _prompts(self, ctx: Context) -> dict[str, PromptSpec]:
        return self.prompts(self._who(ctx).principal)

    def _spec(self, ctx: Context, name: str) -> PromptSpec:
        prompts = self._prompts(ctx)
        if name not in prompts:
            there = sentence("Prompts: {}.", join(prompts)) if prompts else safe("There are none.")
            raise MCPError(code=types.INVALID_PARAMS, message=sentence("Unknown prompt: {:60}. {}", name, there))
        return prompts[name]

    def _call(self, ctx: Context) -> CallContext:
        return CallContext(self._services, self._who(ctx), self._services.clock())


@asynccontextmanager
async def _in_words(uri: str | None = None) -> AsyncGenerator[None]:
    """Turn failures into errors of the protocol, in one sentence without a traceback."""
    data = None if uri is None else {"uri": uri}
    try:
        with anyio.fail_after(TIME_LIMIT):
            yield
    except (NotFound, InvalidArgument) as error:
        raise MCPError(code=types.INVALID_PARAMS, message=str(error), data=data) from None
    except DragomanError as error:
        raise MCPError(code=types.INTERNAL_ERROR, message=str(error), data=data) from None
    except TimeoutError:
        sentence = f"There was no answer within {TIME_LIMIT:g} seconds. Try again later."
        raise MCPError(code=types.INTERNAL_ERROR, message=sentence, data=data) from None
    # An error of the protocol is in words already.
    except MCPError:
        raise
    except Exception:  # noqa: BLE001  # the boundary: nothing of a crash may reach the client
        _log.exception("Reading beside the tools crashed.")
        sentence = "Internal error; it is logged on the server."
        raise MCPError(code=types.INTERNAL_ERROR, message=sentence, data=data) from None


def _one_page(params: types.PaginatedRequestParams | None) -> None:
    if params and params.cursor:
        raise MCPError(code=types.INVALID_PARAMS, message="Unknown cursor: this list has one page.")


def _resource(conversation: Conversation, zone: tzinfo) -> types.Resource:
    """A conversation in a picker, which looks for what is typed in name, description and address, not in the title."""
    reference = Reference(conversation.account, conversation.id)
    title = clean_line(conversation.title, _LONGEST_TITLE)
    last = conversation.last_message_at
    # Several pickers show the description alone.
    facts = [title, conversation.account, str(conversation.kind)]
    facts += [f"last message {last.astimezone(zone):%Y-%m-%d %H:%M}"] if last else []
    return types.Resource(
        uri=uri_of(reference),
        name=title or str(reference),
        title=title or None,
        description=" · ".join(fact for fact in facts if fact),
        mime_type=_TEXT,
    )


def _template(name: str, uri: str, description: str) -> types.ResourceTemplate:
    return types.ResourceTemplate(
        name=name, title=name.capitalize(), uri_template=uri, description=description, mime_type=_TEXT
    )


def _prompt(spec: PromptSpec) -> types.Prompt:
    arguments = [
        types.PromptArgument(name=name, title=one.title, description=one.description, required=name in spec.required)
        for name, one in spec.arguments.items()
    ]
    return types.Prompt(name=spec.name, title=spec.title, description=spec.description, arguments=arguments)
