"""``dragoman import`` reads files, folders and pipes, and says what it did."""

import json
import os
import subprocess
import sys
from threading import Thread

import pytest
from chat_lines import line
from click.testing import CliRunner

from dragoman.archives import reading
from dragoman_server.cli.main import cli
from dragoman_server.commands.import_files import BATCH


@pytest.fixture
def run(tmp_path):
    """The command, with a store and settings of its own."""
    settings = tmp_path / "settings.toml"
    settings.write_text('timezone = "UTC"\n[accounts.local]\nprovider = "local"\n')

    def command(*words: str, stdin: bytes | None = None):
        return CliRunner().invoke(
            cli, [*words, "--config", str(settings)], input=stdin, env={"DRAGOMAN_DATA": str(tmp_path / "data")}
        )

    return command


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("export", [False, True])
def test_a_pipe_is_imported_like_a_file(run, tmp_path, chat_file, export):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = chat_file.read_bytes() if export else line().encode()
    writer = Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    answer = run("import", str(pipe))
    writer.join()
    assert "199 read, 197 new" in answer.stdout if export else "1 read, 1 new" in answer.stdout


@pytest.mark.skipif(os.name == "nt", reason="there are no files for devices here")
def test_a_device_is_refused_because_it_may_never_end(run):
    answer = run("import", "/dev/zero")
    assert answer.exit_code == 1
    assert answer.stderr == "/dev/zero is a device, and may never end. Give the path of a file.\n"
    assert answer.stdout == ""


def test_a_hyphen_is_standard_input(run):
    answer = run("import", "-", stdin=line(text="needle").encode())
    assert answer.stdout.splitlines()[-1] == "1 read, 1 new, 0 changed, 0 known, 0 skipped."
    assert "needle" in run("call", "list_messages", "conversation=local:room").stdout


def test_several_paths_are_one_import(run, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(line(text=name))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "c").write_text(line(text="c"))
    answer = run("import", str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "folder"))
    assert answer.stdout.splitlines()[-1] == "3 read, 3 new, 0 changed, 0 known, 0 skipped."
    assert answer.exit_code == 0


def test_two_formats_in_one_folder_are_both_taken_and_told_apart(run, tmp_path, chat_file):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_text(line(text="a"))
    (folder / "b").write_bytes(chat_file.read_bytes())
    (folder / "readme").write_text("Dear diary")
    answer = run("import", str(folder))
    assert "JSON Lines" in answer.stdout
    assert "chat export" in answer.stdout
    assert "200 read, 198 new" in answer.stdout


def test_an_answer_in_json_has_the_same_counts(run, tmp_path):
    (tmp_path / "a").write_text(line(text="a") + "{\n")
    found = json.loads(run("import", str(tmp_path / "a"), "--json").stdout)
    assert {key: found[key] for key in ("read", "new", "changed", "known", "skipped")} == {
        "read": 2, "new": 1, "changed": 0, "known": 0, "skipped": 1,
    }  # fmt: skip
    assert found["reasons"][0]["count"] == 1
    assert found["archives"] == ["JSON Lines"]


def test_a_dry_run_says_what_is_there_and_stores_nothing(run, chat_file):
    answer = run("import", str(chat_file), "--dry-run")
    assert "kiosk-firmware (c-kiosk-firmware): 66 messages, 2026-04-06 to 2026-04-09, Ines Duarte" in answer.stdout
    assert answer.stdout.splitlines()[-1] == "197 messages in 4 conversations would be imported, 2 left out."
    found = json.loads(run("import", str(chat_file), "--dry-run", "--json").stdout)
    assert found["messages"] == 197
    assert run("call", "list_conversations").stdout.count("kiosk") == 0


