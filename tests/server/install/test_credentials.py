import os
import stat
import tomllib
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring

SETTINGS = """\
# ours
[accounts.support]
provider = "convore"   # the services
token = { env = "DESK_KEY" }   # rotates in May

[accounts.notes]
provider = "local"
"""
posix = pytest.mark.skipif(os.name == "nt", reason="permissions are those of POSIX")


class MemoryKeyring(KeyringBackend):
    priority = 1

    def __init__(self):
        super().__init__()
        self.entries = {}

    def set_password(self, service, username, password):
        self.entries[service, username] = password

    def get_password(self, service, username):
        return self.entries.get((service, username))


@pytest.fixture
def ring():
    before = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture
def no_ring():
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield
    keyring.set_keyring(before)


def files(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def settings(tmp_path, home, monkeypatch):
    file = tmp_path / "work" / "dragoman.toml"
    monkeypatch.setenv("DRAGOMAN_CONFIG", "dragoman.toml")
    file.write_text(SETTINGS, encoding="utf-8")
    return file


def test_a_credential_goes_to_the_keyring_and_never_into_the_clients_file(run, tmp_path, settings, ring):
    result = run("install", "cursor", "--secret", "DESK_KEY=-", input="sk-12345678\n")
    assert result.exit_code == 0
    assert ring.entries == {("dragoman", "DESK_KEY"): "sk-12345678"}
    assert settings.read_text(encoding="utf-8") == SETTINGS.replace('env = "DESK_KEY"', 'keyring = "DESK_KEY"')
    assert "sk-12345678" not in result.output
    assert not any(b"sk-12345678" in content for content in files(tmp_path).values())


@posix
def test_without_a_keyring_it_goes_into_a_file_that_only_its_owner_reads(run, tmp_path, settings, no_ring):
    assert run("install", "cursor", "--secret", "DESK_KEY=-", input="sk-12345678\n").exit_code == 0
    (holder,) = [Path(name) for name, content in files(tmp_path).items() if b"sk-12345678" in content]
    assert stat.S_IMODE(holder.stat().st_mode) == 0o600
    assert stat.S_IMODE(holder.parent.stat().st_mode) == 0o700
    assert tomllib.loads(settings.read_text(encoding="utf-8"))["accounts"]["support"]["token"] == {"file": str(holder)}
    assert run("install", "cursor").stdout.count("Nothing was changed.") == 1
    settings.write_text(SETTINGS, encoding="utf-8")
    rotated = run("install", "cursor", "--secret", "DESK_KEY=-", input="sk-87654321\n")
    assert holder.read_text(encoding="utf-8") == "sk-87654321\n"
    assert "Nothing was changed." not in rotated.stdout


def test_a_credential_that_is_not_given_stays_where_it_is_and_is_remarked_upon(run, settings, ring):
    result = run("install", "cursor")
    assert result.exit_code == 0
    assert "DESK_KEY (token of support) stays in the environment" in result.stdout
    assert settings.read_text(encoding="utf-8") == SETTINGS
    assert "DESK_KEY" not in run("install", "cursor", "--keep-env").stdout


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        (["--secret", "OTHER=-"], "x\n", "comes from a variable OTHER. Those that do: DESK_KEY."),
        (["--secret", "DESK_KEY=-"], "", "empty or no credential"),
        (["--secret", "DESK_KEY=-"], "gehe\u00efm\n", "empty or no credential"),
        (["--secret", "DESK_KEY=sk-1"], "", "--secret NAME=-"),
    ],
)
def test_a_credential_that_cannot_be_meant_changes_nothing(run, tmp_path, settings, ring, words, typed, said):
    before = files(tmp_path)
    result = run("install", "cursor", *words, input=typed)
    assert result.exit_code != 0
    assert said in result.stderr
    assert files(tmp_path) == before
    assert not ring.entries


@posix
def test_a_credential_is_asked_for_without_being_shown(tmp_path, settings, home, talk):
    seen, status = talk(["install", "cursor"], [("DESK_KEY, the token of support", "sk-87654321")])
    assert status == 0
    assert b"sk-87654321" not in seen
    (holder,) = [Path(name) for name, content in files(tmp_path).items() if b"sk-87654321" in content]
    assert holder.name == "DESK_KEY"


@posix
@pytest.mark.parametrize("last", ["\x03", "gehe\u00efm"], ids=["interrupted", "impossible"])
def test_whoever_does_not_get_to_the_last_question_has_changed_nothing(tmp_path, settings, home, talk, last):
    more = '[accounts.sales]\nprovider = "convore"\ntoken = { env = "SALES_KEY" }\n'
    settings.write_text(f"{SETTINGS}{more}", encoding="utf-8")
    before = files(tmp_path)
    seen, status = talk(["install", "cursor"], [("DESK_KEY, the token of support", "sk-87654321"), ("SALES_KEY", last)])
    assert status == 1
    assert b"sk-87654321" not in seen
    assert files(tmp_path) == before


@posix
@pytest.mark.parametrize("words", [["--secret", "DESK_KEY=-"], ["--dry-run"]])
def test_a_folder_that_cannot_be_written_to_is_found_out_before_anything_is_stored(
    run, tmp_path, settings, no_ring, monkeypatch, words
):
    (tmp_path / "shut").mkdir()
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path / "shut" and allowed(path, mode))
    before = files(tmp_path)
    for file in ("mcp.json", "new/mcp.json"):
        result = run("install", "cursor", "--file", str(tmp_path / "shut" / file), *words, input="sk-12345678\n")
        assert result.exit_code == 1
        assert f"The folder {tmp_path / 'shut'} is write-protected. Nothing was changed." in result.stderr
        assert files(tmp_path) == before
