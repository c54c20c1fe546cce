"""Servers as clients start them, and an outside provider that misbehaves on request."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from outside_provider import install_provider

sys.path.insert(0, str(Path(__file__).parent))  # for harbor and the like

import forked_program
from stdio_server import fresh_environment, serving

TROUBLE = '''
"""A provider that prints, waits, crashes, and notes what happens to it."""

import os
import sys
from pathlib import Path

import anyio

from dragoman.core.model import Author, Conversation, Message, Page
from dragoman.providers.base.provider import AccountSettings, Provider

print("printed by an import")


class Trouble(Provider):
    name = "trouble"

    async def list_conversations(self, query):
        print("printed by a call")
        os.write(1, b"written to the descriptor\\n")
        return Page(items=[Conversation(id="room", title="Room")])

    async def get_conversation(self, conversation):
        return Conversation(id=conversation, title=conversation)

    async def list_messages(self, conversation, query):
        if conversation == "crash":
            raise RuntimeError("secret of the crash")
        if conversation == "wait":
            await self._wait()
        page = int(query.cursor or 0)
        author = Author(name="Ann" if page == 30 else "Bob")
        messages = [
            Message(id=f"{page}-{number}", conversation=conversation, author=author, sent_at=None, text="x")
            for number in range(100)
        ]
        return Page(items=messages, cursor=str(page + 1) if page < 30 else None)

    async def send_message(self, conversation, draft):
        await self._wait()

    async def _wait(self):
        notes = Path(os.environ["TROUBLE_NOTES"])
        (notes / "started").touch()
        try:
            await anyio.sleep_forever()
        finally:
            (notes / "stopped").touch()
'''


@pytest.fixture
def environment(tmp_path):
    """The environment of a fresh machine: nothing configured, data in the test's folder."""
    return fresh_environment(tmp_path)


@pytest.fixture
def fresh_machine(environment, monkeypatch, tmp_path):
    """This process has the variables of a fresh machine, and works in the test's folder."""
    for name in ("DRAGOMAN_CONFIG", "DRAGOMAN_LOG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def fresh_interpreters(monkeypatch):
    """Have each program start Python anew, for tests of what happens then."""
    monkeypatch.setattr(forked_program, "CAN_FORK", False)


@pytest.fixture
def settings_named(tmp_path, environment, monkeypatch):
    """Write a settings file into the folder of the test, and name it in the environment."""

    def write(text: str) -> None:
        (tmp_path / "dragoman.toml").write_text(text, encoding="utf-8")
        environment["DRAGOMAN_CONFIG"] = "dragoman.toml"
        monkeypatch.setenv("DRAGOMAN_CONFIG", "dragoman.toml")

    return write


@pytest.fixture
def trouble(tmp_path, monkeypatch, environment):
    """Install the provider ``trouble`` for this test and its children, and return settings that use it."""
    site = tmp_path / "site"
    install_provider(site, "trouble", textwrap.dedent(TROUBLE), "Trouble")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("TROUBLE_NOTES", str(tmp_path))
    environment["PYTHONPATH"] = str(site)
    settings = tmp_path / "trouble.toml"
    settings.write_text('[accounts.far]\nprovider = "trouble"\nwrite = "allow"\n', encoding="utf-8")
    yield settings
    sys.modules.pop("trouble", None)


@pytest.fixture
def serve(environment, tmp_path):
    """Start servers; whatever happens, none outlives the test."""

    def start(*arguments: str, **more: str):
        return serving(environment | more, tmp_path, *arguments)

    return start


@pytest.fixture
def dragoman_command(environment, tmp_path):
    """Run the command to its end."""

    def run(*arguments: str, typed: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
        return forked_program.run(arguments, env=environment | more, cwd=tmp_path, input=typed)

    return run


@pytest.fixture
def run(fresh_machine):
    """Run a command in this process."""
    from dragoman_server.cli.main import cli

    return lambda *arguments: CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


@pytest.fixture
def chat_file():
    """The team chat that the package carries."""
    import dragoman  # where the package is

    return Path(dragoman.__file__).parent / "archives" / "samples" / "team_chat.json"


INTERRUPT = "\x03"


def _shown(screen, *, interrupted):
    """What a terminal shows next. An interruption may come just before a program waits for the keys: then once more."""
    for _ in range(40):
        if select.select([screen], [], [], 1)[0]:
            return screen.read(4096)
        if interrupted:
            screen.write(INTERRUPT.encode())
    return b""


@pytest.fixture
def talk():
    """Run a command in a terminal; each answer is typed when its question is there."""
    pty = pytest.importorskip("pty", reason="there are no terminals to imitate")

    def run(words: list[str], answers: list[tuple[str, str]]) -> tuple[bytes, int]:
        terminal, theirs = pty.openpty()
        env = os.environ | {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
        program = forked_program.start(words, env=env, stdin=theirs, stdout=theirs, stderr=theirs, terminal=True)
        os.close(theirs)
        seen, done, answer = b"", 0, ""
        waiting = list(answers)
        with open(terminal, "r+b", buffering=0) as screen, suppress(OSError):  # noqa: PTH123  # a descriptor; it ends so
            while part := _shown(screen, interrupted=answer == INTERRUPT):
                seen += part
                if waiting and waiting[0][0].encode() in seen[done:] and seen.rstrip().endswith(b":"):
                    done = len(seen)
                    answer = waiting.pop(0)[1]
                    screen.write((answer if answer == INTERRUPT else f"{answer}\n").encode())
        assert not waiting, seen.decode()
        return seen, program.wait()

    return run
