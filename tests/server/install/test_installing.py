import json
import os
import stat
import sys
import tomllib
from pathlib import Path

import pytest

from dragoman_server.config.load import load
from dragoman_server.setup.client import launch
from dragoman_server.setup.client.clients import CLIENTS

linux = pytest.mark.skipif(sys.platform != "linux", reason="the places are those of Linux")
posix = pytest.mark.skipif(os.name == "nt", reason="permissions are those of POSIX")


def entry(client: str, file: Path) -> dict[str, object]:
    text = file.read_text(encoding="utf-8")
    data = tomllib.loads(text) if CLIENTS[client].form == "toml" else json.loads(text)
    return data[CLIENTS[client].key]["dragoman"]


def files(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@linux
@pytest.mark.parametrize(
    ("client", "place"),
    [
        ("claude-desktop", ".config/Claude/claude_desktop_config.json"),
        ("claude-code", ".claude.json"),
        ("cursor", ".cursor/mcp.json"),
        ("vscode", ".config/Code/User/mcp.json"),
        ("codex", ".codex/config.toml"),
        ("gemini", ".gemini/settings.json"),
    ],
)
def test_each_client_finds_the_entry_in_its_own_place(run, home, client, place):
    assert run("install", client).exit_code == 0
    found = entry(client, home / place)
    assert Path(found["command"]).is_absolute()
    assert found["args"][-1] == "serve"
    assert stat.S_IMODE((home / place).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("client", "variable", "place"),
    [
        ("claude-code", "CLAUDE_CONFIG_DIR", ".claude.json"),
        ("codex", "CODEX_HOME", "config.toml"),
        ("gemini", "GEMINI_CLI_HOME", ".gemini/settings.json"),
        ("vscode", "VSCODE_PORTABLE", "user-data/User/mcp.json"),
    ],
)
def test_a_variable_that_moves_the_clients_settings_is_honoured(run, tmp_path, monkeypatch, client, variable, place):
    monkeypatch.setenv(variable, str(tmp_path / "moved"))
    assert run("install", client).exit_code == 0
    assert entry(client, tmp_path / "moved" / place)


@pytest.mark.parametrize("client", CLIENTS)
def test_installing_twice_changes_nothing_and_uninstalling_twice_is_no_error(run, tmp_path, client):
    run("install", client)
    before = files(tmp_path)
    again = run("install", client)
    assert "Nothing was changed." in again.stdout
    assert files(tmp_path) == before
    assert run("uninstall", client).exit_code == 0
    gone = run("uninstall", client)
    assert gone.exit_code == 0
    assert "nothing was changed" in gone.stdout


@pytest.mark.parametrize("client", [name for name, client in CLIENTS.items() if client.project])
def test_a_project_has_its_own_list(run, tmp_path, home, client):
    assert run("install", client, "--project").exit_code == 0
    assert entry(client, tmp_path / "work" / CLIENTS[client].project)
    assert not files(home)


def test_a_client_without_lists_in_projects_says_so(run, tmp_path):
    result = run("install", "claude-desktop", "--project")
    assert result.exit_code == 1
    assert "Claude Desktop has no settings in projects." in result.stderr
    assert not files(tmp_path)


OTHERS = '{\n  // mine\n  "numStartups": 7,\n  "mcpServers": {\n    "other": {"command": "x"},\n  },\n}\n'
OTHERS_TOML = (
    '# mine\nmodel = "m" # good\n\n[mcp_servers.other] # keep\ncommand = "x"\nargs = [\n  "a", # b\n]\n\n[z]\na=1\n'
)


@pytest.mark.parametrize("begin", ["", "\ufeff"], ids=["plain", "marked"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(
    ("client", "text"),
    [
        ("vscode", OTHERS.replace("mcpServers", "servers")),
        ("codex", OTHERS_TOML),
        ("codex", 'model = "m" # mine\n'),
    ],
)
def test_everything_that_was_there_stays_and_comes_back_and_is_backed_up(run, tmp_path, client, text, newline, begin):
    file = tmp_path / "list"
    text = begin + text.replace("\n", newline)
    file.write_bytes(text.encode())
    file.chmod(0o640)
    run("install", client, "--file", str(file))
    lines = iter(file.read_bytes().decode().splitlines(keepends=True))
    assert all(line in lines for line in text.splitlines(keepends=True))
    (backup,) = tmp_path.glob("list.*.bak")
    assert backup.read_bytes() == text.encode()
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(backup.stat().st_mode)
    run("uninstall", client, "--file", str(file))
    assert file.read_bytes() == text.encode()


def test_what_the_owner_added_to_the_entry_stays(run, tmp_path):
    file = tmp_path / "list"
    old = {"command": "/old/dragoman", "args": ["serve"], "env": {"TZ": "UTC"}, "disabled": True}
    file.write_text(json.dumps({"mcpServers": {"dragoman": old}}), encoding="utf-8")
    run("install", "cursor", "--file", str(file))
    found = entry("cursor", file)
    assert found["env"] == {"TZ": "UTC"}
    assert found["disabled"] is True
    assert found["command"] != "/old/dragoman"


def test_a_dry_run_shows_only_the_lines_that_change_and_changes_nothing(run, tmp_path):
    file = tmp_path / "list"
    text = '{\n  "mcpServers": {\n    "other": {\n      "env": {"KEY": "hunter2-hunter2"}\n    }\n  }\n}\n'
    file.write_text(text, encoding="utf-8")
    before = files(tmp_path)
    for command in ("install", "uninstall"):
        result = run(command, "cursor", "--file", str(file), "--dry-run")
        assert result.exit_code == 0
        assert "hunter2" not in result.stdout
        assert files(tmp_path) == before
    shown = run("install", "cursor", "--file", str(file), "--dry-run").stdout
    assert '+    "dragoman": {' in shown


@pytest.mark.parametrize("client", CLIENTS)
def test_the_entry_can_be_printed_instead(run, tmp_path, client):
    printed = run("install", client, "--print").stdout
    data = tomllib.loads(printed) if CLIENTS[client].form == "toml" else json.loads(printed)
    assert data[CLIENTS[client].key]["dragoman"]["args"][-1] == "serve"
    assert not files(tmp_path)


BROKEN = ['{"mcpServers": {', "[]", '{"mcpServers": 3}', "not json", '{"mcpServers": {}, "mcpServers": {}}', "\xff"]


@pytest.mark.parametrize(
    ("command", "content"), [*(("install", text) for text in BROKEN), ("uninstall", "{"), ("uninstall", "\xff")]
)
def test_a_file_that_cannot_be_understood_is_named_and_left_alone(run, tmp_path, command, content):
    file = tmp_path / "list"
    file.write_bytes(content.encode("latin-1"))
    before = files(tmp_path)
    result = run(command, "cursor", "--file", str(file))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{file}: ")
    assert "Nothing was changed" in result.stderr
    assert files(tmp_path) == before


def test_a_file_that_cannot_be_understood_gets_the_entry_shown_for_adding_by_hand(run, tmp_path):
    (tmp_path / "list").write_text("{", encoding="utf-8")
    result = run("install", "cursor", "--file", str(tmp_path / "list"))
    assert json.loads(result.stderr.partition("by hand:\n")[2])["mcpServers"]["dragoman"]


@pytest.mark.parametrize("other", ['{"command": "npx", "args": ["other"]}', '{"url": "https://x"}', '"text"'])
@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_a_name_that_belongs_to_another_server_is_left_to_it(run, tmp_path, command, other):
    file = tmp_path / "list"
    file.write_text(f'{{"mcpServers": {{"dragoman": {other}}}}}', encoding="utf-8")
    before = files(tmp_path)
    result = run(command, "cursor", "--file", str(file))
    assert result.exit_code == 1
    assert "--name" in result.stderr
    assert files(tmp_path) == before
    if command == "install":
        assert run("install", "cursor", "--file", str(file), "--name", "mail").exit_code == 0


@posix
def test_folders_pipes_and_protected_files_are_refused(run, tmp_path):
    (tmp_path / "real").write_text("{}", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "folder").mkdir()
    (tmp_path / "to-folder").symlink_to(tmp_path / "folder")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "locked").write_text("{}", encoding="utf-8")
    (tmp_path / "locked").chmod(0o400)
    for name, said in [
        ("link", "leads to nothing"),
        ("circle", "Nothing was changed"),
        ("folder", "no plain file"),
        ("to-folder", "no plain file"),
        ("pipe", "no plain file"),
        ("locked", "write-protected"),
        ("real/below", "Not a directory"),
    ]:
        result = run("install", "cursor", "--file", str(tmp_path / name))
        assert result.exit_code == 1
        assert said in result.stderr
        assert "Nothing was changed." in result.stderr
    assert (tmp_path / "real").read_text(encoding="utf-8") == "{}"


@posix
@pytest.mark.parametrize("relative", [True, False])
def test_a_link_into_a_folder_of_ones_own_stays_a_link_and_its_file_is_changed(run, home, tmp_path, relative):
    real = tmp_path / "dotfiles" / "mcp.json"
    real.parent.mkdir()
    real.write_text('{"mcpServers": {"other": {"command": "x"}}}', encoding="utf-8")
    (home / ".cursor").mkdir()
    link = home / ".cursor" / "mcp.json"
    link.symlink_to(os.path.relpath(real, link.parent) if relative else real)
    result = run("install", "cursor")
    assert result.exit_code == 0, result.stderr
    assert link.is_symlink()
    assert entry("cursor", real)
    assert str(link) in result.stdout
    assert run("uninstall", "cursor").exit_code == 0
    assert json.loads(real.read_text(encoding="utf-8")) == {"mcpServers": {"other": {"command": "x"}}}


@posix
def test_a_file_or_link_of_somebody_else_is_refused(run, home, tmp_path, monkeypatch):
    (home / ".cursor").mkdir()
    (tmp_path / "theirs").write_text("{}", encoding="utf-8")
    (home / ".cursor" / "mcp.json").symlink_to(tmp_path / "theirs")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    result = run("install", "cursor")
    assert result.exit_code == 1
    assert "belongs to another user" in result.stderr
    assert (tmp_path / "theirs").read_text(encoding="utf-8") == "{}"


def test_the_settings_and_a_moved_data_folder_go_along(run, tmp_path, monkeypatch):
    (tmp_path / "work" / "dragoman.toml").write_text('[accounts.a]\nprovider = "local"\n', encoding="utf-8")
    monkeypatch.setenv("DRAGOMAN_CONFIG", "dragoman.toml")
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    run("install", "cursor", "--file", str(tmp_path / "list"))
    found = entry("cursor", tmp_path / "list")
    assert found["args"][-2:] == ["--config", str(tmp_path / "work" / "dragoman.toml")]
    assert found["env"] == {"DRAGOMAN_DATA": str(tmp_path / "data")}


def test_what_runs_from_the_cache_of_uv_is_started_by_uvx_again(home, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(home / ".cache" / "uv" / "archive-v0" / "abc"))
    started = launch.launch(load())
    assert Path(started.command).name == "uvx"
    assert started.args[-2:] == ("dragoman", "serve")


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ({"url": "file:///opt/dragoman", "dir_info": {}}, ("--from", "/opt/dragoman", "dragoman", "serve")),
        (
            {"url": "https://git.example/d", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            ("--from", "git+https://git.example/d@abc", "dragoman", "serve"),
        ),
        (None, ("dragoman", "serve")),
    ],
)
@posix
def test_uvx_takes_the_package_from_where_it_came(home, monkeypatch, origin, expected):
    monkeypatch.setattr(sys, "prefix", str(home / ".cache" / "uv" / "archive-v0" / "abc"))

    class Installed:
        def read_text(self, name):
            return json.dumps(origin) if origin and name == "direct_url.json" else None

    monkeypatch.setattr(launch, "distribution", lambda name: Installed())
    assert launch.launch(load()).args == expected


def test_without_a_script_the_module_is_started(home, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(home / "python"))
    assert launch.launch(load()).args == ("-m", "dragoman_server", "serve")
