"""``dragoman init`` with everything in its options saves an account that works."""

import os
import stat
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from parcel_answers import PARCELS, written

from dragoman_server.cli.main import cli
from outside_provider import install_provider


@pytest.fixture
def run(home):
    return lambda *words, **more: CliRunner().invoke(cli, ["init", *words], catch_exceptions=False, **more)


RIGHT = {"input": "sk-right-one\n"}


def test_an_account_that_works_is_saved_with_its_credential_in_a_private_place(run, settings, home):
    result = run("--config", str(settings), *PARCELS, "--name", "services", "--secret", "token=-", **RIGHT)
    assert result.exit_code == 0
    assert "ok      services: works" in result.stdout
    account = written(settings)["services"]
    holder = Path(account.pop("token")["file"])
    assert account == {"provider": "parcel", "depot": "depot-1"}
    assert holder.read_text(encoding="utf-8") == "sk-right-one\n"
    assert stat.S_IMODE(holder.stat().st_mode) == stat.S_IMODE(settings.stat().st_mode) == 0o600
    assert "sk-right-one" not in result.output
    assert CliRunner().invoke(cli, ["check", "--config", str(settings)]).exit_code == 0


def test_an_account_that_does_not_work_is_not_saved(run, settings, tmp_path):
    result = run("--config", str(settings), *PARCELS, "--secret", "token=-", input="sk-wrong-one\n")
    assert result.exit_code == 1
    assert "The depot stays shut." in result.stdout
    assert "Bring the right token." in result.stdout
    assert "Nothing was changed." in result.stderr
    assert not settings.exists()
    assert not list(tmp_path.rglob("*token*"))


def test_without_a_check_it_is_saved_as_the_options_say(run, settings):
    words = ["--token-env", "PARCEL_TOKEN", "--write", "confirm", "--set", "shelves=5", "--set", "fragile=true"]
    result = run("--config", str(settings), *PARCELS, *words, "--no-check")
    assert result.exit_code == 0
    assert written(settings)["parcel"] == {
        "provider": "parcel", "depot": "depot-1", "shelves": 5, "fragile": True,
        "token": {"env": "PARCEL_TOKEN"}, "write": "confirm",
    }  # fmt: skip


def test_the_account_that_needed_no_settings_stays_unless_it_is_not_wanted(run, settings, tmp_path):
    words = [*PARCELS, "--token-env", "X", "--no-check"]
    assert "The account local is written there too" in run("--config", str(settings), *words).stdout
    assert list(written(settings)) == ["local", "parcel"]
    run("--config", str(tmp_path / "other.toml"), *words, "--no-default")
    assert list(written(tmp_path / "other.toml")) == ["parcel"]


def test_what_the_file_says_stays_with_its_comments_and_is_backed_up(run, settings):
    text = '# mine\nmax_tokens = 500 # few\n\n[accounts.notes] # here\nprovider = "local"\n'
    settings.write_text(text, encoding="utf-8")
    settings.chmod(0o640)
    assert run("--config", str(settings), *PARCELS, "--token-env", "X", "--no-check").exit_code == 0
    after = settings.read_text(encoding="utf-8")
    assert after.startswith(f"{text}\n[accounts.parcel]\n")
    assert stat.S_IMODE(settings.stat().st_mode) == 0o640
    (backup,) = settings.parent.glob("mine.toml.*.bak")
    assert backup.read_text(encoding="utf-8") == text


def test_without_a_file_the_platforms_own_is_made(run, home):
    assert run("--provider", "local").exit_code == 0
    (made,) = home.rglob("dragoman.toml")
    assert written(made) == {"local": {"provider": "local"}}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "An account needs a provider. Say --provider with one of local,"),
        (["--provider", "parcl"], "There is no provider 'parcl'. The providers are local,"),
        ([*PARCELS, "--name", "Desk"], "An account name has small letters"),
        ([*PARCELS, "--name", "notes", "--token-env", "X"], "There is an account notes already."),
        ([*PARCELS, "--no-check"], "accounts.parcel.token: is required."),
        ([*PARCELS, "--set", "shelf=3"], "has no setting 'shelf'. It has depot, token, shelves, fragile,"),
        ([*PARCELS, "--set", "shelves=many"], "shelves has to be a number."),
        ([*PARCELS, "--set", "shelves=0", "--token-env", "X"], "accounts.parcel.shelves: must be at least 1."),
        ([*PARCELS, "--set", "token=sk-1"], "Say --secret token=- and give it on stdin"),
        ([*PARCELS, "--env", "depot=X"], "depot is no credential. Say --set depot=VALUE."),
        ([*PARCELS, "--secret", "token=sk-1"], "--secret KEY=-"),
        ([*PARCELS, "--secret", "token=-"], "empty or no credential"),
        (["--provider", "yandex", "--token-env", "X"], "An account of yandex has no setting 'token'. It has target"),
        ([*PARCELS, "--set", "depot"], "--set KEY=VALUE"),
    ],
)
def test_what_cannot_be_meant_is_said_and_changes_nothing(run, settings, tmp_path, words, said):
    settings.write_text('[accounts.notes]\nprovider = "local"\n', encoding="utf-8")
    before = settings.read_bytes()
    result = run("--config", str(settings), *words)
    assert result.exit_code != 0
    assert said in result.stderr
    assert settings.read_bytes() == before
    assert not list(settings.parent.glob("*.bak"))


