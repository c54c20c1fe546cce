"""The demonstration: a real client, a real server in a process of its own, a throw-away store."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import anyio
import click
import mcp_types as types
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from dragoman_server import chatfile, config, desk, importing
from dragoman_server.terminal import Paper, counter

CHAT: Final = "data/team_chat.json"
ROOM: Final = "#kiosk-firmware"
SHOWN: Final = 50

_SETTINGS: Final = 'timezone = "UTC"\nmax_tokens = 6000\n'


@dataclass(slots=True)
class Show:
    """One run: the client, where it is written down, and what it cost so far."""

    client: Client
    paper: Paper
    count: Callable[[str], int]
    costs: dict[str, int] = field(default_factory=dict[str, int])

    async def call(self, why: str, tool: str, **arguments: object) -> str:
        """Call a tool, and show the call, its answer, tokens and time."""
        started = time.perf_counter()
        result = await self.client.call_tool(tool, arguments)
        seconds = time.perf_counter() - started
        text = "\n".join(block.text for block in result.content if isinstance(block, types.TextContent))
        self.costs[why] = self.count(text)
        self.paper.call(why, tool, arguments)
        self.paper.answer(text, failed=bool(result.is_error))
        self.paper.note(f"{self.costs[why]:,} tokens, {seconds * 1000:.0f} ms")
        return text


def run() -> None:
    """Run the demonstration and print it.

    Raises:
        OSError: Nothing can be printed any more.
    """
    try:
        anyio.run(_run)
    except BaseExceptionGroup as group:
        refused, others = group.split(OSError)
        if refused is None or others is not None:
            raise
        raise _first(refused) from None


def _first(group: BaseExceptionGroup[OSError]) -> OSError:
    """What was raised before the tasks around it wrapped it."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _run() -> None:
    paper = Paper.on(sys.stdout)
    with TemporaryDirectory(prefix="dragoman-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / config.FILE_NAME).write_text(_SETTINGS, encoding="utf-8")
        paper.title("Dragoman: one MCP server for every messaging system")
        await _fill(folder, paper)
        count, exact = counter()
        async with _served(folder, paper) as client:
            show = Show(client, paper, count)
            await _tools(show)
            await _reading(show)
            await _writing(show)
        _cost(show, exact=exact)
    _connecting(paper)


async def _fill(folder: Path, paper: Paper) -> None:
    """Load the conversation through the import path, into the store that the server will open."""
    account = {"provider": "local", "path": folder / config.STORE_NAME}
    settings = config.from_mapping({"accounts": {"local": account}}, data=folder)
    started = time.perf_counter()
    with as_file(files("dragoman") / CHAT) as chat:
        async with desk.at(settings) as shared:
            outcome = await importing.load(shared, chat)
    seconds = time.perf_counter() - started
    paper.say(f"A throw-away store is filled with an invented team chat in {seconds:.1f} s: {outcome}")


@asynccontextmanager
async def _served(folder: Path, paper: Paper) -> AsyncGenerator[Client]:
    arguments = ["-m", "dragoman_server", "serve", "--config", str(folder / config.FILE_NAME)]
    passed = {key: os.environ[key] for key in ("PYTHONPATH", "PYTHONHOME", "DRAGOMAN_LOG") if key in os.environ}
    server = StdioServerParameters(
        command=sys.executable, args=arguments, env={**passed, "DRAGOMAN_DATA": str(folder)}, cwd=folder
    )
    started = time.perf_counter()
    async with Client(server) as client:
        milliseconds = (time.perf_counter() - started) * 1000
        paper.say(f"`dragoman serve` runs as a child process; client and server agreed after {milliseconds:.0f} ms.")
        yield client


async def _tools(show: Show) -> None:
    tools = (await show.client.list_tools()).tools
    seen = [tool.model_dump_json(include={"name", "description", "input_schema"}, by_alias=True) for tool in tools]
    names = ", ".join(tool.name for tool in tools)
    show.paper.say(f"{len(tools)} tools in {sum(map(show.count, seen)):,} tokens: {names}.")


async def _reading(show: Show) -> None:
    await show.call("What is there?", "list_conversations")
    await show.call(f"Catch up on {ROOM}", "list_messages", conversation=ROOM, limit=SHOWN)
    hits = await show.call("What was it about nvs?", "search_messages", query="nvs", limit=5)
    await show.call("One message in full", "get_message", message=_number(hits), context=1)


async def _writing(show: Show) -> None:
    sent = await show.call(
        "Answer in the room", "send_message", conversation=ROOM, text="Thanks all. I will write the summary tonight."
    )
    await show.call(
        "Correct it", "update_message", message=_number(sent), text="Thanks all. The summary comes tomorrow at 09:00."
    )
    await show.call(
        "Keep a message from elsewhere, with its author and time",
        "import_message",
        conversation="local:letters",
        author="Ada Lovelace",
        sent_at="1843-07-10T09:00Z",
        text="I am working very hard for you; like the Devil in fact; (which perhaps I am).",
    )
    await show.call("A mistake says what would work", "list_messages", conversation="#kiosk-firmwear")


def _number(answer: str) -> str:
    """The number of the first message in an answer, below the header."""
    for line in answer.splitlines()[1:]:
        number = line.removeprefix(">").partition(" ")[0]
        if number.isdigit():
            return number
    raise click.ClickException("The demonstration found no message in the last answer.")


def _cost(show: Show, *, exact: bool) -> None:
    """The cost of reading the room against the least that its words alone can cost."""
    chat = chatfile.read((files("dragoman") / CHAT).read_bytes())
    room = next(messages for place, messages in chatfile.conversations(chat) if f"#{place.title}" == ROOM)
    bare = [f"{message.author.name}: {message.text}" for message in room if message.deleted_at is None][-SHOWN:]
    floor, paid = show.count("\n".join(bare)), show.costs[f"Catch up on {ROOM}"]
    show.paper.title("What it costs")
    show.paper.say(
        f"{SHOWN} messages with numbers, times, threads, reactions, files and edits: {paid:,} tokens. "
        f"Their bare `Author: text` lines: {floor:,}. That is {paid / floor:.2f} times the floor "
        f"({'o200k tokens, counted' if exact else 'estimated, never far from o200k'})."
    )


def _connecting(paper: Paper) -> None:
    command = Path(sys.executable).with_name("dragoman")
    paper.title("Connect a desktop client")
    paper.say("Claude Desktop, Cursor and others take this in their settings of MCP servers:")
    paper.code(f'{{"mcpServers": {{"dragoman": {{"command": "{command.as_posix()}", "args": ["serve"]}}}}}}')
    paper.say("Claude Code:")
    paper.code(f"claude mcp add dragoman -- {command.as_posix()} serve")
