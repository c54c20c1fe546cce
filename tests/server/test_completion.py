import shutil
import subprocess
import sys

import pytest

SHELLS = ("bash", "zsh", "fish")


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_its_script(dragoman_command, shell):
    if shell == "bash" and shutil.which("bash") is None:
        pytest.skip("there is no bash to be asked for its version")
    done = dragoman_command("completion", shell)
    assert done.returncode == 0
    assert b"_DRAGOMAN_COMPLETE" in done.stdout


@pytest.fixture
def offered(environment, tmp_path):
    """What a shell would offer for the last of some words."""

    def ask(*words: str) -> list[str]:
        asked = {"_DRAGOMAN_COMPLETE": "zsh_complete", "COMP_WORDS": " ".join(("dragoman", *words[:-1], words[-1]))}
        asked["COMP_CWORD"] = str(len(words))
        done = subprocess.run(
            [sys.executable, "-m", "dragoman_server"],
            env=environment | asked, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        return done.stdout.splitlines()[1::3]

    return ask


def test_commands_clients_tools_arguments_and_accounts_are_offered(offered, tmp_path):
    settings = tmp_path / "dragoman.toml"
    settings.write_text('[accounts.notes]\nprovider = "local"\n', encoding="utf-8")
    assert "install" in offered("ins")
    assert offered("install", "claude") == ["claude-desktop", "claude-code"]
    assert offered("call", "list_m") == ["list_messages"]
    assert offered("call", "list_messages", "conv") == ["conversation="]
    assert offered("call", "list_conversations", "account=n") == ["account=notes"]
    assert offered("import", "--account", "n") == ["notes"]
    assert offered("init", "--provider", "loc") == ["local"]


def test_bad_settings_offer_nothing_and_say_nothing(offered, tmp_path):
    (tmp_path / "dragoman.toml").write_text("nonsense = 1\n", encoding="utf-8")
    assert offered("import", "--account", "n") == []
