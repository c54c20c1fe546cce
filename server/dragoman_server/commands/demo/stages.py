"""What the demonstration can be about: the store of this package, or a service that a stand-in plays."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from dragoman.accounts.provider_registry import replay_of
from dragoman.core import paths
from dragoman.providers.replay import FOUND, Step, step
from dragoman_server.commands import import_files
from dragoman_server.config import load as config
from dragoman_server.runtime import tool_context

CHAT: Final = "archives/samples/team_chat.json"
ROOM: Final = "#kiosk-firmware"

_GENERAL: Final = 'timezone = "UTC"\nmax_tokens = 6000\n'
_ASKED_FIRST: Final = '[accounts.local]\nprovider = "local"\nwrite = "confirm"\n'
_MAIN_TOOLS: Final = ("list_messages", "search_messages", "send_message")
_LABEL: Final = (
    "This is a replay: {service} itself is not reached. A stand-in on 127.0.0.1 speaks its protocol, with an invented "
    "conversation."
)
_CLOSING: Final = "That was not from {service} itself. docs/providers/{provider}.md says how to connect yours."
_LOCAL_STEPS: Final = (
    step("What is there?", "list_conversations"),
    step(f"Catch up on {ROOM}", "list_messages", conversation=ROOM, limit=50),
    step("What was it about nvs?", "search_messages", query="nvs", limit=5),
    step("One message in full", "get_message", message=FOUND, context=1),
    step("Answer in the room", "send_message", conversation=ROOM, text="Thanks all. I will write the summary tonight."),
    step("Correct it", "update_message", message=FOUND, text="Thanks all. The summary comes tomorrow at 09:00."),
    step(
        "Keep a message from elsewhere, with its author and time",
        "import_message",
        conversation="local:letters",
        author="Ada Lovelace",
        sent_at="1843-07-10T09:00Z",
        text="I am working very hard for you; like the Devil in fact; (which perhaps I am).",
    ),
    Step("A mistake says what would work", "list_messages", {"conversation": "#kiosk-firmwear"}, mistaken=True),
)


@dataclass(frozen=True, slots=True)
class DemoScenario:
    """What a demonstration needs.

    Attributes:
        title: What is shown.
        said: How it was prepared, and what about it is not real.
        settings: Text of the settings file for the server.
        steps: What to show.
        closing: Said once more at the end; empty when there is nothing to say.
        lines: How many lines of an answer the short form shows, so that all of it fits on 60.
    """

    title: str
    said: str
    settings: str
    steps: Sequence[Step]
    closing: str = ""
    lines: int = 3


@dataclass(frozen=True, slots=True)
class SampleArchive:
    """An archive of this package, and what to ask about it."""

    place: str
    conversation: str
    question: str
    query: str


ARCHIVES: Final = {
    "slack": SampleArchive("archives/samples/slack", "#ferry-lines", "What about the certificate?", "certificate"),
    "mbox": SampleArchive("archives/samples/mail.mbox", "Dry dock – offer", "What does the dry dock cost?", "EUR"),  # noqa: RUF001 - the subject
    "whatsapp": SampleArchive(
        "archives/samples/WhatsApp Chat with Night crew.txt", "Night crew", "Where is the key?", "key"
    ),
}
"""The archives that the demonstration can import."""


def main_steps(steps: Sequence[Step]) -> list[Step]:
    """The steps for one screen: the first that reads, the first that searches, and the first that sends."""
    # Reversed, because a later entry of the same tool replaces the one before.
    first = {step.tool: step for step in reversed(steps)}
    return [first[tool] for tool in _MAIN_TOOLS if tool in first]


@asynccontextmanager
async def on(folder: Path, provider: str | None, archive: str | None = None) -> AsyncGenerator[DemoScenario]:
    """Prepare what is to be shown; a stand-in runs until the context is left.

    Args:
        folder: Empty; the server will keep its data in it.
        provider: Whose service to show; ``None`` for the store of this package.
        archive: Name of the sample archive to import and show; ``None`` for the chat of this package.

    Raises:
        InvalidArgument: There is no such provider, or it has nothing to show without its service.
    """
    if archive is not None:
        yield await _of_archive(folder, archive)
        return
    if provider is None:
        yield await _own(folder)
        return
    replay = replay_of(provider)
    with replay.serve() as account:
        yield DemoScenario(
            title=f"Dragoman with {replay.service}: a replay",
            said=_LABEL.format(service=replay.service),
            settings=_GENERAL + _table(provider, {"provider": provider, **account}),
            steps=replay.steps,
            closing=_CLOSING.format(service=replay.service, provider=provider),
        )


async def _of_archive(folder: Path, name: str) -> DemoScenario:
    """Import a sample archive, and ask for what somebody would look for in it."""
    sample = ARCHIVES[name]
    report = await _load(folder, sample.place)
    return DemoScenario(
        title=f"Dragoman: {report.archives[0]} imported",
        said=f"A sample archive is imported into a throw-away store: {report.summary}. Yours: `dragoman import PATH`.",
        settings=_GENERAL,
        steps=(
            step("What is there?", "list_conversations"),
            step("Catch up", "list_messages", conversation=sample.conversation, limit=50),
            step(sample.question, "search_messages", query=sample.query, limit=5),
            step("One message in full", "get_message", message=FOUND, context=1),
        ),
        lines=20,
    )


async def _load(folder: Path, place: str) -> import_files.ImportReport:
    """Import what lies at a place of the package into the store that the server will open."""
    account = {"provider": "local", "path": folder / paths.STORE_NAME}
    settings = config.from_mapping({"timezone": "UTC", "accounts": {"local": account}}, data=folder)
    with as_file(files("dragoman") / place) as path:
        async with tool_context.open_services(settings) as shared:
            return await import_files.load(shared, import_files.ImportRequest(paths=(path,)))


async def _own(folder: Path) -> DemoScenario:
    """Load the conversation through the import path, into the store that the server will open."""
    started = time.perf_counter()
    report = await _load(folder, CHAT)
    seconds = time.perf_counter() - started
    return DemoScenario(
        title="Dragoman: one MCP server for every messaging system",
        said=f"A throw-away store is filled with an invented team chat in {seconds:.1f} s: {report.summary}.",
        settings=_GENERAL + _ASKED_FIRST,
        steps=_LOCAL_STEPS,
        lines=5,
    )


def _table(name: str, account: Mapping[str, str | bool]) -> str:
    """An account in TOML, whose texts and truth values are written as in JSON."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in account.items()]
    return "\n".join([f"\n[accounts.{name}]", *lines, ""])
