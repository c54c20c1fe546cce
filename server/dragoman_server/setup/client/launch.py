"""The command that starts this server from anywhere: a client has another folder and another environment."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from dragoman_server.config.load import Config

_THROWN_AWAY: Final = frozenset({"archive-v0", "environments-v2", "builds-v0"})
"""Folders of uv's cache: what runs there through ``uvx`` may be gone tomorrow."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A program, its arguments, and the variables that it needs beside a bare environment."""

    command: str
    args: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict[str, str])


def launch(config: Config) -> Launch:
    """How a client starts ``dragoman serve`` with the same settings and the same data as this process."""
    program, *before = _program()
    settings = ["--config", str(Path(os.path.abspath(config.source)))] if config.source else []  # noqa: PTH100  # links stay
    # A client has none of this shell's variables.
    moved = os.environ.get("DRAGOMAN_DATA") or os.environ.get("XDG_DATA_HOME")
    env = {"DRAGOMAN_DATA": os.path.abspath(config.data)} if moved else {}  # noqa: PTH100  # as above
    return Launch(program, (*before, "serve", *settings), env)


def _program() -> list[str]:
    if _THROWN_AWAY.intersection(Path(sys.prefix).parts):
        return [shutil.which("uvx") or "uvx", *_origin(), "dragoman"]
    # This script starts the same Python whatever PATH a client has.
    beside = Path(sys.executable).parent / ("dragoman.exe" if os.name == "nt" else "dragoman")
    if os.access(beside, os.X_OK):
        return [str(beside)]
    return [sys.executable, "-m", "dragoman_server"]


def _origin() -> list[str]:
    """What makes ``uvx`` take the package from where this one came: a folder, a file or a repository."""
    try:
        # PEP 610: pip and uv note here what was installed from elsewhere than an index.
        text = distribution("dragoman").read_text("direct_url.json")
        found: Any = json.loads(text) if text else {}
    except (PackageNotFoundError, ValueError):
        return []
    url = str(found.get("url", ""))
    version: Any = found.get("vcs_info")
    if version:
        url = f"{version.get('vcs')}+{url}@{version.get('commit_id')}"
    if url.startswith("file:"):
        url = url2pathname(urlsplit(url).path)
    return ["--from", url] if url else []
