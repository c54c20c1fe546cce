"""The entries for clients on the page of installing do what they say."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALL = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
STARTED = {"command": "/path/to/dragoman", "args": ["serve"]}


def test_nothing_is_said_to_come_from_a_package_index():
    for file in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"uvx dragoman|(pip|pipx|tool) install dragoman", text), file
        assert not re.search(r"(cursor|vscode):[^ )]+(install)", text), file


def test_the_command_comes_from_a_checkout_or_a_git_address():
    for words in ("uv tool install .", "uv tool install git+", "pipx install .", "uvx --from git+"):
        assert words in INSTALL


@pytest.mark.parametrize(("key", "more"), [("mcpServers", {}), ("servers", {"type": "stdio"})])
def test_the_entries_to_paste_are_json(key, more):
    (text,) = re.findall(rf'`(\{{"{key}": .*?\}})`', INSTALL)
    assert json.loads(text) == {key: {"dragoman": more | STARTED}}


def test_the_entry_for_codex_is_toml():
    (row,) = (line for line in INSTALL.splitlines() if line.startswith("| Codex |"))
    header, command, args = re.findall(r"`([^`]+)`", row)[1:]
    assert tomllib.loads(f"{header}\n{command}\n{args}") == {"mcp_servers": {"dragoman": STARTED}}


def test_every_client_is_named():
    from dragoman_server.setup.client.clients import CLIENTS

    for name, client in CLIENTS.items():
        assert name in INSTALL
        assert f"| {client.title} |" in INSTALL
