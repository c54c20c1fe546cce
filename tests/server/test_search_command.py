"""``dragoman search``: what the store holds, from a shell, without asking a service."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner

from dragoman.core.model import Author, Conversation, Message
from dragoman.store import open_store
from dragoman_server.cli.main import cli
from dragoman_server.commands.search import Found

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
NOWHERE = '[accounts.desk]\nprovider = "convore"\nbase_url = "http://127.0.0.1:1"\ntoken = "t"\n'


@pytest.fixture
def run(fresh_machine, tmp_path):
    """Run a command with an account of a service that cannot be reached."""
    config = tmp_path / "dragoman.toml"
    config.write_text(f'timezone = "UTC"\n{NOWHERE}[accounts.local]\nprovider = "local"\n', "utf-8")
    return lambda *arguments: CliRunner().invoke(
        cli, [arguments[0], "--config", str(config), *arguments[1:]], catch_exceptions=False
    )


@pytest.fixture
def filled(run, environment, tmp_path):
    """Messages of the local account, and some that were read from the service before."""
    lines = [
        json.dumps(
            {
                "conversation": "room",
                "author": "Ann",
                "sent_at": f"2026-03-10T09:{number:02}:00Z",
                "text": f"budget number {number}" + (" draft" if number == 3 else ""),
            }
        )
        for number in range(25)
    ]
    chat = tmp_path / "chat.jsonl"
    chat.write_text("\n".join(lines), "utf-8")
    assert run("import", str(chat)).exit_code == 0
    bo = Author(name="Bo")
    desk = [
        Message(id=f"d{n}", conversation="c1", author=bo, sent_at=START + timedelta(days=n), text=f"invoice {n}")
        for n in range(3)
    ]

    async def remember():
        async with open_store(Path(environment["DRAGOMAN_DATA"]) / "dragoman.db") as store:
            await store.messages.number(desk, account="desk")
            await store.messages.remember_conversations([Conversation(id="c1", title="Billing", account="desk")])

    anyio.run(remember)
    return run


def test_a_search_prints_what_the_tool_says_twenty_hits_at_a_time(filled):
    result = filled("search", "budget")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("20 hits · ")
    assert lines[1] == "# room · local:room"
    assert len([line for line in lines if "**budget** number" in line]) == 20
    cursor = re.search(r"more: cursor (\S+)", lines[0])[1]
    rest = filled("search", "budget", "--cursor", cursor)
    assert rest.stdout.startswith("5 hits · ")
    assert not set(lines[2:]) & set(rest.stdout.splitlines()[2:])


def test_messages_of_a_service_come_from_the_store_and_the_service_is_not_asked(filled):
    result = filled("search", "in:#billing", "from:bo", "invoice")
    assert result.exit_code == 0
    header, note, *lines = result.stdout.splitlines()
    assert header.startswith("3 hits · desk: local index")
    assert note.startswith("-- note: Read as")
    assert lines[0] == "# Billing · desk:c1"
    assert [line.rpartition("Bo: ")[2] for line in lines[1:]] == [f"**invoice** {n}" for n in (2, 1, 0)]
    assert result.stderr == ""


@pytest.mark.parametrize("words", [["budget", "-draft"], ["budget -draft"], ["-draft", "budget"]])
def test_words_that_begin_with_a_hyphen_are_part_of_the_query(filled, words):
    result = filled("search", *words, "--limit", "50")
    assert result.stdout.startswith("24 hits")
    assert "draft" not in result.stdout.partition("\n")[2]


def test_a_word_with_an_h_after_a_hyphen_is_no_question_for_help(filled):
    assert "Usage" not in filled("search", "budget", "-with").stdout


def test_nothing_found_is_told_and_the_status_is_1(filled):
    result = filled("search", "zzyzx")
    assert result.exit_code == 1
    assert result.stdout.startswith("0 hits")
    assert "-- note: Try" in result.stdout


def test_json_is_that_of_the_tool(filled):
    result = filled("search", "--json", "invoice", "--account", "desk", "--limit", "2")
    data = json.loads(result.stdout)
    assert [message["author"] for message in data["messages"]] == ["Bo", "Bo"]
    assert data["cursor"]
    nothing = filled("search", "zzyzx", "--json")
    assert nothing.exit_code == 1
    assert json.loads(nothing.stdout)["messages"] == []


def test_an_unknown_account_or_conversation_is_one_sentence_on_stderr(filled):
    for words, said in ((("x", "--account", "nobody"), "There is no account"), (("x", "in:#nowhere"), "nowhere")):
        result = filled("search", *words)
        assert result.exit_code == 1
        assert said in result.stderr
        assert result.stdout == ""


def test_in_a_terminal_what_was_found_stands_out_and_nothing_else_changes():
    text = "2 hits · times in UTC\n# room · local:room\n>12 re 3 2026-03-10 09:00 Ann (bot): the **launch** of 2*3*4"
    coloured = Found(text, 2).coloured()
    assert "\x1b[1;33mlaunch\x1b[0m" in coloured
    assert "2*3*4" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text.replace("**", "")


@pytest.mark.parametrize(("wish", "is_styled"), [(None, True), ("", True), ("1", False)])
@pytest.mark.parametrize("more", [(), ("--log-level", "error")], ids=["quick", "usual"])
def test_no_colours_are_shown_to_who_says_so_by_a_value(filled, talk, tmp_path, monkeypatch, wish, is_styled, more):
    monkeypatch.delenv("NO_COLOR", raising=False)
    if wish is not None:
        monkeypatch.setenv("NO_COLOR", wish)
    seen, _ = talk(["search", "draft", "--config", str(tmp_path / "dragoman.toml"), *more], [])
    assert (b"\x1b[1;33m" in seen, b"draft" in seen) == (is_styled, True)