@pytest.mark.parametrize(("rows", "words"), [(1, "1 message in 1 conversation"), (2, "2 messages in 1 conversation")])
def test_a_dry_run_counts_in_words(run, tmp_path, rows, words):
    (tmp_path / "chat.jsonl").write_text("".join(line(id=str(row)) for row in range(rows)), encoding="utf-8")
    assert f"{words} would be imported" in run("import", str(tmp_path / "chat.jsonl"), "--dry-run").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--timezone", "Nowhere"), "There is no time zone"),
        (("--since", "soon"), "since is not a time"),
        (("--format", "nonsense"), "There is no archive format"),
        (("--dates", "x"), "dmy"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(run, tmp_path, words, said):
    (tmp_path / "a").write_text(line(text="a"))
    answer = run("import", str(tmp_path / "a"), *words)
    assert answer.exit_code != 0
    assert said in answer.stderr


def test_a_named_format_takes_what_would_not_be_recognised(run, tmp_path):
    (tmp_path / "a").write_text("\n" * 60 + "5\n" + line(text="a"))
    assert run("import", str(tmp_path / "a"), "--format", "jsonl").stdout.splitlines()[-1].startswith("2 read, 1 new")


WHATSAPP = "".join(f"[10.03.26, 09:0{n}:00] Ann: hello {n}\n" for n in range(3))


def mixed_folder(tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "WhatsApp Chat with Bob.txt").write_text(WHATSAPP)
    (folder / "lines.jsonl").write_text(line(id="1", text="other"))
    (folder / "diary.txt").write_text("Dear diary\n\nIt rained.\n")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00")
    return folder


@pytest.mark.parametrize(
    "name", ["whatsapp", "irc", "jsonl", "chat", "telegram", "mail", "matrix", "messenger", "discord"]
)
def test_a_named_format_makes_no_conversations_of_files_of_other_formats(run, tmp_path, name):
    result = run("import", str(mixed_folder(tmp_path)), "--format", name, "--json")

    listed = run("call", "list_conversations")
    if name in ("whatsapp", "jsonl"):
        assert result.exit_code == 0
        found = json.loads(result.stdout)
        assert found["conversations"] == 1
        places = " ".join(place for reason in found["reasons"] for place in reason["places"])
        assert "diary.txt" in places
        assert ("lines.jsonl" in places) == (name == "whatsapp")
        assert "photo.jpg" not in places
        assert "1 conversation" in listed.stdout or listed.stdout.count("local:") == 1
    else:
        assert "local:" not in listed.stdout


def test_a_dry_run_names_the_texts_that_no_format_takes(run, tmp_path):
    folder = mixed_folder(tmp_path)
    told = run("import", str(folder), "--dry-run").stdout
    assert "1 file of no known format:" in told
    assert "diary.txt" in told
    assert "photo.jpg" not in told
    assert json.loads(run("import", str(folder), "--dry-run", "--json").stdout)["unknown_files"] == 1


def test_a_named_format_takes_texts_in_a_folder_when_none_of_them_is_recognised(run, tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text("# a comment\n" + line(text="kept"))
    result = run("import", str(folder), "--format", "jsonl")
    assert "1 new" in result.stdout


def test_an_interrupt_keeps_what_was_stored_and_says_how_to_go_on(run, tmp_path, monkeypatch):
    rows = 2 * BATCH + 10
    (tmp_path / "a").write_text("".join(line(text=f"w{number}") for number in range(rows)))
    batches = reading.Archives.next_batch

    calls: list[int] = []

    def interrupted(self, size):
        calls.append(size)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return batches(self, size)

    monkeypatch.setattr(reading.Archives, "next_batch", interrupted)
    answer = run("import", str(tmp_path / "a"))
    assert answer.exit_code != 0
    assert "Run the same command again" in answer.stderr
    monkeypatch.undo()
    again = run("import", str(tmp_path / "a"))
    assert (
        again.stdout.splitlines()[-1] == f"{rows:,} read, {rows - BATCH:,} new, 0 changed, {BATCH:,} known, 0 skipped."
    )


@pytest.mark.parametrize(
    ("blocks", "said"), [(12_000, " entries before that are stored; importing again doubles nothing."), (0, "")]
)
def test_an_import_onto_a_full_disk_says_what_is_stored(environment, tmp_path, file, blocks, said):
    path = file(*(line(text=f"{number} " + "x" * 200, id=str(number)) for number in range(20_000)))
    command = f"ulimit -f {blocks}; exec {sys.executable} -m dragoman_server import {path}"
    ended = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "dragoman.db" in ended.stderr
    assert said in ended.stderr


def test_what_is_left_out_on_purpose_is_no_reason_for_strict_to_refuse(run, tmp_path):
    old = line(id="a", sent_at="2020-01-01T00:00:00Z")
    (tmp_path / "chat.jsonl").write_text(old + line(id="b"), encoding="utf-8")
    words = ("import", str(tmp_path / "chat.jsonl"), "--strict", "--since", "2026-01-01")
    answer = run(*words)
    assert answer.exit_code == 0
    assert "1 skipped: older than --since" in answer.output
    assert "1 new" in answer.output
