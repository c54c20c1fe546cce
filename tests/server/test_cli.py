import json
import subprocess
import sys
from pathlib import Path

import pytest

MESSAGE = ["conversation=local:room", "author=Ann", "sent_at=2026-03-10T09:00Z"]


def test_a_call_prints_what_an_assistant_would_see(run):
    assert run("call", "import_message", *MESSAGE, "text=a=b").exit_code == 0
    result = run("call", "list_messages", "conversation=local:room")
    assert (
        result.stdout == "room · local · 1 message, times in UTC · written by others\n== 2026-03-10\n1 09:00 Ann: a=b\n"
    )
    assert result.stderr == ""


def test_arguments_may_be_json_and_words_win(run):
    run("call", "import_message", "--json", json.dumps({"text": "x", "author": "Bo"}), *MESSAGE)
    result = run("call", "list_messages", "--json", '{"conversation": "local:room", "format": "text"}', "format=json")
    assert json.loads(result.stdout)["messages"][0]["author"] == "Ann"


def test_a_repeated_key_makes_a_list(run):
    run("call", "import_message", *MESSAGE, "text=x")
    result = run("call", "update_message", "message=1", "labels=red", "labels=blue")
    assert result.exit_code == 0
    assert "red" in result.stdout
    assert "blue" in result.stdout


