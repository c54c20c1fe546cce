"""A settings file that came with a folder counts only when its folder is trusted."""

import json
import os
import stat

import pytest
from click.testing import CliRunner

from dragoman_server.cli.main import cli
from dragoman_server.config import find
from dragoman_server.config.diagnostics import ConfigError

OURS = '[accounts.mine]\nprovider = "local"\n'
CLONED = (
    '[accounts.cloned]\nprovider = "convore"\nbase_url = "https://evil.example"\ntoken = { env = "CONVORE_API_KEY" }\n'
)
posix = pytest.mark.skipif(os.name == "nt", reason="permissions are those of POSIX")


@pytest.fixture
def places(tmp_path, environment, monkeypatch):
    """A folder with a settings file in it, and somebody who has settings of their own."""
    for name in list(os.environ):
        if name.startswith(("DRAGOMAN_", "XDG_")):
            monkeypatch.delenv(name)
    own = tmp_path / "settings" / "dragoman"
    own.mkdir(parents=True)
    (own / "dragoman.toml").write_text(OURS, encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    environment["XDG_CONFIG_HOME"] = str(tmp_path / "settings")
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    folder = tmp_path / "cloned"
    folder.mkdir()
    (folder / "dragoman.toml").write_text(CLONED, encoding="utf-8")
    return folder


@pytest.fixture
def run(places, monkeypatch):
    """Run a command in a folder, as a new process would."""

    def start(*words: str, cwd=places, env=None):
        monkeypatch.setattr(find, "_reported", set())
        with monkeypatch.context() as there:
            there.chdir(cwd)
            for name, value in (env or {}).items():
                there.setenv(name, value)
            return CliRunner().invoke(cli, list(words), catch_exceptions=False)

    return start


def test_settings_of_a_folder_that_is_not_trusted_are_named_and_passed_over(run, places):
    result = run("accounts")
    assert result.exit_code == 0
    assert "mine (local)" in result.stdout
    assert "cloned" not in result.stdout
    assert result.stderr.count(str(places / "dragoman.toml")) == 1
    assert f"dragoman trust {places}" in result.stderr


def test_a_trusted_folder_counts_until_its_settings_change(run, places):
    trusted = run("trust")
    assert trusted.exit_code == 0, trusted.stderr
    assert "https://evil.example" in trusted.stdout
    assert "CONVORE_API_KEY" in trusted.stdout
    assert "cloned (convore)" in run("accounts").stdout
    assert "cloned (convore)" in run("accounts", cwd=places).stdout
    (places / "dragoman.toml").write_text(CLONED.replace("evil.example", "other.example"), encoding="utf-8")
    changed = run("accounts")
    assert "mine (local)" in changed.stdout
    assert "has changed since you trusted it" in changed.stderr
    run("trust", ".")
    assert "cloned (convore)" in run("accounts").stdout


def test_trust_can_be_taken_back(run):
    run("trust")
    assert run("trust", "--forget").exit_code == 0
    assert "mine (local)" in run("accounts").stdout
    assert "was not trusted" in run("trust", "--forget").stdout


def test_trust_belongs_to_one_folder_and_not_to_what_is_equal_to_it(run, places, tmp_path):
    run("trust")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "dragoman.toml").write_text(CLONED, encoding="utf-8")
    assert "mine (local)" in run("accounts", cwd=tmp_path / "copy").stdout


@posix
def test_a_folder_is_trusted_whatever_link_leads_to_it(run, places, tmp_path):
    (tmp_path / "link").symlink_to(places)
    run("trust", str(tmp_path / "link"), cwd=tmp_path)
    assert "cloned (convore)" in run("accounts").stdout


def test_whoever_names_a_file_trusts_it(run, tmp_path, places):
    file = str(places / "dragoman.toml")
    assert "cloned (convore)" in run("accounts", "--config", file).stdout
    assert "cloned (convore)" in run("accounts", "--config", "dragoman.toml").stdout
    named = run("accounts", env={"DRAGOMAN_CONFIG": "dragoman.toml"})
    assert "cloned (convore)" in named.stdout
    assert not named.stderr


def test_a_file_with_mistakes_is_not_trusted(run, places):
    (places / "dragoman.toml").write_text("nonsense = 1\n", encoding="utf-8")
    result = run("trust")
    assert result.exit_code == 2
    assert "nonsense" in result.stderr
    assert "passed over" in run("accounts").stderr or "is not used" in run("accounts").stderr


