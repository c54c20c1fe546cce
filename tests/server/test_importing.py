import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from threading import Thread

import pytest
from click.testing import CliRunner

from dragoman.accounts import provider_registry
from dragoman.core.errors import DragomanError, InvalidArgument, NotFound, PermissionDenied, UnsupportedOperation
from dragoman.testing.journal_service import JournalService
from dragoman.toolset import call_tool
from dragoman_server.cli.main import cli
from dragoman_server.commands.import_files import BATCH, ImportRequest, load, reading
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime import tool_context


def line(**members: object) -> str:
    return json.dumps({"author": "Ann", "sent_at": "2026-03-10T09:00:00Z", "conversation": "room", **members}) + "\n"


@pytest.fixture
def config(tmp_path):
    return from_mapping(
        {"timezone": "UTC", "accounts": {"local": {"provider": "local", "path": str(tmp_path / "notes.db")}}},
        data=tmp_path,
    )


@pytest.fixture
def file(tmp_path):
    def write(*lines: str):
        path = tmp_path / "chat.jsonl"
        path.write_text("".join(lines), encoding="utf-8")
        return path

    return write


async def load_path(shared, path, account=None, **options):
    return await load(shared, ImportRequest(paths=(path,), account=account, **options))


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


@pytest.mark.anyio
async def test_importing_again_doubles_nothing(config, chat_file):
    async with tool_context.open_services(config) as shared:
        first = await load_path(shared, chat_file)
        again = await load_path(shared, chat_file)
        page = await call_tool(shared, "list_messages", {"conversation": "#kiosk-firmware", "limit": 200})
    assert (first.summary, first.conversations) == ("199 read, 197 new, 0 changed, 0 known, 2 skipped", 4)
    assert (again.summary, again.conversations) == ("199 read, 0 new, 0 changed, 199 known, 0 skipped", 4)
    assert again.unchanged
    assert "66 messages" in page.text.partition("\n")[0]


@pytest.mark.anyio
async def test_a_file_that_is_known_is_read_again_when_something_of_it_is_missing(config, file, tmp_path):
    path = file(line(id="a", text="a"), line(id="b", text="b"))
    async with tool_context.open_services(config) as shared:
        await load_path(shared, path)
    with closing(sqlite3.connect(tmp_path / "notes.db")) as con, con:
        con.execute("DELETE FROM local_messages WHERE id = 'a'")
        con.execute("UPDATE local_places SET held = 1")
    async with tool_context.open_services(config) as shared:
        again = await load_path(shared, path)
    assert not again.unchanged
    assert again.summary == "2 read, 1 new, 0 changed, 1 known, 0 skipped"


@pytest.mark.anyio
async def test_what_was_exported_by_a_tool_can_be_imported(config, file):
    async with tool_context.open_services(config) as shared:
        await load_path(shared, file(line(text="one", number=1), line(text="two", number=2, reply_to=1)))
        answer = await call_tool(shared, "list_messages", {"conversation": "local:room", "format": "json"})
        rows = [json.dumps(row | {"conversation": "copy"}) + "\n" for row in answer.data["messages"]]
        await load_path(shared, file(*rows))
        copied = await call_tool(shared, "list_messages", {"conversation": "local:copy", "format": "json"})
    members = ("author", "text", "sent_at")
    assert [{key: row[key] for key in members} for row in copied.data["messages"]] == [
        {key: row[key] for key in members} for row in answer.data["messages"]
    ]
    assert copied.data["messages"][1]["reply_to"] == copied.data["messages"][0]["number"]


@pytest.mark.anyio
async def test_a_changed_export_brings_what_is_new_of_each_message(config, file):
    rich = line(
        id="b",
        text="b",
        labels=["x"],
        reactions={"👍": 2},
        attachments=[{"name": "f", "size": 3}, {"name": "g"}],
        subject="S",
    )
    async with tool_context.open_services(config) as shared:
        await load_path(
            shared, file(line(id="a", text="helo"), line(id="b", text="b", attachments=[{"name": "f"}]), line(id="c"))
        )
        report = await load_path(shared, file(line(id="a", text="hello"), rich, line(id="c")))
        answer = await call_tool(shared, "list_messages", {"conversation": "local:room", "format": "json"})
        back = await load_path(shared, file(line(id="a", text="helo"), line(id="b", text="b"), line(id="c")))
        same = await call_tool(shared, "list_messages", {"conversation": "local:room", "format": "json"})
    assert report.summary == "3 read, 0 new, 2 changed, 1 known, 0 skipped"
    first, second, _ = answer.data["messages"]
    assert first["text"] == "hello"
    assert (second["labels"], second["reactions"], second["subject"]) == (["x"], {"👍": 2}, "S")
    assert [(one["name"], one.get("size")) for one in second["attachments"]] == [("f", 3), ("g", None)]
    assert back.summary == "3 read, 0 new, 0 changed, 3 known, 0 skipped", "an older export takes nothing away"
    assert same.data["messages"] == answer.data["messages"]


@pytest.mark.anyio
async def test_a_bad_row_is_counted_and_the_rows_after_it_are_stored(config, file):
    rows = [line(text=str(number)) for number in range(BATCH)]
    async with tool_context.open_services(config) as shared:
        report = await load_path(shared, file(*rows, "{\n", line(text="last")))
        found = await call_tool(shared, "search_messages", {"query": "last"})
    assert report.summary == f"{BATCH + 2:,} read, {BATCH + 1:,} new, 0 changed, 0 known, 1 skipped"
    assert f"line {BATCH + 1}, column" in report.text
    assert found.text.startswith("1 hit")


