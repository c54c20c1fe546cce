"""The commands ``outbox`` and ``audit``: what was written, and what nobody knows of."""

import json

import anyio
import pytest
from click.testing import CliRunner

from dragoman.store import AuditRecord, Intent, open_store
from dragoman_server.cli.main import cli

LONG_AGO = 1_700_000_000.0
HOSTILE = "evil\x1b[2J\nforged line \u202egnp.exe"


@pytest.fixture
def run(fresh_machine, settings_named):
    """Run a command in this process."""
    settings_named('timezone = "UTC"\n')
    return lambda *arguments: CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


@pytest.fixture
def remembered(tmp_path):
    """Do something with the store that the commands read."""

    def do(work, **options):
        async def main():
            async with open_store(tmp_path / "data" / "dragoman.db", **options) as store:
                return await work(store)

        return anyio.run(main)

    return do


@pytest.fixture
def cut_off(remembered):
    """A write that was begun long ago and never ended; its number."""

    async def begin(store):
        intent = Intent(
            account="local", operation="send_message", conversation="room", digest="d", who=HOSTILE, key="k1"
        )
        return (await store.writes.begin(intent)).id

    return remembered(begin, clock=lambda: LONG_AGO)


def test_an_empty_outbox_says_so(run):
    assert run("outbox").stdout == "There is no write whose outcome is unknown.\n"


def test_the_outbox_shows_each_write_on_one_line_and_what_to_do(run, cut_off):
    count, line, *advice = run("outbox").stdout.splitlines()
    assert count == "1 write has no known outcome."
    assert line.split()[:5] == [str(cut_off), "2023-11-14", "22:13", "send_message", "local:room"]
    assert "by evil" in line
    assert "\x1b" not in line
    assert "\u202e" not in line
    assert "--not-sent" in " ".join(advice)


@pytest.mark.parametrize(("option", "word"), [("--sent", "made"), ("--not-sent", "not made")])
def test_somebody_who_looked_can_say_how_it_ended(run, cut_off, option, word):
    assert run("outbox", option, str(cut_off)).stdout == f"Noted: the write {cut_off} was {word}.\n"
    assert run("outbox").stdout == "There is no write whose outcome is unknown.\n"
    again = run("outbox", option, str(cut_off))
    assert again.exit_code == 1
    assert "waits for an outcome" in again.stderr


def test_a_write_that_may_still_be_at_work_is_marked_and_not_settled(run, remembered):
    async def begin(store):
        intent = Intent(account="local", operation="send_message", conversation="room", digest="d")
        return (await store.writes.begin(intent)).id

    number = remembered(begin)
    assert "(perhaps still under way)" in run("outbox").stdout
    refused = run("outbox", "--not-sent", str(number))
    assert refused.exit_code == 1
    assert "may still be at work" in refused.stderr


def test_both_words_at_once_are_a_usage_error(run):
    assert run("outbox", "--sent", "1", "--not-sent", "1").exit_code == 2


def test_an_empty_log_says_so(run):
    assert run("audit").stdout == "Nothing was written yet.\n"
    assert json.loads(run("audit", "--json").stdout) == []


@pytest.fixture
def logged(remembered):
    async def write(store):
        for number in range(3):
            await store.audit.record(
                AuditRecord(
                    who=HOSTILE, account="local", operation="send_message", conversation=f"room{number}", outcome="done"
                )
            )

    remembered(write, clock=lambda: LONG_AGO)


def test_the_log_is_a_table_newest_first_that_nothing_in_it_can_break(run, logged):
    head, *lines = run("audit").stdout.splitlines()
    assert head.split() == ["time", "outcome", "tool", "where", "by"]
    assert [line.split()[4] for line in lines] == ["local:room2", "local:room1", "local:room0"]
    assert all(line.startswith("2023-11-14 22:13:20  done") for line in lines)
    assert "\x1b" not in "".join(lines)
    assert "\u202e" not in "".join(lines)
    assert len(run("audit", "--limit", "2").stdout.splitlines()) == 3


def test_the_log_is_the_same_as_json(run, logged):
    newest, *_ = records = json.loads(run("audit", "--json").stdout)
    assert len(records) == 3
    assert newest["at"] == "2023-11-14T22:13:20+00:00"
    assert (newest["account"], newest["conversation"], newest["outcome"]) == ("local", "local:room2", "done")
    assert newest["who"] == HOSTILE
    assert "message" not in newest
