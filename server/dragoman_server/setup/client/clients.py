"""The programs that start an MCP server, and where each keeps the list of its servers.

Places are those of the clients' own documentation; the variables that move them are honoured.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from dragoman.core.paths import home
from dragoman_server.setup.files.jsonc_parser import Json

SHARED: Final = 0o644
"""Permissions of a new file inside a project: it is meant for everybody who works on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One of them.

    Attributes:
        title: What its makers call it.
        file: Where the user's own list is.
        project: Where a project keeps its list, below the project's folder; ``None`` when it cannot.
        found_by: Files and folders of which one is there where the client is installed; its own list always counts.
        key: The table that holds the servers.
        form: How the file is written.
        comments: It reads JSON with comments.
        trailing_commas: It reads a comma after the last member.
        mark: It reads a file that begins with a byte order mark.
        extra: What an entry has to say beside the command.
        after: What makes it see the change.
    """

    title: str
    file: Callable[[], Path]
    project: str | None
    found_by: Callable[[], Sequence[Path]] = tuple
    key: str = "mcpServers"
    form: Literal["json", "toml"] = "json"
    comments: bool = False
    trailing_commas: bool = False
    mark: bool = False
    extra: Mapping[str, Json] = field(default_factory=dict[str, Json])
    after: str

    @property
    def is_installed(self) -> bool:
        """Whether the client has files of its own on this machine."""
        return any(os.path.lexists(path) for path in (self.file(), *self.found_by()))


def _support() -> Path:
    """The folder in which desktop programs keep what belongs to a user, as Electron finds it."""
    if sys.platform == "darwin":
        return home() / "Library" / "Application Support"
    if sys.platform == "win32":
        return _folder_in("APPDATA") or home() / "AppData" / "Roaming"
    return _folder_in("XDG_CONFIG_HOME") or home() / ".config"


def _folder_in(variable: str) -> Path | None:
    """The folder that a variable names; relative ones mean nothing to a client, which starts elsewhere."""
    value = os.environ.get(variable)
    return Path(value) if value and Path(value).is_absolute() else None


def _claude_code() -> Path:
    return (_folder_in("CLAUDE_CONFIG_DIR") or home()) / ".claude.json"


def _vscode() -> Path:
    portable = _folder_in("VSCODE_PORTABLE")
    user = portable / "user-data" / "User" if portable else _support() / "Code" / "User"
    return user / "mcp.json"


CLIENTS: Final[Mapping[str, Client]] = {
    "claude-desktop": Client(
        title="Claude Desktop",
        file=lambda: _support() / "Claude" / "claude_desktop_config.json",
        project=None,
        found_by=lambda: [_support() / "Claude"],
        after="Quit Claude Desktop entirely and start it again.",
    ),
    "claude-code": Client(
        title="Claude Code",
        file=_claude_code,
        project=".mcp.json",
        found_by=lambda: [_folder_in("CLAUDE_CONFIG_DIR") or home() / ".claude"],
        extra={"type": "stdio"},
        after="Start a new session; /mcp shows the server.",
    ),
    "cursor": Client(
        title="Cursor",
        file=lambda: home() / ".cursor" / "mcp.json",
        project=".cursor/mcp.json",
        found_by=lambda: [home() / ".cursor"],
        after="Cursor sees the change by itself; look in its settings under MCP.",
    ),
    "vscode": Client(
        title="VS Code",
        file=_vscode,
        project=".vscode/mcp.json",
        found_by=lambda: [_vscode().parent],
        comments=True,
        trailing_commas=True,
        mark=True,
        key="servers",
        extra={"type": "stdio"},
        after="Run the command `MCP: List Servers` and start it there.",
    ),
    "codex": Client(
        title="Codex",
        file=lambda: (_folder_in("CODEX_HOME") or home() / ".codex") / "config.toml",
        project=".codex/config.toml",
        found_by=lambda: [_folder_in("CODEX_HOME") or home() / ".codex"],
        mark=True,
        key="mcp_servers",
        form="toml",
        after="Start a new session; /mcp shows the server.",
    ),
    "gemini": Client(
        title="Gemini CLI",
        file=lambda: (_folder_in("GEMINI_CLI_HOME") or home()) / ".gemini" / "settings.json",
        project=".gemini/settings.json",
        found_by=lambda: [(_folder_in("GEMINI_CLI_HOME") or home()) / ".gemini"],
        comments=True,
        after="Start a new session; /mcp shows the server.",
    ),
}
