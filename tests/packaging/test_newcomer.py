"""A newcomer gets from an empty machine to messages in an assistant on each of the three ways of the README."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WAYS = ["I have an export", "I use Slack, mail or another service", "I write tests"]

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="terminals are those of POSIX"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def ways():
    script = ROOT / "packaging" / "newcomer.py"
    done = subprocess.run(
        [sys.executable, str(script), "--installed", sys.prefix, "--json"],
        capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    return {way["name"]: way for way in json.loads(done.stdout)["ways"]}


@pytest.mark.parametrize("name", WAYS)
def test_every_way_works_with_at_most_five_commands(ways, name):
    way = ways[name]
    assert way["problem"] == ""
    assert 1 <= len(way["commands"]) <= 5
    assert way["answers"] <= 8


def test_the_ways_end_with_a_client_that_starts_the_server_or_with_a_test_that_passes(ways):
    for name in WAYS[:2]:
        assert ways[name]["commands"][-1].startswith("dragoman install ")
        assert "The server was started once and answered." in ways[name]["last"]
    assert "1 passed" in ways[WAYS[2]]["last"]


def test_a_command_of_the_readme_that_fails_is_noticed(tmp_path):
    program = f"""
import sys; sys.path.insert(0, {str(ROOT / "packaging")!r})
from pathlib import Path
import newcomer
way = newcomer.Way("x")
newcomer.Machine(Path("home"), Path({str(Path(sys.prefix, "bin"))!r})).run("dragoman import no-such-file.zip", way)
print(way.problem)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "no-such-file.zip" in done.stdout
