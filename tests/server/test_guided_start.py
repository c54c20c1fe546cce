"""What somebody meets who types ``dragoman`` or ``dragoman init`` into a terminal and knows nothing yet."""

import json
import os
from importlib.resources import files

import forked_program
import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

pytestmark = pytest.mark.skipif(os.name == "nt", reason="terminals are those of POSIX")

CREW = "WhatsApp Chat with Night crew.txt"
FIRST = "Which service, or archive, or try"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The home folder of somebody who has nothing, with an export in it."""
    for name in list(os.environ):
        if name.startswith(("DRAGOMAN_", "XDG_", "CLAUDE_", "CODEX_", "GEMINI_", "VSCODE_")):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / CREW).write_bytes((files("dragoman") / "archives" / "samples" / CREW).read_bytes())
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.chdir(folder)
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield folder
    keyring.set_keyring(before)


@pytest.fixture
def claude_code(home):
    (home / ".claude").mkdir()
    return home / ".claude.json"


def words(seen):
    return seen.decode().replace("\r\n", "\n")


def test_the_bare_command_in_a_terminal_names_what_there_is_and_the_next_step(talk, home):
    seen, status = talk([], [])
    shown = words(seen)
    assert status == 0
    assert "local (0 conversations on this machine)" in shown
    assert "none starts Dragoman yet" in shown
    assert "dragoman init" in shown.partition("Next:")[2]
    assert not (home / ".local").exists(), "looking makes no store"


def test_the_next_step_after_messages_is_the_client_and_after_it_everything_is_set_up(talk, home, claude_code):
    assert program("import", CREW).returncode == 0
    shown = words(talk([], [])[0])
    assert "local (1 conversation on this machine)" in shown
    assert "dragoman install claude-code" in shown.partition("Next:")[2]
    assert program("install", "claude-code").returncode == 0
    shown = words(talk([], [])[0])
    assert "clients   Claude Code" in shown
    assert "Everything is set up" in shown


def test_a_service_counts_as_something_to_read_and_is_not_reached(talk, home, claude_code):
    settings = home / ".config" / "dragoman" / "dragoman.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('[accounts.work]\nprovider = "slack"\ntoken = { env = "NOT_SET" }\n', encoding="utf-8")
    shown = words(talk([], [])[0])
    assert str(settings) in shown
    assert "work (slack; `dragoman check` reaches it)" in shown
    assert "dragoman install claude-code" in shown


def test_the_bare_command_in_a_pipe_shows_the_help_and_answers_nothing_on_stdout(home):
    done = program()
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Commands:" in done.stderr


def test_an_archive_is_shown_imported_and_given_to_the_client(talk, home, claude_code):
    seen, status = talk(
        ["init"],
        [
            (FIRST, "archive"), ("File or folder", "nothing-here.zip"), ("There is no file", f"'{home / CREW}' "),
            ("Who of them are you", "Ines Duarte"), ("Import it", ""), ("Which assistant", ""),
        ],
    )  # fmt: skip
    shown = words(seen)
    assert status == 0, shown
    assert "9 messages in 1 conversation would be imported" in shown.partition("Who of them")[0]
    assert "9 read, 9 new" in shown
    assert "The server was started once and answered." in shown
    assert json.loads(claude_code.read_text("utf-8"))["mcpServers"]["dragoman"]["args"][-1] == "serve"
    assert 'eval "$(dragoman completion bash)"' in shown
    assert "me (you): Sunrise" in program("call", "list_messages", "conversation=Night crew").stdout


def test_what_is_no_archive_is_said_and_another_file_asked_for(talk, home):
    (home / "notes.bin").write_bytes(b"\x00\x01nothing")
    seen, status = talk(
        ["init"],
        [
            (FIRST, "archive"), ("File or folder", "notes.bin"), ("File or folder", CREW),
            ("Who of them", ""), ("Import it", "n"),
        ],
    )  # fmt: skip
    shown = words(seen)
    assert status == 0, shown
    assert "Nothing was imported." in shown
    assert "dragoman install CLIENT" in shown, "no client is found here"


def test_a_look_shows_the_sample_leaves_nothing_and_asks_again(talk, home, claude_code):
    answers = [
        (FIRST, "try"),
        (FIRST, "local"),
        ("A name for the account", "mine"),
        ("name (", ""),
        ("(off, confirm, allow)", ""),
    ]
    seen, status = talk(["init", "--config", str(home / "mine.toml")], [*answers, ("Which assistant", "none")])
    shown = words(seen)
    assert status == 0, shown
    assert "kiosk-firmware" in shown
    assert 'provider = "local"' in (home / "mine.toml").read_text("utf-8")
    assert not claude_code.exists()


def test_install_offers_the_completion_to_who_reads_it_and_not_to_a_script(talk, home, claude_code):
    assert 'eval "$(dragoman completion bash)"' in words(talk(["install", "claude-code"], [])[0])
    assert "completion" not in program("install", "claude-code").stdout


def test_the_completion_is_not_offered_where_the_shell_has_it(talk, home):
    (home / ".bashrc").write_text('eval "$(dragoman completion bash)"\n', encoding="utf-8")
    seen, _ = talk(["init"], [(FIRST, "archive"), ("File or folder", CREW), ("Who of them", ""), ("Import it", "n")])
    assert "Completion in your shell" not in words(seen)


def program(*arguments):
    return forked_program.run(arguments, text=True)
