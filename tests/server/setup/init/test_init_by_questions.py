"""``dragoman init`` leads a person through the settings of an account."""

import os
from pathlib import Path

import pytest
from parcel_answers import PARCELS, written

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
