"""Between the toolset and MCP: tools, answers, failures, progress.

What a model can act on becomes a result that is marked as an error; a crash is logged and becomes a
sentence without its text; only an unknown tool is an error of the protocol.
"""

from __future__ import annotations

import logging
from typing import Any, Final

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from dragoman.errors import DragomanError
from dragoman.text import Answer
from dragoman.toolset import Caller, Desk, ToolSpec, UnknownTool, call_tool, listed
from dragoman_server.signed_in import signed_in

TIME_LIMIT: Final = 55.0
"""Seconds that a call may take; several clients give up after 60."""

CONCURRENT_CALLS: Final = 32
"""Calls at work at the same time; more of them wait, and their time runs."""

_LONGEST_NAME: Final = 80

_log = logging.getLogger(__name__)

Context = ServerRequestContext[Any, Any]


def to_tool(spec: ToolSpec, *, open_world: bool) -> types.Tool:
    """A tool as MCP describes it, with every hint said: an unsaid one means the worst case."""
    return types.Tool(
        name=spec.name,
        title=spec.title,
        description=spec.description,
        input_schema=spec.input_schema,
        annotations=types.ToolAnnotations(
            title=spec.title,
            read_only_hint=spec.read_only,
            destructive_hint=spec.destructive,
            idempotent_hint=spec.idempotent,
            open_world_hint=open_world,
        ),
    )


def to_result(answer: Answer) -> types.CallToolResult:
    """An answer: text only, or JSON as both halves, because clients differ in which half the model sees."""
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=answer.text)], structured_content=answer.data
    )


def to_failure(sentence: str) -> types.CallToolResult:
    """A failure that the model can act on."""
    return types.CallToolResult(content=[types.TextContent(type="text", text=sentence)], is_error=True)


class Adapter:
    """The handlers of one server, over one desk."""

    def __init__(self, desk: Desk, *, time_limit: float = TIME_LIMIT) -> None:
        """Work out the tools, which stay the same for as long as the accounts do."""
        self._desk = desk
        self._time_limit = time_limit
        self._specs = {spec.name: spec for spec in listed(desk)}
        outside = any(account.provider_class.open_world for account in desk.workspace.accounts.values())
        self._tools = {spec.name: to_tool(spec, open_world=outside) for spec in self._specs.values()}
        self._places = anyio.Semaphore(CONCURRENT_CALLS)

    async def list_tools(self, _ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        """All tools; there is only one page."""
        if params and params.cursor:
            raise MCPError(code=types.INVALID_PARAMS, message="Unknown cursor: the tool list has one page.")
        principal = signed_in.get()
        names = self._tools if principal is None else [spec.name for spec in listed(self._desk, principal)]
        return types.ListToolsResult(tools=[self._tools[name] for name in names])

    def schema_of(self, name: str) -> dict[str, Any] | None:
        """What a tool takes, for the transport; asking for the whole list at every call would cost more than most."""
        spec = self._specs.get(name)
        return None if spec is None else spec.input_schema

    async def call_tool(self, ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        """Run a tool within the time limit."""
        with anyio.move_on_after(self._time_limit):
            async with self._places:
                return await self._call(ctx, params)
        _log.warning("%s did not end within %s s.", params.name[:_LONGEST_NAME], self._time_limit)
        return to_failure(self._too_late(params.name))

    async def _call(self, ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            return await self.answer(ctx, params)
        except MCPError:
            raise
        except UnknownTool as error:
            raise MCPError(code=types.INVALID_PARAMS, message=str(error)) from None
        except DragomanError as error:
            return to_failure(str(error))
        except Exception:  # noqa: BLE001  # the boundary: nothing of a crash may reach the client
            _log.exception("%s crashed.", params.name[:_LONGEST_NAME])
            return to_failure("Internal error; it is logged on the server. Other calls still work.")

    async def answer(self, ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        """What the desk answers; what is raised here, :meth:`call_tool` puts into words."""
        return to_result(await call_tool(self._desk, params.name, params.arguments or {}, caller(ctx)))

    def _too_late(self, name: str) -> str:
        said = f"There was no answer within {self._time_limit:g} seconds."
        if name in self._specs and not self._specs[name].read_only:
            return f"{said} The outcome is unknown: look with list_messages whether it happened before trying again."
        return f"{said} Try again, or ask for less."


def caller(ctx: Context) -> Caller:
    """Who calls, as far as the connection tells."""

    async def progress(done: int, text: str) -> None:
        await ctx.session.report_progress(done, None, text)

    params = ctx.session.client_params
    name = params.client_info.name if params else ""
    return Caller(client=ascii(name[:_LONGEST_NAME])[1:-1], progress=progress, principal=signed_in.get())
