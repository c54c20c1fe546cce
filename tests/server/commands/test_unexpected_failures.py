"""A mistake in the code of a format or a command ends in a sentence, and loses nothing that was read."""

import json

import pytest
from click.testing import CliRunner

from dragoman.archives.json_lines import JsonLinesFormat
from dragoman_server.cli.main import cli
from dragoman_server.commands.inspect import tools_and_accounts


@pytest.fixture
def run(tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text('timezone = "UTC"\n[accounts.local]\nprovider = "local"\n')

    def command(*words: str):
        return CliRunner().invoke(
            cli, [*words, "--config", str(settings)], env={"DRAGOMAN_DATA": str(tmp_path / "data")}
        )

    return command


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Two lines that a format reads, and then fails."""
    row = {"author": "Ann", "sent_at": "2026-03-10T09:00:00Z", "conversation": "room"}
    path = tmp_path / "chat.jsonl"
    path.write_text("".join(json.dumps(row | {"text": text}) + "\n" for text in ("Hello", "World")))
    read = JsonLinesFormat.read

    def failing(*given):
        yield from read(*given)
        raise ZeroDivisionError("the words of a mistake")

    monkeypatch.setattr(JsonLinesFormat, "read", failing)
    return str(path)


def test_a_format_that_fails_is_told_and_what_it_read_is_kept(run, archive):
    done = run("import", archive)
    assert done.exit_code == 0
    assert "3 read, 2 new, 0 changed, 0 known, 1 skipped" in done.stdout
    assert "the reader of this format failed (ZeroDivisionError)" in done.output
    assert "the words of a mistake" not in done.output
    assert "2 messages" in run("call", "list_conversations").stdout


def test_strict_stores_nothing_when_a_format_fails(run, archive):
    done = run("import", "--strict", archive)
    assert done.exit_code == 1
    assert "the reader of this format failed (ZeroDivisionError)" in done.output
    assert "0 conversations" in run("call", "list_conversations").stdout


@pytest.mark.parametrize(
    "failure", [ZeroDivisionError("the words of a mistake"), KeyError("x"), ExceptionGroup("a", [OSError()])]
)
def test_a_command_that_fails_says_so_in_a_sentence(run, monkeypatch, failure):
    def fail(*_given, **_named):
        raise failure

    monkeypatch.setattr(tools_and_accounts, "accounts", fail)
    done = run("accounts")
    assert done.exit_code == 1
    assert not isinstance(done.exception, type(failure))
    assert f"Internal error ({type(failure).__name__})" in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("times", "words", "status"),
    [
        (["soon", "later"], (), 1),
        (["soon", "2026-03-10T09:00:00Z"], (), 0),
        (["2020-01-01", "soon"], ("--since", "2026-01-01"), 0),
    ],
)
def test_an_import_of_which_nothing_could_be_read_says_so_by_its_status(run, tmp_path, times, words, status):
    rows = [{"author": "Ann", "sent_at": time, "conversation": "room", "text": "Hi"} for time in times]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    assert run("import", str(path), *words).exit_code == status
