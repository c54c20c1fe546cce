import os
import stat
import sys
import tomllib
from pathlib import Path

import keyring
import pytest
from click.testing import CliRunner
from keyring.backends.fail import Keyring as NoKeyring

from dragoman_server.cli.main import cli

PARCEL = """
from typing import Literal

from pydantic import Field, model_validator

from dragoman.core.errors import Unauthenticated
from dragoman.core.model import Page
from dragoman.providers.base.provider import AccountSettings, Provider
from dragoman.transport.credentials import Secret


class ParcelSettings(AccountSettings):
    depot: str = Field(
        description="where the depot is", pattern="^depot-", json_schema_extra={"where": "Above the depot's door."}
    )
    token: Secret = Field(description="what opens it", json_schema_extra={"where": "Under the depot's mat."})
    shelves: int = Field(default=3, ge=1, description="how many shelves")
    fragile: bool = False
    colour: Literal["red", "blue"] = "red"
    note: str | None = None

    @model_validator(mode="after")
    def _never(self):
        if self.depot == "depot-never" and self.shelves > 3:
            raise ValueError("depot-never has three shelves")
        return self


class Parcel(Provider):
    name = "parcel"
    about = "parcels and what comes with them"
    Settings = ParcelSettings

    async def list_conversations(self, query):
        if await self.settings.token.reveal() != "sk-right-one":
            raise Unauthenticated("The depot stays shut.", hint="Bring the right token.")
        return Page(items=[])
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Somebody who has nothing configured and the provider ``parcel`` installed."""
    for name in list(os.environ):
        if name.startswith(("DRAGOMAN_", "XDG_")):
            monkeypatch.delenv(name)
    site = tmp_path / "site"
    package = site / "parcel-1.0.dist-info"
    package.mkdir(parents=True)
    (site / "parcel.py").write_text(PARCEL, encoding="utf-8")
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: parcel\nVersion: 1.0\n", encoding="utf-8")
    (package / "entry_points.txt").write_text("[dragoman.providers]\nparcel = parcel:Parcel\n", encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield tmp_path / "home"
    keyring.set_keyring(before)
    sys.modules.pop("parcel", None)


@pytest.fixture
def run(home):
    return lambda *words, **more: CliRunner().invoke(cli, ["init", *words], catch_exceptions=False, **more)


@pytest.fixture
def settings(tmp_path, home):
    return tmp_path / "work" / "mine.toml"


PARCELS = ["--provider", "parcel", "--set", "depot=depot-1"]
RIGHT = {"input": "sk-right-one\n"}


def written(file: Path) -> dict[str, object]:
    return tomllib.loads(file.read_text(encoding="utf-8"))["accounts"]


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


def test_a_person_is_led_through_it_and_a_wrong_answer_is_asked_for_again(talk, settings):
    seen, status = talk(
        ["init", "--config", str(settings)],
        [
            ("Which service", "parcel"), ("A name for the account", "Bad Name"),
            ("An account name has", "services"), ("depot (where the depot is)", "elsewhere"),
            ("depot (where the depot is)", "depot-9"), ("token (what opens it", "sk-right-one"),
            ("shelves (how many shelves) [3]", "0"), ("must be at least 1", "4"), ("Fragile", "y"),
            ("(red, blue) [red]", ""), ("(off, confirm, allow) [off]", "confirm"),
        ],
    )  # fmt: skip
    assert status == 0, seen.decode()
    assert b"sk-right-one" not in seen
    account = written(settings)["services"]
    assert Path(account.pop("token")["file"]).name == "services.token"
    assert account == {
        "provider": "parcel", "depot": "depot-9", "shelves": 4, "fragile": True, "write": "confirm"
    }  # fmt: skip


def test_a_person_may_save_what_does_not_work_yet(talk, settings):
    words = ["init", "--config", str(settings), *PARCELS, "--name", "services", "--write", "off"]
    more = ["--set", "shelves=3", "--set", "fragile=false", "--set", "colour=red"]
    answers = [("token (what opens it", ""), ("Environment variable", "PARCEL_TOKEN"), ("Save it anyway?", "y")]
    seen, status = talk([*words, *more], answers)
    assert status == 0, seen.decode()
    assert b"PARCEL_TOKEN' is not set" in seen
    assert written(settings)["services"]["token"] == {"env": "PARCEL_TOKEN"}


def test_where_one_of_several_credentials_will_do_a_person_chooses(talk, settings):
    answers = [
        ("target", ""), ("tls", ""), ("iam_target", ""), ("Which credential", "api_key"),
        ("api_key (API key", "sk-12345678"), ("(off, confirm, allow)", ""),
    ]  # fmt: skip
    seen, status = talk(
        ["init", "--config", str(settings), "--provider", "yandex", "--name", "y", "--no-check"], answers
    )
    assert status == 0, seen.decode()
    assert written(settings)["y"].keys() == {"provider", "api_key"}


PARCEL_STEPS = [("Which service", "parcel"), ("A name for the account", "services")]
REST = [("shelves", ""), ("Fragile", ""), ("(red, blue) [red]", ""), ("(off, confirm, allow) [off]", "")]


def test_every_question_says_what_it_is_for_and_where_to_find_it(talk, settings):
    answers = [*PARCEL_STEPS, ("depot (where", "depot-9"), ("token (what", "sk-right-one"), *REST]
    seen, status = talk(["init", "--config", str(settings)], answers)
    shown = seen.decode()
    assert status == 0, shown
    assert "parcels and what comes with them" in shown.partition("Which service")[0]
    assert "Above the depot's door." in shown.partition("depot (where")[0]
    assert "Under the depot's mat." in shown.partition("token (what")[0]


def test_enter_goes_back_where_there_is_no_default_and_answers_are_kept(talk, settings):
    answers = [
        *PARCEL_STEPS, ("depot (where the depot is):", ""), ("Which service [parcel]", ""), ("[services]", ""),
        ("depot (where the depot is):", "depot-9"), ("token (what", ""), ("Environment variable", ""),
        ("depot (where the depot is) [depot-9]", ""), ("token (what", "sk-right-one"), *REST,
    ]  # fmt: skip
    seen, status = talk(["init", "--config", str(settings)], answers)
    assert status == 0, seen.decode()
    assert written(settings)["services"]["depot"] == "depot-9"


def test_an_answer_to_the_first_question_is_needed_and_enter_does_not_end_it(talk, settings):
    answers = [("depot (where", ""), ("depot (where", "depot-9"), ("token (what", "sk-right-one"), *REST]
    words = ["init", "--config", str(settings), "--provider", "parcel", "--name", "services"]
    seen, status = talk(words, answers)
    assert status == 0, seen.decode()
    assert b"first question" in seen


PASTED = "sk-live-0123456789abcdefABCDEF"


@pytest.mark.parametrize("secret", [PASTED, "xoxb-123456789012-abcdefghijkl", "9f8e7d6c5b4a3f2e1d0c9b8a7f6e5d4c"])
def test_a_credential_that_is_pasted_elsewhere_is_refused_and_not_repeated(talk, settings, secret):
    answers = [
        *PARCEL_STEPS, ("depot (where", secret), ("looks like a credential", "depot-9"),
        ("token (what", "sk-right-one"), *REST,
    ]  # fmt: skip
    seen, status = talk(["init", "--config", str(settings)], answers)
    assert status == 0, seen.decode()
    assert seen.count(secret.encode()) == 1  # the terminal's own echo
    after_echo = seen[seen.index(secret.encode()) + len(secret) :]
    assert after_echo.lstrip().startswith(b"\x1b[1A\x1b[2K")
    assert secret not in settings.read_text(encoding="utf-8")


def test_a_credential_in_place_of_a_variables_name_is_refused_and_not_repeated(talk, settings):
    answers = [
        *PARCEL_STEPS, ("depot (where", "depot-9"), ("token (what", ""), ("Environment variable", PASTED),
        ("Environment variable", "sk-right-one"), ("A variable's name has", "PARCEL_TOKEN"), *REST,
        ("Save it anyway?", "y"),
    ]  # fmt: skip
    seen, status = talk(["init", "--config", str(settings)], answers)
    assert status == 0, seen.decode()
    assert seen.count(PASTED.encode()) == 1
    assert written(settings)["services"]["token"] == {"env": "PARCEL_TOKEN"}


def test_after_a_failed_check_only_what_is_wrong_is_answered_again(talk, settings):
    answers = [
        *PARCEL_STEPS, ("depot (where", "depot-9"), ("token (what", "sk-wrong-one"), ("shelves", "5"), *REST[1:],
        ("Save it anyway?", ""), ("depot (where the depot is) [depot-9]", ""), ("token (what", "sk-right-one"),
        ("shelves (how many shelves) [5]", ""), *REST[1:],
    ]  # fmt: skip
    seen, status = talk(["init", "--config", str(settings)], answers)
    assert status == 0, seen.decode()
    account = written(settings)["services"]
    assert (account["depot"], account["shelves"]) == ("depot-9", 5)
    assert Path(account["token"]["file"]).read_text(encoding="utf-8") == "sk-right-one\n"


def test_a_credential_of_before_is_kept_with_enter(talk, settings):
    answers = [
        *PARCEL_STEPS, ("depot (where", "depot-9"), ("token (what", "sk-wrong-one"), *REST,
        ("Save it anyway?", ""), ("depot (where", ""), ("Enter keeps what you gave", ""), *REST,
        ("Save it anyway?", "q"),
    ]  # fmt: skip
    _, status = talk(["init", "--config", str(settings)], answers)
    assert status == 1
    assert not settings.exists()


def test_answers_that_do_not_go_together_are_asked_for_again(talk, settings):
    answers = [
        *PARCEL_STEPS, ("depot (where", "depot-never"), ("token (what", "sk-right-one"), ("shelves", "4"), *REST[1:],
        ("depot (where the depot is) [depot-never]", ""), ("Enter keeps", ""), ("shelves", "3"), *REST[1:],
    ]  # fmt: skip
    seen, status = talk(["init", "--config", str(settings)], answers)
    assert status == 0, seen.decode()
    assert b"depot-never has three shelves" in seen


@pytest.mark.parametrize("typed", ["acme", "glean", "not a url", "http://acme.example.com", "ftp://x.example.com"])
def test_an_address_that_is_none_is_told_at_once(talk, settings, typed):
    answers = [("base_url (", typed), ("base_url (", "https://acme-be.glean.com"), ("token (", "\x03")]
    seen, status = talk(["init", "--config", str(settings), "--provider", "glean", "--name", "g"], answers)
    assert status == 1, seen.decode()
    assert seen.decode().count("base_url (the tenant") == 2


def test_a_long_id_is_no_credential():
    from dragoman_server.setup.account.prompts import looks_like_credential

    for plain in (
        "https://acme-be.glean.com",
        "conversation-of-the-whole-team-2026",
        "b1gvmob95yysaplct532",
        "depot-9",
    ):
        assert not looks_like_credential(plain)
    for secret in ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIi", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", PASTED):
        assert looks_like_credential(secret)


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
    package = tmp_path / "site" / "pigeon-1.0.dist-info"
    package.mkdir()
    (tmp_path / "site" / "pigeon.py").write_text(READER, encoding="utf-8")
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon\nVersion: 1.0\n", encoding="utf-8")
    (package / "entry_points.txt").write_text("[dragoman.providers]\npigeon = pigeon:Pigeon\n", encoding="utf-8")
    yield package
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


