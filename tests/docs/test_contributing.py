"""What contributors are offered is there: the hooks run programs of this project, and a report has what is needed."""

import re
import sysconfig
import tomllib
from pathlib import Path

import yaml

import doc_pages


def test_the_hooks_run_programs_that_the_project_installs():
    settings = yaml.safe_load(doc_pages.page(".pre-commit-config.yaml"))
    hooks = [hook for repository in settings["repos"] for hook in repository["hooks"]]
    assert {repository["repo"] for repository in settings["repos"]} == {"local"}, "nothing is fetched"
    programs = {hook["entry"].split()[0] for hook in hooks}
    wanted = tomllib.loads(doc_pages.page("pyproject.toml"))["dependency-groups"]["dev"]
    for program in programs:
        name = Path(program).name
        assert program == f".venv/bin/{name}"
        assert any(re.match(rf"{name}\b", line) for line in wanted)
        assert (Path(sysconfig.get_path("scripts")) / name).exists()


def test_a_report_asks_for_what_check_says():
    form = yaml.safe_load(doc_pages.page(".github/ISSUE_TEMPLATE/bug.yml"))
    required = [field for field in form["body"] if field.get("validations", {}).get("required")]
    labels = " ".join(field["attributes"]["label"] for field in required)
    assert "`dragoman check --json`" in labels
    assert "Version" in labels


def test_contributing_is_one_page():
    assert len(doc_pages.page("CONTRIBUTING.md").splitlines()) <= 60