@pytest.mark.parametrize("folder", ["missing", "empty", "empty/other.toml"])
def test_a_folder_without_settings_cannot_be_trusted(run, places, folder):
    (places / "empty").mkdir()
    (places / "empty" / "other.toml").touch()
    result = run("trust", folder)
    assert result.exit_code != 0
    assert str(places / "missing" if folder == "missing" else places / "empty") in result.stderr


@posix
def test_only_the_user_can_write_what_is_trusted(run, tmp_path):
    run("trust")
    register = tmp_path / "settings" / "dragoman" / "trusted.json"
    assert stat.S_IMODE(register.stat().st_mode) == 0o600
    register.chmod(0o666)
    assert "mine (local)" in run("accounts").stdout


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', "{", "\x00", "null", '["\\ud800"]'])
def test_a_damaged_list_of_trusted_files_trusts_nothing(run, tmp_path, content):
    run("trust")
    (tmp_path / "settings" / "dragoman" / "trusted.json").write_text(content, encoding="utf-8")
    result = run("accounts")
    assert "mine (local)" in result.stdout
    assert run("trust").exit_code == 0


def test_what_our_own_commands_change_stays_trusted(run):
    run("trust")
    added = run("init", "--provider", "local", "--name", "notes", "--set", "path=notes.db", "--no-check")
    assert added.exit_code == 0, added.stderr
    assert "notes (local)" in run("accounts").stdout


def test_an_account_is_not_added_to_settings_that_are_not_trusted(run, places, tmp_path):
    assert run("init", "--provider", "local", "--name", "notes", "--set", "path=n.db", "--no-check").exit_code == 0
    assert (places / "dragoman.toml").read_text(encoding="utf-8") == CLONED
    assert "notes" in (tmp_path / "settings" / "dragoman" / "dragoman.toml").read_text(encoding="utf-8")


def test_the_entry_of_a_client_names_the_file_that_counts(run, places, tmp_path):
    printed = json.loads(run("install", "cursor", "--print").stdout)
    own = tmp_path / "settings" / "dragoman" / "dragoman.toml"
    assert printed["mcpServers"]["dragoman"]["args"][-2:] == ["--config", str(own)]
    run("trust")
    printed = json.loads(run("install", "cursor", "--print").stdout)
    assert printed["mcpServers"]["dragoman"]["args"][-2:] == ["--config", str(places / "dragoman.toml")]


def test_the_server_passes_it_over_too_and_says_so_once(serve, environment, places, tmp_path):
    (tmp_path / "dragoman.toml").write_text(CLONED, encoding="utf-8")
    with serve() as server:
        server.greet()
        names = [tool["name"] for tool in server.ask("tools", "tools/list")["result"]["tools"]]
        answer = server.ask("call", "tools/call", {"name": "list_conversations", "arguments": {}})
        server.process.stdin.close()
        said = server.process.stderr.read().decode()
    assert "send_message" in names
    assert "isError" not in answer["result"] or not answer["result"]["isError"]
    assert said.count(str(tmp_path / "dragoman.toml")) == 1


@posix
def test_a_hostile_name_of_a_folder_writes_nothing_into_the_terminal(run, tmp_path):
    folder = tmp_path / "a\x1b]0;owned\x07\nb"
    folder.mkdir()
    (folder / "dragoman.toml").write_text(CLONED, encoding="utf-8")
    said = run("accounts", cwd=folder).stderr
    assert "\x1b" not in said
    assert said.count("\n") == 1


def test_a_server_does_not_go_on_with_other_settings_when_its_own_lose_their_trust(run, places, monkeypatch):
    monkeypatch.chdir(places)
    run("trust")
    before = find.find()
    assert str(before.path) == "dragoman.toml"
    assert find.find_again(None, before) == before
    (places / "dragoman.toml").write_text(CLONED + "\n# changed\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="dragoman trust"):
        find.find_again(None, before)
    run("trust")
    assert find.find_again(None, before).content.endswith(b"# changed\n")
    (places / "dragoman.toml").unlink()
    with pytest.raises(ConfigError, match="is gone"):
        find.find_again(None, before)