STEPS = [
    ("Which service", "parcel"), ("A name for the account", "services"), ("depot (where the depot is)", "depot-9"),
    ("token (what opens it", "sk-wrong-one"), ("shelves (how many shelves) [3]", ""), ("Fragile", ""),
    ("(red, blue) [red]", ""), ("(off, confirm, allow) [off]", ""), ("Save it anyway?", ""),
]  # fmt: skip


@pytest.mark.parametrize("answered", range(len(STEPS)))
def test_whoever_leaves_at_any_question_has_changed_nothing(talk, settings, tmp_path, answered):
    settings.write_text('[accounts.notes]\nprovider = "local"\n', encoding="utf-8")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    question, _ = STEPS[answered]
    seen, status = talk(["init", "--config", str(settings)], [*STEPS[:answered], (question, "\x03")])
    assert status == 1
    assert seen.decode().rstrip().endswith("Aborted!")
    after = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file() and file.suffix != ".pyc"}
    assert after == before


def test_what_else_a_check_looks_at_does_not_disturb_a_new_account(run, settings, tmp_path):
    words = ["--config", str(settings), "--provider", "local"]
    assert run(*words, "--name", "first").exit_code == 0
    CliRunner().invoke(cli, ["call", "list_conversations", "--config", str(settings)], catch_exceptions=False)
    added = run(*words, "--name", "second", "--set", f"path={tmp_path}/second.db")
    assert added.exit_code == 0, added.output
    assert [line for line in added.stdout.splitlines() if line.startswith("ok ")] == [added.stdout.splitlines()[0]]
    assert written(settings).keys() == {"first", "second"}
