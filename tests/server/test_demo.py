import os
import re

import forked_program
import pytest


def demonstrated(folder, *arguments, columns=80):
    """What the demonstration prints into a pipe, for a terminal of so many columns."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DRAGOMAN_")}
    done = forked_program.run(["demo", *arguments], env=environment | {"COLUMNS": str(columns)}, cwd=folder)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    return demonstrated(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    return demonstrated(tmp_path_factory.mktemp("demo"), "--full")


def test_it_fits_on_60_lines_and_shows_reading_searching_and_a_send_that_is_asked_about(said):
    assert len(said.splitlines()) <= 60
    assert re.findall(r"^> (\w+)", said, re.MULTILINE) == [
        "list_messages", "search_messages", "send_message", "send_message",
    ]  # fmt: skip
    preview = said.partition("preview · Nothing was sent yet")[2].partition("The user has seen it")[0]
    for part in ("account: local", "local:c-kiosk-firmware", "who reads it: Ines Duarte", "== end of the text"):
        assert part in preview
    assert "sent · #kiosk-firmware" in said.partition("The user has seen it")[2]
    assert "`dragoman init`" in said.rpartition("Next\n")[2]


def test_a_confirmation_names_the_token_of_the_preview(said):
    offered = re.search(r"confirm=(\w+)", said)[1]
    assert re.search(r"^> send_message confirm=(\w+)$", said, re.MULTILINE)[1] == offered


def test_the_costs_are_compared_with_bare_words_and_with_json(said):
    found = re.findall(r"^ +([\d,]+)  (the .*)$", said.partition("What it costs")[2], re.MULTILINE)
    floor, paid, dense, indented = (int(number.replace(",", "")) for number, _ in found)
    assert floor < paid < dense < indented
    assert f"{paid:,} tokens" in said
    assert paid / floor <= 1.25
    assert float(re.search(r"That is ([\d.]+) times the floor", said)[1]) == pytest.approx(paid / floor, abs=0.01)


def test_the_full_form_shows_every_step_with_its_cost(everything):
    steps = re.findall(r"^> (\w+)", everything, re.MULTILINE)
    assert steps == [
        "list_conversations", "list_messages", "search_messages", "get_message", "send_message", "send_message",
        "update_message", "update_message", "import_message", "import_message", "list_messages",
    ]  # fmt: skip
    assert len(re.findall(r"^  \([\d,]+ tokens, \d+ ms\)$", everything, re.MULTILINE)) == len(steps)
    assert "No conversation is called" in everything
    assert '"mcpServers"' in everything


def test_the_demonstration_fits_a_terminal_and_has_no_colour_where_nobody_sees_it(said, everything):
    lines = [*said.splitlines(), *everything.splitlines()]
    prose = [line for line in lines if "mcpServers" not in line and "claude mcp add" not in line]
    assert max(map(len, prose)) <= 80
    assert "\x1b" not in said
