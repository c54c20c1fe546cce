"""After `install` the client can read its file, or nothing was changed."""

import json
import re
import tomllib

import pytest

from dragoman_server.setup.client.clients import CLIENTS

JSON = [name for name, client in CLIENTS.items() if client.form == "json"]
STRICT = ["claude-desktop", "claude-code", "cursor"]


def plain(key: str, more: str = "") -> str:
    return f'{{"{key}": {{"other": {{"command": "x"}}{more}}}}}'


def as_the_client_reads(client: str, content: bytes) -> dict[str, object]:
    """What the client's own reader makes of a file, as strict as it is."""
    text = content.decode()
    if client == "codex":
        return tomllib.loads(text.removeprefix("\ufeff"))
    if client == "vscode":
        text = re.sub(
            r",(\s*[}\]])", r"\1", re.sub(r"//[^\n]*|/\*.*?\*/", "", text.removeprefix("\ufeff"), flags=re.DOTALL)
        )
    if client == "gemini":
        text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    return json.loads(text)


@pytest.mark.parametrize("client", JSON)
def test_a_byte_order_mark_is_taken_out_where_the_client_refuses_it(run, tmp_path, client):
    file = tmp_path / "list"
    file.write_bytes(b"\xef\xbb\xbf" + plain(CLIENTS[client].key).encode())
    result = run("install", client, "--file", str(file))
    assert result.exit_code == 0
    found = as_the_client_reads(client, file.read_bytes())[CLIENTS[client].key]
    assert found.keys() == {"other", "dragoman"}
    assert ("byte order mark" in result.stdout) == (client != "vscode")


@pytest.mark.parametrize("client", STRICT)
def test_a_mark_before_an_entry_that_is_there_already_is_taken_out_too(run, tmp_path, client):
    file = tmp_path / "list"
    run("install", client, "--file", str(file))
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert "byte order mark" in run("install", client, "--file", str(file)).stdout
    assert "dragoman" in as_the_client_reads(client, file.read_bytes())["mcpServers"]


ODD = {
    "comment": '{\n  // mine\n  "KEY": {"other": {"command": "x"}}\n}',
    "block comment": '{\n  "KEY": {"other": {"command": "x"}} /* mine\n */\n}',
    "comment first": '/* mine */ {"KEY": {"other": {"command": "x"}}}',
    "comment last": '{"KEY": {"other": {"command": "x"}}} // mine',
    "comma": '{\n  "KEY": {"other": {"command": "x"}},\n}',
    "comma in a list": '{"KEY": {"other": {"command": "x", "args": ["a",]}}}',
    "comma in an entry": '{"KEY": {"other": {"command": "x",},}}',
    "marked comment": '\ufeff{ // mine\n"KEY": {"other": {"command": "x"}}}',
}


@pytest.mark.parametrize("client", JSON)
@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("dry", [True, False])
def test_what_the_client_cannot_read_is_refused_with_the_reason_and_its_line(run, tmp_path, client, name, dry):
    file = tmp_path / "list"
    content = ODD[name].replace("KEY", CLIENTS[client].key).encode()
    file.write_bytes(content)
    try:
        as_the_client_reads(client, content.removeprefix(b"\xef\xbb\xbf"))
        readable = True
    except ValueError:
        readable = False
    result = run("install", client, "--file", str(file), *(["--dry-run"] if dry else []))
    if readable:
        assert result.exit_code == 0
        assert dry or "dragoman" in as_the_client_reads(client, file.read_bytes())[CLIENTS[client].key]
    else:
        assert result.exit_code == 1
        assert CLIENTS[client].title in result.stderr
        assert re.search(r"line \d", result.stderr)
        assert "Nothing was changed" in result.stderr
        assert "starts dragoman" not in result.stdout
        assert file.read_bytes() == content
        assert list(tmp_path.glob("list.*")) == []


def test_a_comment_in_text_is_no_comment(run, tmp_path):
    file = tmp_path / "list"
    file.write_text(
        '{"mcpServers": {"other": {"command": "x", "args": ["https://a", "/* b */", ",]"]}}}', encoding="utf-8"
    )
    assert run("install", "claude-desktop", "--file", str(file)).exit_code == 0
    assert "dragoman" in json.loads(file.read_text(encoding="utf-8"))["mcpServers"]


@pytest.mark.parametrize("client", JSON)
@pytest.mark.parametrize(
    "text", ['{"KEY": null}', '{\n  "a": 1,\n  "KEY": null\n}\n', '{"KEY": {"dragoman": null}}', "", " \n", "\ufeff"]
)
def test_a_list_that_is_nothing_is_an_empty_one(run, tmp_path, client, text):
    file = tmp_path / "list"
    file.write_text(text.replace("KEY", CLIENTS[client].key), encoding="utf-8")
    result = run("install", client, "--file", str(file))
    assert result.exit_code == 0, result.stderr
    found = as_the_client_reads(client, file.read_bytes())
    assert found[CLIENTS[client].key].keys() == {"dragoman"}
    assert found.get("a", 1) == 1
    assert run("uninstall", client, "--file", str(file)).exit_code == 0
    assert "dragoman" not in (as_the_client_reads(client, file.read_bytes())[CLIENTS[client].key] or {})


@pytest.fixture
def several(home):
    """A machine with Claude Code, Cursor and Codex."""
    (home / ".claude").mkdir()
    (home / ".cursor").mkdir()
    (home / ".codex").mkdir()
    return {
        "claude-code": home / ".claude.json",
        "cursor": home / ".cursor/mcp.json",
        "codex": home / ".codex/config.toml",
    }


def test_all_clients_that_are_there_get_the_entry_and_no_others(run, home, several):
    result = run("install", "--all")
    assert result.exit_code == 0, result.stderr
    for client, file in several.items():
        assert "dragoman" in as_the_client_reads(client, file.read_bytes())[CLIENTS[client].key]
    assert not (home / ".gemini").exists()
    assert not (home / ".config").exists()
    assert "Nothing was changed." in run("install", "--all").stdout
    assert run("uninstall", "--all").exit_code == 0
    for client, file in several.items():
        assert not as_the_client_reads(client, file.read_bytes()).get(CLIENTS[client].key)


def test_one_client_that_cannot_be_changed_does_not_stop_the_others(run, several):
    several["cursor"].write_text("{ // mine\n}", encoding="utf-8")
    result = run("install", "--all")
    assert result.exit_code == 1
    assert "Cursor cannot read comments" in result.stderr
    assert several["cursor"].read_text(encoding="utf-8") == "{ // mine\n}"
    assert several["claude-code"].exists()
    assert several["codex"].exists()


def test_a_dry_run_for_all_changes_nothing(run, home, several):
    assert run("install", "--all", "--dry-run").exit_code == 0
    assert not any(file.exists() for file in several.values())


def test_without_any_client_it_says_which_could_be_named(run, home):
    result = run("install", "--all")
    assert result.exit_code == 1
    assert "claude-desktop" in result.stderr


@pytest.mark.parametrize("words", [[], ["cursor", "--all"], ["--all", "--file", "x"]])
def test_one_client_or_all_of_them(run, words):
    assert run("install", *words).exit_code == 2
