"""A provider stays small: what the next one needs as well is in the kit, and what is data is in a table.

Every line of Python counts, with docstrings and blanks. What is generated, and what only plays a recording, does not.
"""

from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "tools" / "dragoman"
LEFT_OUT = frozenset({"_proto"})


def lines_of(folder):
    files = [file for file in (SOURCES / folder).rglob("*.py") if LEFT_OUT.isdisjoint(file.parts)]
    assert files, folder
    return sum(len(file.read_text("utf-8").splitlines()) for file in files)


@pytest.mark.parametrize(
    ("folders", "most"),
    [
        (["providers/slack"], 900),
        (["core/slack"], 750),
        (["providers/convore"], 1300),
        ([f"providers/{name}" for name in ("convore", "datagrid", "glean", "yandex")], 7100),
    ],
    ids=["Slack", "the language of Slack's texts, for archives too", "Convore", "four services together"],
)
def test_a_provider_has_no_more_lines_than_it_may_have(folders, most):
    assert sum(map(lines_of, folders)) <= most
