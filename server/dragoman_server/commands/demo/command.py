"""The demonstration: a real client, a real server in a process of its own, a throw-away store."""

from __future__ import annotations

import json
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
    """What a page of messages costs in tokens.

    Attributes:
        messages: How many there are on it.
        paid: The answer as text.
        floor: The least that their words alone can cost: bare ``Author: text`` lines.
        json: The same page as JSON, as short as JSON can be written.
        indented: The same JSON with an indentation of two.
    """

    messages: int
    paid: int
    floor: int
    json: int
    indented: int


@dataclass(slots=True)
class DemoRun:
    """One run.

    Attributes:
        client: Makes the calls.
        paper: Where they are written down.
        count: Counts tokens.
        lines: How many of an answer are shown; ``None`` for all.
        found: The number of the message that was found or written last.
        cost: What reading cost.
        failed: Calls that failed and should not have.
    """

    client: Client
    paper: TerminalWriter
    count: Callable[[str], int]
    lines: int | None
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
        # This client cannot ask its user, so a write under `write = "confirm"` answers with a preview and a token.
        token = _TOKEN.search(text) if step.tool in _WRITES else None
        if token:
            confirmed = {**arguments, "confirm": token[1]}
            # The short form leaves out the arguments, which stand just above.
            shown = confirmed if self.lines is None else {"confirm": token[1]}
            text, failed = await self._call("The user has seen it and agrees", step.tool, confirmed, shown)
            self.failed += failed
        if step.tool in _WRITES or step.tool == "search_messages":
            self.found = _number(text)
        if step.tool == "list_messages" and self.cost is None:
            self.cost = await self._measure(arguments, self.count(text))

    async def _call(
        self, why: str, tool: str, arguments: Mapping[str, object], shown: Mapping[str, object] | None = None
    ) -> tuple[str, bool]:
        """Call a tool and show all of it: the call, what is reported meanwhile, the answer, tokens and time.

        Args:
            why: What somebody wants.
            tool: Its name.
            arguments: All of them.
            shown: Those that differ from the call before; all by default.

        Returns:
            The answer, and whether it is an error.
        """
        self.paper.call(why, tool, arguments if shown is None else shown)
        started = time.perf_counter()
        result = await self.client.call_tool(tool, dict(arguments), progress_callback=self._report)
        seconds = time.perf_counter() - started
        text = _text(result)
        most = None if self.lines is None or _TOKEN.search(text) else self.lines  # a preview is shown whole
        left = self.paper.answer(text, failed=bool(result.is_error), most=most)
        more = f"{left} more line{'s' * (left != 1)}; " if left else ""
        self.paper.note(f"{more}{self.count(text):,} tokens, {seconds * 1000:.0f} ms")
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
        dense = json.dumps(page, ensure_ascii=False, separators=(",", ":"))
        indented = json.dumps(page, ensure_ascii=False, indent=2)
        return Cost(len(bare), paid, *map(self.count, ("\n".join(bare), dense, indented)))


