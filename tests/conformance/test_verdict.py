"""The runner's judgement: nothing that is wrong passes for right."""

import json

import pytest
from tests.conformance import scenarios, verdict


def written(folder, scenario, *checks):
    place = folder / f"server-{scenario}-2026-01-02T03-04-05-678Z"
    place.mkdir()
    found = [{"id": name, "status": status, "description": name} for name, status in checks]
    (place / "checks.json").write_text(json.dumps(found), encoding="utf-8")


def judged(folder, *wanted, expected=()):
    return verdict.judge(verdict.read(folder), frozenset(wanted), set(expected))


def test_checks_that_hold_are_counted(tmp_path):
    written(tmp_path, "a", ("one", "SUCCESS"), ("two", "INFO"), ("three", "SKIPPED"))
    told = judged(tmp_path, "a")
    assert (told.judged, told.passed, told.wrong) == (1, 1, [])


@pytest.mark.parametrize("status", ["FAILURE", "WARNING"])
def test_a_failure_is_wrong_unless_it_is_expected(tmp_path, status):
    written(tmp_path, "a", ("one", status), ("two", "SUCCESS"))
    assert judged(tmp_path, "a").wrong == ["a:one: one"]
    for expected in ("a", "a:one"):
        told = judged(tmp_path, "a", expected=[expected])
        assert (told.expected, told.wrong) == (1, [])


def test_a_failure_that_is_expected_and_does_not_come_is_wrong(tmp_path):
    written(tmp_path, "a", ("one", "SUCCESS"))
    assert len(judged(tmp_path, "a", expected=["a:one"]).wrong) == 1
    assert len(judged(tmp_path, "a", expected=["a"]).wrong) == 1
    for another in ("b:one", "a:check-of-another-revision"):
        assert judged(tmp_path, "a", expected=[another]).wrong == []


def test_a_scenario_that_was_not_run_is_wrong(tmp_path):
    assert judged(tmp_path, "a").wrong == ["a: was not run"]


def test_scenarios_that_nobody_wants_do_not_count(tmp_path):
    written(tmp_path, "a", ("one", "FAILURE"))
    assert judged(tmp_path).wrong == []


def test_the_lists_of_expected_failures_are_read_with_their_reasons(tmp_path):
    file = tmp_path / "expected.yaml"
    file.write_text("# why\nserver:\n  - a  # reason\n  # more\n  - b:one\n", encoding="utf-8")
    assert verdict.expected_in(file) == {"a", "b:one"}


@pytest.mark.parametrize("suite", scenarios.SUITES, ids=lambda suite: f"{suite.name}-{suite.revision}")
def test_what_the_product_has_to_pass_the_fixtures_have_to_pass_too(suite):
    assert suite.for_product < suite.for_fixtures
