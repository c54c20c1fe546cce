"""Failures that a service names in the body of an answer, by a table beside the provider."""

import pytest

from dragoman.core.errors import UnsupportedOperation
from dragoman.providers.kit import NamedFailures
from dragoman.transport.error_mapping import ServiceFailure

TABLE = """
[[failure]]
names = ["gone", "lost"]
status = 404
message = "It is gone."
hint = "List what there is."

[[failure]]
names = ["plan_*"]
error = "UnsupportedOperation"
"""


@pytest.fixture
def failures(tmp_path):
    file = tmp_path / "failures.toml"
    file.write_text(TABLE)
    return NamedFailures(file, lambda body: body.get("error") if isinstance(body, dict) else "")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": "lost"}, 404),
        ({"error": "plan_a"}, 400),
        ({"error": "new"}, 400),
        ({"error": ""}, 0),
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
