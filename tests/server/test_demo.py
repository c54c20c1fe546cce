import os
import re
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the demonstration prints into a pipe, on a terminal of 80 columns."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DRAGOMAN_")}
    done = subprocess.run(
        [sys.executable, "-m", "dragoman_server", "demo"],
        env=environment | {"COLUMNS": "80"},
        cwd=tmp_path_factory.mktemp("demo"),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_the_demonstration_shows_every_step_with_its_cost(said):
    steps = re.findall(r"^> (\w+)", said, re.MULTILINE)
    assert steps == [
        "list_conversations",
        "list_messages",
        "search_messages",
        "get_message",
        "send_message",
        "update_message",
        "import_message",
        "list_messages",
    ]
    assert len(re.findall(r"^  \([\d,]+ tokens, \d+ ms\)$", said, re.MULTILINE)) == len(steps)
    assert "No conversation is called" in said
    assert '"mcpServers"' in said


def test_the_demonstration_fits_a_terminal_and_has_no_colour_where_nobody_sees_it(said):
    prose = [line for line in said.splitlines() if "mcpServers" not in line and "claude mcp add" not in line]
    assert max(map(len, prose)) <= 80
    assert "\x1b" not in said


def test_the_room_costs_at_most_a_quarter_more_than_its_bare_words(said):
    assert float(re.search(r"That is ([\d.]+) times the floor", " ".join(said.split()))[1]) <= 1.25
