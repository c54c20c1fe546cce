"""The entries and links of the README do what they say."""

import base64
import json
import re
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
STARTED = {"command": "uvx", "args": ["dragoman", "serve"]}


def test_the_link_for_cursor_holds_the_entry():
    (link,) = re.findall(r"\((cursor://[^)]+)\)", README)
    parts = urlsplit(link)
    query = parse_qs(parts.query, strict_parsing=True)
    assert (parts.netloc, parts.path) == ("anysphere.cursor-deeplink", "/mcp/install")
    assert query.keys() == {"name", "config"}
    assert query["name"] == ["dragoman"]
    assert json.loads(base64.b64decode(query["config"][0], validate=True)) == STARTED


def test_the_link_for_vs_code_holds_the_entry():
    (link,) = re.findall(r"\((vscode:[^)]+)\)", README)
    place, _, entry = link.partition("?")
    assert place == "vscode:mcp/install"
    assert json.loads(unquote(entry)) == {"name": "dragoman", "type": "stdio", **STARTED}


@pytest.mark.parametrize(("key", "more"), [("mcpServers", {}), ("servers", {"type": "stdio"})])
def test_the_entries_to_paste_are_json(key, more):
    (text,) = re.findall(rf'`(\{{"{key}": .*?\}})`', README)
    assert json.loads(text) == {key: {"dragoman": more | STARTED}}


def test_the_entry_for_codex_is_toml():
    (row,) = (line for line in README.splitlines() if line.startswith("| Codex |"))
    header, command, args = re.findall(r"`([^`]+)`", row)[1:]
    assert tomllib.loads(f"{header}\n{command}\n{args}") == {"mcp_servers": {"dragoman": STARTED}}


def test_every_client_is_named():
    from dragoman_server.setup.client.clients import CLIENTS

    for name, client in CLIENTS.items():
        assert name in README
        assert f"| {client.title} |" in README
