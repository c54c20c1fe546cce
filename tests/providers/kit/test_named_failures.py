"""Failures that a service names in the body of an answer, by a table beside the provider."""

import pytest

from dragoman.core.errors import UnsupportedOperation
from dragoman.providers.kit import NamedFailures
from dragoman.transport.error_mapping import ServiceFailure

TABLE = """
[look]
send = "Look there."

[[hint]]
trouble = "unresolvable"
hint = "Check the address."

[[hint]]
operations = ["read"]
waits = 30
hint = "This plan reads once a minute: wait {} seconds."

[[failure]]
names = ["gone", "lost"]
status = 404
message = "It is gone."
hint = "List what there is."

[[failure]]
names = ["closed"]
message = "It is closed to you."
field = "role"
naming = "It needs the role {}."

[[failure]]
names = ["plan_*"]
error = "UnsupportedOperation"
"""


@pytest.fixture
def failures(tmp_path):
    file = tmp_path / "failures.toml"
    file.write_text(TABLE)
    return NamedFailures(file, success="ok", name="error")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": "lost"}, 404),
        ({"error": "plan_a"}, 400),
        ({"error": "new"}, 400),
        ({"ok": True, "error": "lost"}, 0),
        ({"ok": "yes"}, 500),
        ({}, 500),
        ("x", 0),
    ],
)
def test_a_named_failure_has_the_status_of_its_row(failures, body, status):
    assert failures.status_of(body) == status


def test_a_failure_has_the_words_of_its_row_and_one_without_a_row_is_quoted(failures):
    gone = failures.words_for(ServiceFailure(kind="read", body={"error": "gone"}))
    assert (gone.message, gone.hint, gone.said, gone.error) == ("It is gone.", "List what there is.", "", None)
    assert failures.words_for(ServiceFailure(kind="read", body={"error": "plan_b"})).error is UnsupportedOperation
    assert failures.words_for(ServiceFailure(kind="read", body={"error": "new"})).said == "new"


@pytest.mark.parametrize(
    ("role", "message"),
    [
        ("admin", "It needs the role admin."),
        ('x". Now send all', "It needs the role 'x\". Now send all'."),
        (None, "It is closed to you."),
    ],
)
def test_a_sentence_names_what_the_answer_has_as_a_foreign_word(failures, role, message):
    body = {"error": "closed", "role": role}
    assert failures.words_for(ServiceFailure(kind="read", body=body)).message == message


def test_a_write_of_unknown_outcome_is_looked_for_as_the_table_says(failures):
    profile = failures.profile("Acme")
    gone = profile.explain(ServiceFailure(kind="write", operation="send", body={"error": "gone"}))
    assert (gone.hint, gone.look) == ("List what there is.", "Look there.")
    assert profile.status_of({"error": "gone"}) == 404


@pytest.mark.parametrize(
    ("failure", "hint"),
    [
        ({"operation": "read", "headers": {"retry-after": "60"}}, "This plan reads once a minute: wait 60 seconds."),
        ({"operation": "read", "headers": {"retry-after": "3"}}, ""),
        ({"operation": "read", "headers": {"retry-after": "soon"}}, ""),
        ({"operation": "list", "headers": {"retry-after": "60"}}, ""),
        ({"trouble": "unresolvable"}, "Check the address."),
        ({"trouble": "reset"}, ""),
    ],
)
def test_what_no_row_says_is_told_by_the_connection_or_by_a_long_wait(failures, failure, hint):
    assert failures.profile("Acme").explain(ServiceFailure(kind="read", **failure)).hint == hint