@pytest.mark.anyio
async def test_strict_stores_nothing_when_something_cannot_be_read(config, file):
    path = file(line(text="needle"), line(sent_at="soon"))
    async with tool_context.open_services(config) as shared:
        with pytest.raises(InvalidArgument, match=r"Nothing was stored: 1 skipped: sent_at is no ISO time .*line 2"):
            await load_path(shared, path, strict=True)
        found = await call_tool(shared, "search_messages", {"query": "needle"})
        right = await load_path(shared, file(line(text="needle")), strict=True)
    assert found.text.startswith("0 hits")
    assert right.counts.new == 1


@pytest.mark.anyio
async def test_an_account_that_may_not_be_written_takes_no_import(tmp_path, file):
    notes = {"provider": "local", "path": str(tmp_path / "n.db")}
    closed = from_mapping({"accounts": {"notes": notes | {"write": "off"}}}, data=tmp_path)
    narrow = from_mapping({"accounts": {"notes": notes | {"write_to": ["notes:other"]}}}, data=tmp_path)
    async with tool_context.open_services(closed) as shared:
        with pytest.raises(UnsupportedOperation):
            await load_path(shared, file(line()))
    async with tool_context.open_services(narrow) as shared:
        with pytest.raises(PermissionDenied):
            await load_path(shared, file(line()))


@pytest.mark.anyio
async def test_an_account_that_does_not_exist_is_said(config, file):
    async with tool_context.open_services(config) as shared:
        with pytest.raises(NotFound, match="Accounts: local"):
            await load_path(shared, file(line()), "elsewhere")


@pytest.mark.anyio
async def test_an_archive_can_have_an_account_of_its_own(tmp_path, file):
    accounts = {
        "local": {"provider": "local", "path": str(tmp_path / "notes.db")},
        "old-slack": {"provider": "local", "path": str(tmp_path / "old.db")},
    }
    async with tool_context.open_services(
        from_mapping({"timezone": "UTC", "accounts": accounts}, data=tmp_path)
    ) as shared:
        report = await load_path(shared, file(line(text="needle")), "old-slack")
        found = await call_tool(shared, "list_messages", {"conversation": "old-slack:room"})
        other = await call_tool(shared, "list_conversations", {"account": "local"})
    assert report.account == "old-slack"
    assert "needle" in found.text
    assert "room" not in other.text


@pytest.mark.anyio
@pytest.mark.parametrize("content", ["", "[]", "{", "\x00", '{"colour": 3}', "Dear diary", "<html>"])
async def test_a_file_of_no_known_form_is_refused(config, file, content):
    async with tool_context.open_services(config) as shared:
        with pytest.raises(DragomanError, match="No archive was recognised") as refused:
            await load_path(shared, file(content))
    assert "chat.jsonl" in str(refused.value)
    assert "JSON Lines" in str(refused.value)


@pytest.mark.anyio
async def test_a_file_that_is_not_there_is_said(config, tmp_path):
    async with tool_context.open_services(config) as shared:
        with pytest.raises(InvalidArgument, match="cannot be read"):
            await load_path(shared, tmp_path / "none.jsonl")


@pytest.mark.anyio
async def test_the_messages_of_the_person_who_is_me_are_mine(config, file):
    author = {"name": "Ann Lee", "id": "u1", "email": "ann@x.example"}
    path = file(line(text="one", author=author), line(text="two", author="Bo"))
    async with tool_context.open_services(config) as shared:
        for who in ("u1", "ANN@x.example", "ann lee"):
            await load_path(shared, path, me=who)
            page = await call_tool(shared, "list_messages", {"conversation": "local:room", "author": "me"})
            assert "one" in page.text
            assert "two" not in page.text


@pytest.mark.anyio
async def test_who_is_me_can_be_said_later(config, file):
    path = file(line(text="one", author="Ann"), line(text="two", author="Bo"))
    async with tool_context.open_services(config) as shared:
        await load_path(shared, path)
        report = await load_path(shared, path, me="Ann")
        page = await call_tool(shared, "list_messages", {"conversation": "local:room", "author": "me"})
    assert report.summary == "2 read, 0 new, 1 changed, 1 known, 0 skipped"
    assert "one" in page.text
    assert "two" not in page.text


@pytest.mark.anyio
async def test_older_messages_are_left_out_when_asked(config, file):
    path = file(line(text="old", sent_at="2020-01-01T00:00Z"), line(text="new"))
    async with tool_context.open_services(config) as shared:
        report = await load_path(shared, path, since=datetime(2021, 1, 1, tzinfo=UTC))
    assert report.summary == "2 read, 1 new, 0 changed, 0 known, 1 skipped"


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


@pytest.mark.anyio
@pytest.mark.parametrize("write", ["allow", "confirm"])
@pytest.mark.parametrize("name", ["post", None])
async def test_a_file_is_not_imported_into_a_service(tmp_path, file, monkeypatch, write, name):
    monkeypatch.setitem(provider_registry.BUILT_IN, "journal", "dragoman.testing.journal_service:JournalProvider")
    service = JournalService(tmp_path / "service")
    post = {"provider": "journal", "folder": str(service.folder), "write": write}
    async with tool_context.open_services(
        from_mapping({"timezone": "UTC", "accounts": {"post": post}}, data=tmp_path)
    ) as shared:
        with pytest.raises(UnsupportedOperation, match="machine"):
            await load_path(shared, file(line(text="Hi")), name)
    assert service.entries() == []


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
