"""The demonstration: a real client, a real server in a process of its own, a throw-away store."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import anyio
import click
import mcp_types as types
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from dragoman.providers.replay import FOUND, Step
from dragoman_server.commands.demo import stages
from dragoman_server.commands.demo.terminal import TerminalWriter, counter
from dragoman_server.config import settings_file

_TOKEN: Final = re.compile(r"confirm=([\w-]+)")
_WRITES: Final = frozenset({"send_message", "update_message", "import_message"})
_ROOMY: Final = 100_000  # tokens; nothing of the measured page may be cut


@dataclass(frozen=True, slots=True)
class Cost:
    """What a page of messages cost, and the least that its words alone can cost; both in tokens."""

    messages: int
    paid: int
    floor: int


@dataclass(slots=True)
class DemoRun:
    """One run: the client, where it is written down, what was found last, and what reading cost."""

    client: Client
    paper: TerminalWriter
    count: Callable[[str], int]
    found: str = ""
    cost: Cost | None = None
    failed: int = 0

    async def step(self, step: Step) -> None:
        """Make a call; a write that wants to be confirmed is confirmed, as a user would do."""
        arguments = {key: self.found if value == FOUND else value for key, value in step.arguments.items()}
        text, failed = await self._call(step.why, step.tool, arguments)
        if failed:
            self.failed += not step.mistaken
            return
        token = _TOKEN.search(text) if step.tool in _WRITES else None
        if token:
            confirmed = {**arguments, "confirm": token[1]}
            text, failed = await self._call("The user has seen it and agrees", step.tool, confirmed)
            self.failed += failed
        if step.tool in _WRITES or step.tool == "search_messages":
            self.found = _number(text)
        if step.tool == "list_messages" and self.cost is None:
            self.cost = await self._measure(arguments, self.count(text))

    async def _call(self, why: str, tool: str, arguments: Mapping[str, object]) -> tuple[str, bool]:
        """Call a tool and show all of it: the call, what is reported meanwhile, the answer, tokens and time.

        Returns:
            The answer, and whether it is an error.
        """
        self.paper.call(why, tool, arguments)
        started = time.perf_counter()
        result = await self.client.call_tool(tool, dict(arguments), progress_callback=self._report)
        seconds = time.perf_counter() - started
        text = _text(result)
        self.paper.answer(text, failed=bool(result.is_error))
        self.paper.note(f"{self.count(text):,} tokens, {seconds * 1000:.0f} ms")
        return text, bool(result.is_error)

    async def _report(self, progress: float, total: float | None, message: str | None) -> None:  # noqa: ARG002 - the SDK's form
        if message:
            self.paper.note(f"meanwhile: {message}")

    async def _measure(self, arguments: Mapping[str, object], paid: int) -> Cost:
        """Read the same page as data: its bare words are the floor."""
        asked = {**arguments, "format": "json", "max_tokens": _ROOMY}
        result = await self.client.call_tool("list_messages", asked)
        page = cast("dict[str, Any]", result.structured_content or {})
        bare = [f"{one['author']}: {one['text']}" for one in page.get("messages", ())]
        return Cost(len(bare), paid, self.count("\n".join(bare)))


def run(provider: str | None = None, archive: str | None = None) -> None:
    """Run the demonstration and print it.

    Args:
        provider: Whose service to show with a stand-in; ``None`` for the store of this package.
        archive: Name of a sample archive to import and show.

    Raises:
        InvalidArgument: The provider has nothing to show.
        ClickException: A call failed.
        OSError: Nothing can be printed any more.
    """
    try:
        anyio.run(_run, provider, archive)
    except BaseExceptionGroup as group:
        known, others = group.split((OSError, click.ClickException))
        if known is None or others is not None:
            raise
        raise _first(known) from None


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    """What was raised before the tasks around it wrapped it."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _run(provider: str | None, archive: str | None) -> None:
    paper = TerminalWriter.on(sys.stdout)
    with TemporaryDirectory(prefix="dragoman-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        async with stages.on(folder, provider, archive) as stage:
            (folder / settings_file.FILE_NAME).write_text(stage.settings, encoding="utf-8")
            paper.title(stage.title)
            paper.say(stage.said)
            count, exact = counter()
            async with _served(folder, paper) as client:
                show = DemoRun(client, paper, count)
                await _tools(show)
                for step in stage.steps:
                    await show.step(step)
            if show.failed:
                raise click.ClickException(f"{show.failed} calls failed that should not have.")
    if show.cost:
        _tell_cost(paper, show.cost, exact=exact)
    _tell_connecting(paper)
    if stage.closing:
        paper.title("This was a replay")
        paper.say(stage.closing)


@asynccontextmanager
async def _served(folder: Path, paper: TerminalWriter) -> AsyncGenerator[Client]:
    arguments = ["-m", "dragoman_server", "serve", "--config", str(folder / settings_file.FILE_NAME)]
    passed = {key: os.environ[key] for key in ("PYTHONPATH", "PYTHONHOME", "DRAGOMAN_LOG") if key in os.environ}
    server = StdioServerParameters(
        command=sys.executable, args=arguments, env={**passed, "DRAGOMAN_DATA": str(folder)}, cwd=folder
    )
    started = time.perf_counter()
    async with Client(server) as client:
        milliseconds = (time.perf_counter() - started) * 1000
        paper.say(f"`dragoman serve` runs as a child process; client and server agreed after {milliseconds:.0f} ms.")
        yield client


async def _tools(show: DemoRun) -> None:
    tools = (await show.client.list_tools()).tools
    seen = [tool.model_dump_json(include={"name", "description", "input_schema"}, by_alias=True) for tool in tools]
    names = ", ".join(tool.name for tool in tools)
    show.paper.say(f"{len(tools)} tools in {sum(map(show.count, seen)):,} tokens: {names}.")


def _text(result: types.CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, types.TextContent))


def _number(answer: str) -> str:
    """The number of the first message in an answer, below the header; empty without one."""
    starts = (line.removeprefix(">").partition(" ")[0] for line in answer.splitlines()[1:])
    return next((start for start in starts if start.isdigit()), "")


def _tell_cost(paper: TerminalWriter, cost: Cost, *, exact: bool) -> None:
    paper.title("What it costs")
    paper.say(
        f"{cost.messages} messages with numbers, times, threads and all else that is known of them: "
        f"{cost.paid:,} tokens. Their bare `Author: text` lines: {cost.floor:,}. "
        f"That is {cost.paid / cost.floor:.2f} times the floor "
        f"({'o200k tokens, counted' if exact else 'estimated, never far from o200k'})."
    )


def _tell_connecting(paper: TerminalWriter) -> None:
    command = Path(sys.executable).with_name("dragoman")
    paper.title("Connect a desktop client")
    paper.say("Claude Desktop, Cursor and others take this in their settings of MCP servers:")
    paper.code(f'{{"mcpServers": {{"dragoman": {{"command": "{command.as_posix()}", "args": ["serve"]}}}}}}')
    paper.say("Claude Code:")
    paper.code(f"claude mcp add dragoman -- {command.as_posix()} serve")
