"""Between the toolset and MCP: tools, requests, answers, failures, progress.

What a model can act on becomes a result that is marked as an error; a crash is logged and becomes a
sentence without its text; only an unknown tool and a wrong request are errors of the protocol.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from typing import Any, Final, cast

import anyio
import mcp_types as types
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dragoman.accounts.account import Account
from dragoman.core.errors import DragomanError
from dragoman.core.safe_text import SafeText, join, sentence, unquoted
from dragoman.toolset import Caller, Principal, ToolServices, ToolSpec, UnknownTool, available_tools, call_tool
from dragoman_server.mcp import receipts, wording
from dragoman_server.mcp.call_slot import LONGEST, TIME_LIMIT, CallSlot
from dragoman_server.mcp.elicitation import InputRequired, elicitation_for
from dragoman_server.mcp.tool_list import ToolListChanges

CONCURRENT_CALLS: Final = 32
"""Calls at work at the same time; more of them wait, and their time runs."""

_LONGEST_NAME: Final = 80
_MOST_MISTAKES: Final = 3
_LONGEST_ARGUMENTS: Final = 16 << 20
_MISTAKES: Final[Mapping[str, str]] = {
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

current_principal: Final[ContextVar[Principal | None]] = ContextVar("current_principal", default=None)
"""The principal of the current request; ``None`` is the user of this machine, who may do everything."""

_log = logging.getLogger(__name__)

Context = ServerRequestContext[Any, Any]


def to_tool(spec: ToolSpec, accounts: Sequence[Account]) -> types.Tool:
    """A tool as MCP describes it, with every hint said: an unsaid one means the worst case.

    Args:
        spec: The tool.
        accounts: Those that it works on, for whoever asks.
    """
    named = names_of([account for account in accounts if account.offers(spec.capability)])
    open_world = any(account.provider_class.external for account in accounts)
    return types.Tool(
        name=spec.name,
        title=spec.title,
        description=wording.description(spec.name, spec.description, named),
        _meta={wording.SEARCH_HINT: wording.search_hint(spec.hint, named)},
        input_schema=spec.input_schema,
        annotations=types.ToolAnnotations(
            title=spec.title,
            read_only_hint=spec.read_only,
            destructive_hint=spec.destructive,
            idempotent_hint=spec.idempotent,
            open_world_hint=open_world,
        ),
    )


def names_of(accounts: Iterable[Account]) -> list[wording.Named]:
    """Account names with the service's name and what it is about."""
    return [
        (one.name, kind.service_name or kind.name, kind.about or kind.name)
        for one in accounts
        for kind in (one.provider_class,)
    ]


def to_failure(sentence: str) -> types.CallToolResult:
    """A failure that the model can act on."""
    return types.CallToolResult(content=[types.TextContent(type="text", text=sentence)], is_error=True)


