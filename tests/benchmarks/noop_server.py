"""The least that a server on the SDK's low-level ``Server`` can be: one tool that does nothing."""

from __future__ import annotations

from typing import Any

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

TOOL = types.Tool(name="nothing", description="Does nothing.", input_schema={"type": "object", "properties": {}})


async def tools(_ctx: Any, _params: Any) -> types.ListToolsResult:
    """The tool."""
    return types.ListToolsResult(tools=[TOOL])


async def answer(_ctx: Any, _params: Any) -> types.CallToolResult:
    """Nothing."""
    return types.CallToolResult(content=[types.TextContent(type="text", text="nothing")])


async def _main() -> None:
    server = Server("noop", version="1", on_list_tools=tools, on_call_tool=answer)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(_main)
