import os
import select
import shutil
import subprocess
import sys
import sysconfig

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


def test_commands_clients_tools_arguments_and_accounts_are_offered(settings_named, offered):
    settings_named('[accounts.notes]\nprovider = "local"\n')
    assert "install" in offered("ins")
    assert offered("install", "claude") == ["claude-desktop", "claude-code"]
    assert offered("call", "list_m") == ["list_messages"]
    assert offered("call", "list_messages", "conv") == ["conversation="]
    assert offered("call", "list_conversations", "account=n") == ["account=notes"]
    assert offered("import", "--account", "n") == ["notes"]
    assert offered("init", "--provider", "loc") == ["local"]


def test_bad_settings_offer_nothing_and_say_nothing(offered, settings_named):
    settings_named("nonsense = 1\n")
    assert offered("import", "--account", "n") == []


class Shell:
    """A shell that somebody types into."""

    def __init__(self, command, environment, folder):
        self.screen, inner = os.openpty()
        self.process = subprocess.Popen(
            command, stdin=inner, stdout=inner, stderr=inner, env=environment, cwd=folder, start_new_session=True
        )
        os.close(inner)

    def shown(self, typed: str, expected: str) -> str:
        """What stands on the screen after something was typed, up to what is expected."""
        os.write(self.screen, typed.encode())
        seen = ""
        while expected not in seen and select.select([self.screen], [], [], 40)[0]:
            seen += os.read(self.screen, 4096).decode()
        return seen.replace("\a", "").replace(" \b", "")  # zsh takes a space back to put it again

    def end(self):
        self.process.kill()
        self.process.wait()
        os.close(self.screen)


STARTED = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(dragoman completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -U compinit; compinit -u; eval "$(dragoman completion zsh)"'),
}


@pytest.fixture(params=STARTED)
def shell(request, environment, tmp_path, settings_named):
    """One that was told how to complete, in a folder with settings."""
    pytest.importorskip("pty", reason="there are no terminals to imitate")
    command, told = STARTED[request.param]
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    settings_named('[accounts.notes]\nprovider = "local"\n')
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{environment['PATH']}"
    shell = Shell(command, environment | {"PATH": path, "HOME": str(tmp_path), "TERM": "dumb"}, tmp_path)
    try:
        assert shell.shown(f"{told}; PS1=rea''dy\n", "ready")  # a prompt: from now on the shell itself reads the keys
        yield shell
    finally:
        shell.end()


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("dragoman ins\tX", "dragoman install X"),
        ("dragoman call li\tm\tX", "dragoman call list_messages X"),
        ("dragoman call list_messages conv\tX", "dragoman call list_messages conversation=X"),
        ("dragoman call list_conversations account=no\tX", "account=notes X"),
        ("dragoman call list_messages conversation=local:a account=no\tX", "account=notes X"),
        ("dragoman import --account=no\tX", "--account=notes X"),
        ("dragoman import --account no\tX", "--account notes X"),
        ("dragoman check --config dra\tX", "--config dragoman.toml X"),
    ],
)
def test_a_tab_completes_what_was_typed(shell, typed, shown):
    assert shown in shell.shown(typed, "X")


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
def test_fish_offers_arguments_and_accounts(environment, tmp_path, settings_named):
    settings_named('[accounts.notes]\nprovider = "local"\n')
    asked = "complete -C 'dragoman call list_messages conv'; complete -C 'dragoman call list_conversations account=no'"
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["fish", "--no-config", "--command", f"dragoman completion fish | source; {asked}"],
        env=environment | {"PATH": path, "HOME": str(tmp_path)},
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["conversation=", "account=notes"]
