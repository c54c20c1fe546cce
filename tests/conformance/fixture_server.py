"""The server that the official suite wants to meet: its tools, resources and prompts behind our transport.

``python -m tests.conformance.fixture_server [--sessions]`` serves on a free port of loopback and says which on stderr.
Calls go through the product's adapter, so that its time limit and its words for failures are what is
judged; requests go through the product's HTTP stack with the product's bounds.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from tests.conformance import fixture_offers
from tests.conformance.fixture_questions import QUESTIONS
from tests.conformance.fixture_tools import TOOLS, Fixture

from dragoman.toolset import ToolServices, UnknownTool
from dragoman_server.config.http import PATH, Address, HttpSettings
from dragoman_server.config.load import from_mapping
from dragoman_server.mcp.adapter import Adapter
from dragoman_server.runtime import process
from dragoman_server.transports.http.process import command, worker

FIXTURES: dict[str, Fixture] = TOOLS | QUESTIONS


class FixtureAdapter(Adapter):
    """Our adapter with the suite's tools in the place of a services's."""

    async def list_tools(self, _ctx: Any, _params: Any) -> types.ListToolsResult:
        """All of them."""
        return types.ListToolsResult(tools=[fixture.tool for fixture in FIXTURES.values()])

    async def answer(self, ctx: Any, params: types.CallToolRequestParams, _turn: object) -> Any:
        """Run one."""
        if params.name not in FIXTURES:
            raise UnknownTool(f"Unknown tool: {params.name}.")
        return await FIXTURES[params.name].run(ctx, params)


def build(services: ToolServices, *, shared_lists: bool) -> Server[Any]:
    """Make the server, as :func:`dragoman_server.mcp.server.build` makes the product's."""
    adapter = FixtureAdapter(services)
    server: Server[Any] = Server(
        "conformance",
        version="1.0.0",
        on_list_tools=adapter.list_tools,
        on_call_tool=adapter.call_tool,
        **fixture_offers.HANDLERS,
    )
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=server.name))
    return server


def main() -> None:
    """Serve until a signal."""
    settings = HttpSettings(listen="127.0.0.1:0", sessions="--sessions" in sys.argv[1:])
    listening = command.listen(settings.address)
    shown = Address("127.0.0.1", listening.getsockname()[1]).shown
    sys.stderr.write(f"Serving MCP at http://{shown}{PATH}\n")
    sys.stderr.flush()
    with TemporaryDirectory(prefix="dragoman-", ignore_cleanup_errors=True) as folder:
        config = from_mapping({}, data=Path(folder))
        process.run(lambda: worker.serve(config, settings, listening, build=build))


if __name__ == "__main__":
    main()
