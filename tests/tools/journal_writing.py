"""What tests of writing need beside a service that notes what it received."""

import json
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import apsw
import forked_program
from forked_program import Program

from dragoman.testing.journal_service import JournalService
from dragoman.toolset import Question, ToolServices
from dragoman.toolset.policy import Consent
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime import tool_context

PROVIDER = "dragoman.testing.journal_service:JournalProvider"
ROOM, HALL = "post:room", "post:hall"
SAID = {"conversation": ROOM, "text": "Hello"}


def settings(service: JournalService, **more: object) -> dict[str, object]:
    top = {name: more.pop(name) for name in ("flow_guard",) if name in more}
    account = {"provider": "journal", "folder": str(service.folder), "write": "allow", **more}
    return {"timezone": "UTC", **top, "accounts": {"post": account}}


@asynccontextmanager
async def opened(service: JournalService, tmp_path: Path, **more: object) -> AsyncIterator[ToolServices]:
    async with tool_context.open_services(from_mapping(settings(service, **more), data=tmp_path)) as shared:
        yield shared


def answering(answer: Consent, asked: list[str] | None = None) -> Callable[[Question], Awaitable[Consent]]:
    async def ask(question: Question) -> Consent:
        if asked is not None:
            asked.append(question.text)
        await anyio.lowlevel.checkpoint()
        return answer

    return ask


def token_of(preview: str) -> str:
    found = re.search(r"confirm=(\S+)", preview.split("\n", maxsplit=1)[0])
    assert found, preview
    return found[1]


def outcomes(tmp_path: Path) -> list[str]:
    con = apsw.Connection(str(tmp_path / "dragoman.db"))
    return [outcome for (outcome,) in con.execute("SELECT outcome FROM audit ORDER BY entry")]


def changes(service):
    return [entry["text"] for entry in service.entries() if entry["op"] == "update"]


CALL = """
import sys, json
from pathlib import Path
from typing import get_args
from dragoman.accounts import provider_registry
from dragoman.testing.scripted_server import ScriptedServer
provider_registry.BUILT_IN["journal"] = "dragoman.testing.journal_service:JournalProvider"
with ScriptedServer(json.loads(sys.argv[1]), data=Path(sys.argv[2])) as server:
    print(server.call(sys.argv[3], **json.loads(sys.argv[4])))
"""


def child(service: JournalService, data: Path, tool: str = "send_message", **arguments: object) -> Program:
    """Begin a call in a process of its own."""
    given = [json.dumps(settings(service)), str(data), tool, json.dumps(arguments)]
    return forked_program.start(given, code=CALL, stdin=subprocess.DEVNULL)