def test_a_tool_error_is_printed_as_the_assistant_sees_it_and_the_status_is_1(run):
    result = run("call", "get_message", "message=99")
    assert result.exit_code == 1
    assert "99" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list_mesages"], "did you mean list_messages?"),
        (["zzz"], "there are list_conversations"),
        (["list_messages", "limit"], "key=value"),
        (["list_messages", "=5"], "key=value"),
        (["list_messages", "--json", "["], "this is no JSON"),
        (["list_messages", "--json", "[]"], "takes a JSON object"),
    ],
)
def test_a_call_that_cannot_be_meant_is_a_usage_error(run, arguments, said):
    result = run("call", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_tools_are_listed_with_their_cost(run):
    lines = run("tools").stdout.splitlines()
    costs = [int(line.split()[1]) for line in lines[:-1]]
    assert [line.split()[0] for line in lines[:2]] == ["list_conversations", "list_messages"]
    assert lines[-1] == f"8 tools, about {sum(costs):,} tokens in every conversation."
    assert sum(costs) <= 1800


def test_tools_that_no_account_may_use_are_not_listed(run, settings_named):
    settings_named('[accounts.notes]\nprovider = "local"\nwrite = "off"\n')
    assert "send_message" not in run("tools").stdout
    assert "cannot   send_message, update_message, import_message" in run("accounts").stdout
    assert "write    off" in run("accounts").stdout


def test_accounts_are_listed_with_abilities_policy_and_limits(run, settings_named):
    settings_named('[accounts.notes]\nprovider = "local"\nwrite = "confirm"\nwrite_to = ["notes:a"]\n')
    said = run("accounts").stdout
    assert said.startswith("notes (local)\n")
    assert "can      list_conversations, list_messages" in said
    assert "write    confirm, only notes:a" in said
    assert "200 a page" in said


def test_check_says_for_each_account_what_works(run):
    result = run("check")
    assert result.exit_code == 0
    account, store = result.stdout.splitlines()
    assert account.startswith("ok      local: ")
    assert store.startswith("ok      store: ")


def test_check_fails_when_write_to_names_what_does_not_exist(run, settings_named):
    settings_named(
        '[accounts.a]\nprovider = "local"\nwrite_to = ["a:room", "nothing"]\n'
        '[accounts.b]\nprovider = "local"\npath = "b.db"\n'
    )
    result = run("check")
    assert result.exit_code == 1
    bad, good = result.stdout.splitlines()[:2]
    assert bad == (
        "FAILED  a: write_to names conversations that do not exist: a:room, nothing."
        " Correct them in [accounts.a], or take them out."
    )
    assert good.startswith("ok      b: ")


def test_check_tells_a_broken_file_from_one_that_works(run, tmp_path, settings_named):
    (tmp_path / "bad.db").write_bytes(b"this is no database" * 100)
    settings_named('[accounts.a]\nprovider = "local"\npath = "bad.db"\n')
    result = run("check")
    assert result.exit_code == 1
    assert result.stdout.startswith("FAILED  a: ")
    assert (tmp_path / "bad.db").read_bytes() == b"this is no database" * 100


def test_a_crashing_provider_fails_its_check_and_no_other(run, trouble, tmp_path):
    settings = trouble.read_text(encoding="utf-8") + '[accounts.near]\nprovider = "local"\n'
    trouble.write_text(settings, encoding="utf-8")
    source = tmp_path / "site" / "trouble.py"
    source.write_text(
        source.read_text(encoding="utf-8").replace('print("printed by a call")', "1 / 0"), encoding="utf-8"
    )
    result = run("check", "--config", str(trouble))
    assert result.exit_code == 1
    assert "FAILED  far: The provider crashed (ZeroDivisionError)." in result.stdout
    assert "ok      near: " in result.stdout


def test_import_says_how_much_was_new(run, chat_file):
    first, again = run("import", str(chat_file)), run("import", str(chat_file), "--account", "local")
    assert first.exit_code == again.exit_code == 0
    assert first.stdout.splitlines()[-1] == "199 read, 197 new, 0 changed, 0 known, 2 skipped."
    assert again.stdout.splitlines()[-1] == "199 read, 0 new, 0 changed, 199 known, 0 skipped."


@pytest.mark.parametrize("arguments", [["import", "none.json"], ["import", "."], ["import", "dragoman.toml"]])
def test_a_file_that_cannot_be_imported_is_one_sentence_and_status_1(run, settings_named, arguments):
    settings_named("max_tokens = 300\n")
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", [["tools"], ["accounts"], ["check"], ["call", "x"], ["import", "x"], ["demo"]])
def test_every_command_refuses_a_bad_settings_file_before_it_opens_anything(run, tmp_path, command):
    (tmp_path / "bad.toml").write_text("nonsense = 1\n", encoding="utf-8")
    result = run(*command, "--config", "bad.toml")
    assert result.exit_code == 2
    assert result.stderr.startswith("bad.toml:1: nonsense: is not a setting;")
    assert not (tmp_path / "data").exists()


def test_the_version_is_said(run):
    assert run("--version").stdout.startswith("dragoman, version ")


def test_output_is_utf8_whatever_the_locale_and_survives_lone_surrogates(dragoman_command):
    strange = {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}
    done = dragoman_command("call", "import_message", *MESSAGE, "text=日本 👩\u200d🔧", **strange)
    assert done.returncode == 0
    assert "Ann: 日本 👩\u200d🔧".encode() in done.stdout


@pytest.mark.usefixtures("fresh_interpreters")
def test_the_command_and_the_module_are_the_same_program(dragoman_command):
    assert dragoman_command("--help").stdout.startswith(b"Usage: dragoman [OPTIONS] ")


def test_help_imports_neither_the_sdk_nor_the_library(environment):
    program = (
        "import sys\nfrom dragoman_server.cli.main import cli\n"
        "try:\n    cli(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'mcp', 'pydantic', 'apsw', 'httpx', 'grpc'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True, timeout=60)
    assert done.stdout.endswith(b"[]\n")


def test_a_crash_of_a_provider_is_logged_and_said_without_its_text(dragoman_command, trouble):
    done = dragoman_command("call", "list_messages", "conversation=far:crash", "--config", str(trouble))
    assert done.returncode == 1
    assert b"Internal error; it is logged on stderr. Other calls still work." in done.stdout
    assert b"secret of the crash" not in done.stdout
    assert b"list_messages crashed." in done.stderr


@pytest.fixture
def shell(environment, tmp_path):
    """Run the command in a shell line, where it is called ``dragoman``."""

    def run(line: str) -> subprocess.CompletedProcess[bytes]:
        command = f'dragoman() {{ "{sys.executable}" -m dragoman_server "$@"; }}; {line}'
        return subprocess.run(
            ["sh", "-c", command], capture_output=True, env=environment, cwd=tmp_path, timeout=60, check=False
        )

    return run


posix = pytest.mark.skipif(sys.platform == "win32", reason="there is no POSIX shell")


@posix
@pytest.mark.parametrize("line", ["dragoman serve <&-", "dragoman serve >&-"])
def test_a_server_without_stdin_or_stdout_says_so_in_a_sentence_and_the_status_is_1(shell, line):
    done = shell(line)
    assert done.returncode == 1
    assert done.stderr.startswith(b"The server needs an open stdin and an open stdout.")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("dragoman call list_conversations >/dev/full", b"its answer cannot be written (No space left on device)."),
        ("dragoman tools >/dev/full", b"its answer cannot be written (No space left on device)."),
        ("dragoman demo >/dev/full", b"The system refuses to go on (No space left on device)."),
    ],
)
def test_an_answer_that_cannot_be_written_is_one_sentence_and_status_1(shell, line, sentence):
    done = shell(line)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


@posix
def test_a_reader_that_leaves_early_ends_the_demonstration_in_silence(shell):
    done = shell("dragoman demo | head -20")
    assert len(done.stdout.splitlines()) == 20
    assert done.stderr == b""
