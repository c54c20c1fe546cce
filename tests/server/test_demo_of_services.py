import os
import re

import forked_program
import pytest

from dragoman.accounts.provider_registry import replay_of

SERVICES = ["convore", "datagrid", "glean", "mail", "slack", "yandex"]


def demonstrated(folder, *arguments):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DRAGOMAN_")}
    return forked_program.run(["demo", *arguments], env=environment | {"COLUMNS": "80"}, cwd=folder)


@pytest.fixture(scope="module", params=SERVICES)
def shown(request, tmp_path_factory):
    """The replay, and what its demonstration prints into a pipe on a terminal of 80 columns."""
    done = demonstrated(tmp_path_factory.mktemp("demo"), "--provider", request.param, "--full")
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return replay_of(request.param), done.stdout.decode()


def test_a_replay_says_that_it_is_one_at_its_beginning_and_at_its_end(shown):
    replay, said = shown
    lines = said.strip().splitlines()
    assert lines[0] == f"Dragoman with {replay.service}: a replay"
    assert f"This is a replay: {replay.service} itself is not reached" in " ".join(lines[1:4])
    assert "This was a replay" in lines[-5:]
    assert f"not from {replay.service} itself" in " ".join(lines[-4:])


def test_a_replay_shows_every_step_and_asks_before_each_write(shown):
    replay, said = shown
    calls = re.findall(r"^> (\w+)", said, re.MULTILINE)
    confirmed = said.count("The user has seen it and agrees")
    expected = []
    for step in replay.steps:
        expected += [step.tool] * (2 if step.tool in {"send_message", "update_message", "import_message"} else 1)
    assert calls == expected
    assert confirmed == len(expected) - len(replay.steps) > 0
    assert len(re.findall(r"^  \([\d,]+ tokens, \d+ ms\)$", said, re.MULTILINE)) == len(calls)


def test_what_was_sent_is_in_the_service_afterwards(shown):
    _, said = shown
    sent = re.search(r"^  sent · .*?^  >?(\d+) ", said, re.MULTILINE | re.DOTALL)
    afterwards = said[sent.end() :].partition("What it costs")[0]
    assert re.search(rf"^  >?{sent[1]} ", afterwards.rpartition("\n> ")[2], re.MULTILINE)


def test_a_replay_fits_a_terminal(shown):
    _, said = shown
    prose = [line for line in said.splitlines() if "mcpServers" not in line and "claude mcp add" not in line]
    assert max(map(len, prose)) <= 80


@pytest.mark.parametrize("provider", SERVICES)
def test_the_short_form_fits_on_60_lines_with_the_whole_preview_and_the_costs(provider, tmp_path):
    done = demonstrated(tmp_path, "--provider", provider)
    said = done.stdout.decode()
    assert (done.returncode, done.stderr.decode()) == (0, "")
    assert len(said.splitlines()) <= 60
    assert re.findall(r"^> (\w+)", said, re.MULTILINE) == [
        "list_messages", "search_messages", "send_message", "send_message",
    ]  # fmt: skip
    assert "== end of the text" in said.partition("Nothing was sent yet")[2]
    assert "the same page as JSON" in said


def test_a_provider_without_a_replay_is_refused_with_the_names_of_those_that_have_one(tmp_path):
    done = demonstrated(tmp_path, "--provider", "local")
    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (1, b"")
    assert "has no replay to show" in said
    assert "Traceback" not in said
    assert all(provider in said for provider in SERVICES)
