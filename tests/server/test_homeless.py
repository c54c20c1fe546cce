"""Somebody without a home folder: a container's user that no list has, or a HOME that is no path."""

import os
import sys

import pytest
from click.testing import CliRunner

from dragoman_server.cli.main import cli

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the list of users is that of POSIX")


@pytest.fixture
def run(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith(("DRAGOMAN_", "XDG_", "CLAUDE_", "CODEX_", "GEMINI_", "VSCODE_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(cli, list(words), catch_exceptions=False)


@pytest.fixture
def homeless(run, monkeypatch):
    def nobody(_uid):
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", nobody)
    return run


@pytest.mark.parametrize("words", [["tools"], ["accounts"], ["init", "--provider", "local"], ["install", "cursor"]])
def test_without_a_home_every_command_says_what_to_set(homeless, tmp_path, words):
    result = homeless(*words)
    assert result.exit_code == 1
    assert result.stderr.startswith("There is no home folder. Set ")
    assert not list(tmp_path.iterdir())


def test_with_a_folder_for_data_none_is_needed(homeless, tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    assert homeless("call", "list_conversations").stdout.startswith("0 conversations")
    assert homeless("install", "cursor", "--file", str(tmp_path / "mcp.json")).exit_code == 0
    assert "HOME" in homeless("install", "cursor").stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the places are those of Linux")
@pytest.mark.parametrize("home", ["", "relative"])
def test_a_home_that_is_no_full_path_is_not_written_to(run, tmp_path, monkeypatch, home):
    monkeypatch.setenv("HOME", home)
    result = run("install", "cursor")
    assert result.exit_code == 1
    assert "There is no home folder." in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words", [["tools", "--config", "~nobody-at-all/x"], ["install", "cursor", "--file", "~nobody-at-all/x"]]
)
def test_the_home_of_nobody_is_named(run, tmp_path, monkeypatch, words):
    monkeypatch.setenv("HOME", str(tmp_path))
    result = run(*words)
    assert result.exit_code != 0
    assert "~nobody-at-all/x: There is no such home folder. Write the path in full." in result.stderr


@pytest.mark.parametrize("variable", ["DRAGOMAN_CONFIG", "DRAGOMAN_DATA"])
def test_a_variable_with_the_home_of_nobody_is_named(run, tmp_path, monkeypatch, variable):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, "~nobody-at-all/x")
    result = run("tools")
    assert result.exit_code != 0
    assert "~nobody-at-all/x: There is no such home folder. Write the path in full." in result.stderr


def test_an_account_in_the_home_of_nobody_is_a_mistake_of_the_settings(run, tmp_path, monkeypatch, settings_named):
    monkeypatch.setenv("HOME", str(tmp_path))
    settings_named('[accounts.a]\nprovider = "local"\npath = "~nobody-at-all/x.db"\n')
    result = run("tools")
    assert result.exit_code == 2
    assert "dragoman.toml:3: accounts.a.path: ~nobody-at-all/x.db: There is no such home folder." in result.stderr
