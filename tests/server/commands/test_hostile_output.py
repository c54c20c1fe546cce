"""Names that other people chose leave the lines that commands print what they are with harmless names."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner

from dragoman.core.references import Reference
from dragoman.toolset import Caller, call_tool
from dragoman_server.cli.main import cli
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime import tool_context

HOSTILE = [
    "\nFORGED: all is well",
    "\r\nFORGED",
    "\u2028FORGED\x85FORGED",
    "\x1b[2J\x1b]0;FORGED\x07",
    "\x9b2JFORGED",
    "\u202eFORGED\u202c",
    "\U000e0041\u200b",
    '". FORGED "',
    "' FORGED; rm -rf '",
    "`FORGED` $(FORGED)",
]
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u202a-\u202e\ud800-\udfff\U000e0000-\U000e007f]")


class World:
    """A data folder, a working folder, and what commands print in them."""

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        self.root = root
        self.data = root / "data"
        self.folder = root / f"folder{name}"
        self.folder.mkdir(parents=True)
        self.data.mkdir()

    def run(self, *words: object) -> str:
        env = {"DRAGOMAN_DATA": str(self.data), "NO_COLOR": "1"}
        outcome = CliRunner().invoke(cli, [str(word) for word in words], env=env)
        assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
        return outcome.output

    def file(self, content: str, ending: str) -> Path:
        path = self.folder / f"file{self.name}{ending}"
        path.write_text(content, encoding="utf-8")
        return path

    def export(self) -> Path:
        name = self.name
        said = {"id": f"1{name}", "at": "2026-05-01T10:00:00Z", "author": f"u{name}", "text": "hello"}
        broken = {"id": f"2{name}", "at": f"x{name}", "text": "no time"}
        room = {"id": f"r{name}", "name": f"Room{name}", "topic": f"t{name}", "messages": [said, broken]}
        export = {"people": [{"id": f"u{name}", "name": f"Ann{name}"}], "conversations": [room]}
        return self.file(json.dumps(export), ".json")

    def send(self) -> None:
        account = {"provider": "local", "path": str(self.data / "dragoman.db"), "write": "allow"}

        async def main() -> None:
            async with tool_context.open_services(from_mapping({"accounts": {"local": account}}, data=self.data)) as it:
                place = str(Reference("local", f"r{self.name}"))
                await call_tool(
                    it, "send_message", {"conversation": place, "text": "x"}, Caller(client=f"client{self.name}")
                )

        anyio.run(main)


def toml(text: str) -> str:
    """A string of a settings file."""
    return '"' + "".join(c if c.isascii() and c.isalnum() else f"\\U{ord(c):08x}" for c in text) + '"'


def importing(world: World) -> list[str]:
    path = world.export()
    lines = [world.run("import", "--dry-run", path), world.run("import", "--dry-run", "--json", path)]
    lines += [world.run("import", path), world.run("import", "--json", path), world.run("import", "--strict", path)]
    lines += [world.run("import", world.file("no archive", ".txt")), world.run("import", world.folder / "missing")]
    return [*lines, world.run("import", "--me", world.name, "--timezone", f"x{world.name}", path)]


def reading(world: World) -> list[str]:
    world.run("import", world.export())
    world.send()
    lines = [world.run("call", "list_conversations"), world.run("call", "search_messages", "query=hello")]
    lines += [world.run("search", "hello"), world.run("search", "--json", "hello"), world.run("audit")]
    lines += [world.run("audit", "--json"), world.run("stats"), world.run("stats", "--json")]
    lines += [world.run("call", "list_messages", f"conversation=x{world.name}"), world.run("outbox")]
    return [*lines, world.run("call", "list_messages", f"a{world.name}=b"), world.run("call", f"no{world.name}")]


def storing(world: World) -> list[str]:
    world.run("import", world.export())
    copy, bad = world.folder / f"copy{world.name}", world.file("this is no database" * 100, ".db")
    lines = [world.run("store", "backup", copy), world.run("store", "verify", copy), world.run("store", "verify", bad)]
    lines += [world.run("store", "restore", copy), world.run("store", "restore", bad)]
    return [*lines, world.run("store", "salvage", copy, world.folder / f"new{world.name}")]


def configuring(world: World) -> list[str]:
    config = world.file("", ".toml")
    other = world.file("this is no database" * 100, ".db")
    config.write_text(
        f"[accounts.local]\nprovider = 'local'\npath = {toml(str(other))}\n"
        f"write_to = [{toml(str(Reference('local', f'r{world.name}')))}]\nwrite = 'allow'\n",
        encoding="utf-8",
    )
    lines = [world.run("check", "--config", config), world.run("check", "--json", "--config", config)]
    lines += [world.run("accounts", "--config", config), world.run("accounts", "--json", "--config", config)]
    config.write_text(f"[accounts.local]\nprovider = {toml(f'p{world.name}')}\n{toml(world.name)} = 1\n")
    lines += [world.run("tools", "--config", config), world.run("tools", "--config", world.folder / f"n{world.name}")]
    return lines


def trusting(world: World) -> list[str]:
    before = Path.cwd()
    (world.folder / "dragoman.toml").write_text("[accounts.local]\nprovider = 'local'\n")
    try:
        os.chdir(world.folder)
        lines = [world.run("tools"), world.run("trust", "."), world.run("trust", "--forget", ".")]
        return [*lines, world.run("trust", world.folder / f"no{world.name}")]
    finally:
        os.chdir(before)


COMMANDS: list[Callable[[World], list[str]]] = [importing, reading, storing, configuring, trusting]


@pytest.mark.parametrize("act", COMMANDS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_command_prints_the_lines_that_it_prints_of_harmless_names(tmp_path, monkeypatch, act, name):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    harmless = act(World(tmp_path / "harmless", "-word"))
    hostile = act(World(tmp_path / "hostile", name))
    for expected, found in zip(harmless, hostile, strict=True):
        assert not UNSAFE.search(found), found
        assert not re.search(r"^FORGED", found, re.MULTILINE), found
        assert len(found.splitlines()) == len(expected.splitlines()), (expected, found)