def run(provider: str | None = None, archive: str | None = None, *, is_full: bool = False) -> None:
    """Run the demonstration and print it.

    Args:
        provider: Whose service to show with a stand-in; ``None`` for the store of this package.
        archive: Name of a sample archive to import and show.
        is_full: Show every step and every line, instead of reading, searching and sending on one screen.

    Raises:
        InvalidArgument: The provider has nothing to show.
        ClickException: A call failed.
        OSError: Nothing can be printed any more.
    """
    try:
        anyio.run(_run, provider, archive, is_full)
    except BaseExceptionGroup as group:
        # anyio's task groups wrap every error, and the command line tells users only bare ones.
        known, others = group.split((OSError, click.ClickException))
        if known is None or others is not None:
            raise
        raise _first(known) from None


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    """What was raised before the tasks around it wrapped it."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _run(provider: str | None, archive: str | None, is_full: bool) -> None:  # noqa: FBT001  # as anyio calls it
    paper = TerminalWriter.on(sys.stdout)
    with TemporaryDirectory(prefix="dragoman-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        async with stages.on(folder, provider, archive) as stage:
            (folder / settings_file.FILE_NAME).write_text(stage.settings, encoding="utf-8")
            paper.title(stage.title)
            paper.say(stage.said)
            count, exact = counter()
            async with _served(folder, paper) as client:
                show = DemoRun(client, paper, count, None if is_full else stage.lines)
                await _tools(show)
                for step in stage.steps if is_full else stages.main_steps(stage.steps):
                    await show.step(step)
            if show.failed:
                raise click.ClickException(f"{show.failed} calls failed that should not have.")
    if show.cost:
        _tell_cost(paper, show.cost, exact=exact)
    if is_full:
        _tell_connecting(paper)
    elif not stage.closing:
        paper.title("Next")
        paper.say("`dragoman init` begins with messages of yours; `dragoman demo --full` shows every tool.")
    if stage.closing:
        paper.title("This was a replay")
        paper.say(stage.closing)


@asynccontextmanager
async def _served(folder: Path, paper: TerminalWriter) -> AsyncGenerator[Client]:
    arguments = ["-m", "dragoman_server", "serve", "--config", str(folder / settings_file.FILE_NAME)]
    # The SDK hands a child only a short list of variables, which lacks those that find our packages.
    passed = {key: os.environ[key] for key in ("PYTHONPATH", "PYTHONHOME", "DRAGOMAN_LOG") if key in os.environ}
    server = StdioServerParameters(
        # DRAGOMAN_DATA keeps the server away from the user's own store.
        command=sys.executable,
        args=arguments,
        env={**passed, "DRAGOMAN_DATA": str(folder)},
        cwd=folder,
    )
    started = time.perf_counter()
    async with Client(server) as client:
        milliseconds = (time.perf_counter() - started) * 1000
        paper.say(f"`dragoman serve`, a child process, was ready after {milliseconds:.0f} ms.")
        yield client


async def _tools(show: DemoRun) -> None:
    tools = (await show.client.list_tools()).tools
    seen = [tool.model_dump_json(include={"name", "description", "input_schema"}, by_alias=True) for tool in tools]
    names = f": {', '.join(tool.name for tool in tools)}" if show.lines is None else ""
    show.paper.say(f"{len(tools)} tools in {sum(map(show.count, seen)):,} tokens{names}.")


def _text(result: types.CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, types.TextContent))


def _number(answer: str) -> str:
    """The number of the first message in an answer, below the header; empty without one."""
    starts = (line.removeprefix(">").partition(" ")[0] for line in answer.splitlines()[1:])
    return next((start for start in starts if start.isdigit()), "")


def _tell_cost(paper: TerminalWriter, cost: Cost, *, exact: bool) -> None:
    paper.title("What it costs")
    paper.say(
        f"{cost.messages} messages, in o200k tokens ({'counted' if exact else 'estimated'}). "
        f"That is {cost.paid / cost.floor:.2f} times the floor:"
    )
    paper.rows(
        (f"{cost.floor:,}", "the floor: their bare `Author: text` lines"),
        (f"{cost.paid:,}", "the answer above: with numbers, times, replies and marks"),
        (f"{cost.json:,}", "the same page as JSON, as short as it can be"),
        (f"{cost.indented:,}", "the same JSON with indentation"),
    )


def _tell_connecting(paper: TerminalWriter) -> None:
    command = Path(sys.executable).with_name("dragoman")
    paper.title("Connect a desktop client")
    paper.say("Claude Desktop, Cursor and others take this in their settings of MCP servers:")
    paper.code(f'{{"mcpServers": {{"dragoman": {{"command": "{command.as_posix()}", "args": ["serve"]}}}}}}')
    paper.say("Claude Code:")
    paper.code(f"claude mcp add dragoman -- {command.as_posix()} serve")