def test_a_file_that_cannot_take_the_account_is_named_and_left_alone(run, settings):
    text = 'accounts = { notes = { provider = "local" } }\n'
    settings.write_text(text, encoding="utf-8")
    result = run("--config", str(settings), *PARCELS, "--token-env", "X", "--no-check")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{settings}: This file cannot be changed without losing something.")
    assert settings.read_text(encoding="utf-8") == text


def test_a_file_with_mistakes_is_refused_before_anything_is_asked(run, settings):
    settings.write_text("nonsense = 1\n", encoding="utf-8")
    result = run("--config", str(settings), *PARCELS)
    assert result.exit_code == 2
    assert f"{settings}:1: nonsense: is not a setting" in result.stderr


pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions and terminals are those of POSIX")
READER = """
from dragoman.core.model import Author, Message, Page
from dragoman.providers.base.provider import Provider


class Pigeon(Provider):
    name = "pigeon"

    async def list_messages(self, conversation, query):
        author = Author(name="A")
        return Page(items=[Message(id="1", conversation=conversation, author=author, sent_at=None, text="Coo")])
"""


@pytest.fixture
def pigeon(home, tmp_path, monkeypatch):
    install_provider(tmp_path / "site", "pigeon", READER, "Pigeon")
    yield
    sys.modules.pop("pigeon", None)


def test_a_provider_that_only_reads_messages_is_fine(run, settings, pigeon):
    added = run("--config", str(settings), "--provider", "pigeon")
    assert added.exit_code == 0, added.output
    assert "ok      pigeon: " in added.stdout
    checked = CliRunner().invoke(cli, ["check", "--config", str(settings)], catch_exceptions=False)
    assert checked.exit_code == 0
    assert "lists no conversations" in checked.stdout


def test_a_provider_whose_import_fails_names_the_module_that_is_missing(run, settings, pigeon, tmp_path):
    (tmp_path / "site" / "pigeon.py").write_text("import carrier_of_letters\n", encoding="utf-8")
    for words in (["init", "--provider", "pigeon"], ["accounts"], ["check"]):
        settings.write_text('[accounts.a]\nprovider = "pigeon"\n', encoding="utf-8")
        result = CliRunner().invoke(cli, [*words, "--config", str(settings)], catch_exceptions=False)
        assert result.exit_code != 0
        assert "carrier_of_letters" in result.output


def test_without_any_conversation_it_is_said_how_to_get_some(run, settings):
    added = run("--config", str(settings), "--provider", "local", "--name", "mine", "--no-check")
    assert "dragoman import" in added.stdout
    words = ["call", "list_conversations", "--config", str(settings)]
    for more in ([], ["format=json"]):
        told = CliRunner().invoke(cli, [*words, *more], catch_exceptions=False).stdout
        assert "dragoman import" in told
        assert "dragoman init" in told
    assert "dragoman import" not in CliRunner().invoke(cli, [*words, "query=x"], catch_exceptions=False).stdout


def test_what_else_a_check_looks_at_does_not_disturb_a_new_account(run, settings, tmp_path):
    words = ["--config", str(settings), "--provider", "local"]
    assert run(*words, "--name", "first").exit_code == 0
    CliRunner().invoke(cli, ["call", "list_conversations", "--config", str(settings)], catch_exceptions=False)
    added = run(*words, "--name", "second", "--set", f"path={tmp_path}/second.db")
    assert added.exit_code == 0, added.output
    assert [line for line in added.stdout.splitlines() if line.startswith("ok ")] == [added.stdout.splitlines()[0]]
    assert written(settings).keys() == {"first", "second"}
