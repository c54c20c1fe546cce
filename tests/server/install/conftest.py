"""Somebody whose clients have no settings yet."""

import os

import pytest
from click.testing import CliRunner

from dragoman_server.cli.main import cli
from dragoman_server.setup.client import trial_start


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The home folder of somebody who has nothing configured, and the folder they are in."""
    for name in list(os.environ):
        if name.startswith(("DRAGOMAN_", "XDG_", "CLAUDE_", "CODEX_", "GEMINI_", "VSCODE_", "DESK_")):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    (tmp_path / "work").mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("APPDATA", str(folder / "AppData"))
    monkeypatch.chdir(tmp_path / "work")
    # It takes a second each time; test_trial_start does it.
    monkeypatch.setattr(trial_start, "try_start", lambda _launch: None)
    return folder


@pytest.fixture
def run(home):
    return lambda *words, **more: CliRunner().invoke(cli, list(words), catch_exceptions=False, **more)