class Adapter:
    """The handlers of one server, over one services."""

    def __init__(
        self,
        services: ToolServices,
        changes: ToolListChanges | None = None,
        *,
        time_limit: float = TIME_LIMIT,
        longest: float = LONGEST,
    ) -> None:
        """Work out the tools that can be called, which stay the same for as long as the accounts do.

        Args:
            services: What calls share.
            changes: Who hears that the list of tools changed; ``None`` where it cannot.
            time_limit: Seconds that a call may take.
            longest: Seconds that a call may take which reports progress.
        """
        self._services = services
        self._changes = changes
        self._time_limit = time_limit
        self._longest = longest
        self._specs = {spec.name: spec for spec in available_tools(services)}
        # One bound for all clients: what a call may use of memory is the process's.
        self._slots = anyio.Semaphore(CONCURRENT_CALLS, fast_acquire=True)

    async def list_tools(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        """All tools but those that no account turned out to be allowed to; there is only one page."""
        if params and params.cursor:
            raise MCPError(code=types.INVALID_PARAMS, message="Unknown cursor: the tool list has one page.")
        principal = current_principal.get()
        if self._changes is not None:
            self._changes.follow_connection(ctx, principal, has_list=True)
        return types.ListToolsResult(tools=self._tools_for(principal))

    def _tools_for(self, principal: Principal | None) -> list[types.Tool]:
        """The tools of a principal; descriptions name only its accounts."""
        accounts = list(self._services.for_principal(principal).workspace.accounts.values())
        return [to_tool(spec, accounts) for spec in available_tools(self._services, principal)]

    async def call_tool(
        self, ctx: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Run a tool within its time."""
        slot = CallSlot(self._slots, limit=self._time_limit, longest=self._longest)
        if self._changes is not None:
            self._changes.follow_connection(ctx, current_principal.get(), has_list=False)
        with slot.scope:
            async with slot:
                answer = await self._call(ctx, params, slot)
                # Answers of services tell what credentials may not do, and with it which tools there are.
                if self._changes is not None:
                    await self._changes.announce()
                return answer
        _log.warning("%s did not end in time.", params.name[:_LONGEST_NAME])
        return to_failure(self._too_late(params.name, slot))

    async def _call(
        self, ctx: Context, params: types.CallToolRequestParams, slot: CallSlot
    ) -> types.CallToolResult | types.InputRequiredResult:
        try:
            return await self.answer(ctx, params, slot)
        except InputRequired as question:
            return question.form
        except MCPError:
            raise
        except UnknownTool as error:
            raise MCPError(code=types.INVALID_PARAMS, message=str(error)) from None
        except DragomanError as error:
            return to_failure(str(error))
        except Exception:  # noqa: BLE001  # the boundary: nothing of a crash may reach the client
            _log.exception("%s crashed.", params.name[:_LONGEST_NAME])
            return to_failure("Internal error; it is logged on the server. Other calls still work.")

    async def answer(
        self, ctx: Context, params: types.CallToolRequestParams, slot: CallSlot
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Answer a call; :meth:`call_tool` turns exceptions into words."""
        spec = self._specs.get(params.name)
        leaves_nothing = spec is None or (spec.read_only and not spec.resumes)
        known = caller(ctx) if leaves_nothing else await self._reachable_caller(ctx, params, slot)
        answer = await call_tool(self._services, params.name, params.arguments or {}, known)
        # Text only, or JSON as both halves, because clients differ in which half the model sees.
        text = types.TextContent(type="text", text=answer.text)
        return types.CallToolResult(content=[text], structured_content=answer.data)

    async def _reachable_caller(self, ctx: Context, params: types.CallToolRequestParams, slot: CallSlot) -> Caller:
        """The caller of a tool that writes or resumes: how to ask them, and when they have the answer."""
        # The same write asked for again has to see that the first answer has arrived.
        await receipts.settled()
        # An agent may answer for minutes, which a client endures that hears of it; reading is repeated easily.
        may_go_on = self._writes(params.name) and "progress_token" in (ctx.meta or {})
        known = caller(ctx, slot if may_go_on else None)
        who = known.principal.name if known.principal else ""
        ask = elicitation_for(ctx, params, who, self._services.workspace.store, slot)
        answer = receipts.name_of_answer(ctx)
        return replace(known, ask=ask, when_delivered=partial(receipts.expect, answer) if answer is not None else None)

    def _writes(self, name: str) -> bool:
        return name in self._specs and not self._specs[name].read_only

    def _too_late(self, name: str, slot: CallSlot) -> str:
        said = f"There was no answer within {self._time_limit:g} seconds."
        # Where the time was extended, the number of seconds would be wrong.
        if slot.prolonged:
            said = "The answer took too long."
        # A read is repeated without harm; a write may have reached its service.
        if self._writes(name):
            return f"{said} The outcome is unknown: look with list_messages whether it happened before trying again."
        return f"{said} Try again, or ask for less."


def caller(ctx: Context, slot: CallSlot | None = None) -> Caller:
    """The caller, as the connection names it; each report of progress extends the call's time."""

    async def progress(done: int, text: str) -> None:
        if slot is not None:
            slot.extend()
        await ctx.session.report_progress(done, None, text)

    params = ctx.session.client_params
    name = params.client_info.name if params else ""
    # The name is the client's own, and goes to logs and the audit.
    return Caller(client=ascii(name[:_LONGEST_NAME])[1:-1], progress=progress, principal=current_principal.get())


async def accept_forms(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Take the arguments of a tool as JSON text too, and say in plain words what is wrong with a request."""
    if ctx.method == "tools/call" and isinstance(ctx.params, Mapping):
        text = ctx.params.get("arguments")
        # Several models write the arguments as JSON within a text.
        if isinstance(text, str) and len(text) <= _LONGEST_ARGUMENTS:
            ctx = replace(ctx, params={**ctx.params, "arguments": _object_of(text)})
    try:
        return await call_next(ctx)
    except ValidationError as error:
        raise MCPError(code=types.INVALID_PARAMS, message=describe_mistakes(ctx.method, error)) from None


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


def describe_mistakes(method: str, error: ValidationError) -> SafeText:
    """Describe the mistakes of a request, in plain words instead of pydantic's."""
    mistakes = dict.fromkeys(_mistakes(error))
    return sentence("The parameters of {} are wrong: {}.", method, join(mistakes, "; ", most=_MOST_MISTAKES))


def _mistakes(error: ValidationError) -> Iterator[SafeText]:
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        yield sentence("{} {}", _member(detail), unquoted(_MISTAKES.get(detail["type"], "is not as it has to be")))


def _member(detail: ErrorDetails) -> str:
    """The member that is wrong; pydantic also names the models that it tried."""
    steps = [str(step) for step in detail["loc"] if not (isinstance(step, str) and step[:1].isupper())]
    named = [step for step in steps if step != "params"]
    return ".".join(named or steps or ["params"])
