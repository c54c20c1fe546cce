"""Messages of files come into an account once, and again only with what is new."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from threading import Event
from zoneinfo import ZoneInfo

import anyio.from_thread
import pytest
from chat_lines import line
from tests.benchmarks.archive_forms import FORMS, make_texts

from dragoman.accounts import provider_registry
from dragoman.archives.mail.spool import Spool
from dragoman.archives.reading import Archives
from dragoman.core.errors import DragomanError, InvalidArgument, NotFound, PermissionDenied, UnsupportedOperation
from dragoman.testing.journal_service import JournalService
from dragoman.toolset import call_tool
from dragoman_server.commands.import_files import BATCH, ImportRequest, load
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime import tool_context


@pytest.fixture
def config(tmp_path):
    return from_mapping(
        {"timezone": "UTC", "accounts": {"local": {"provider": "local", "path": str(tmp_path / "notes.db")}}},
        data=tmp_path,
    )


async def load_path(shared, path, account=None, **options):
    return await load(shared, ImportRequest(paths=(path,), account=account, **options))


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
async def test_more_conversations_than_memory_holds_are_counted_once_and_known_again(config, file):
    path = file(*[line(conversation=f"room {n % 9000}", id=str(n), text="a") for n in range(9500)])
    async with tool_context.open_services(config) as shared:
        first = await load_path(shared, path)
        again = await load_path(shared, path)
    assert (first.counts.new, first.conversations) == (9500, 9000)
    assert (again.unchanged, again.conversations) == (True, 9000)


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
async def test_my_own_messages_are_found_by_the_name_that_the_archive_gives_me(config, file):
    path = file(line(text="one", author={"name": "Ann Lee", "id": "u1"}), line(text="two", author="Bo Lee"))
    async with tool_context.open_services(config) as shared:
        await load_path(shared, path, me="u1")
        for tool, query in (("list_messages", {"conversation": "local:room"}), ("search_messages", {"query": "one"})):
            for name in ("Ann Lee", "ann", "me"):
                found = await call_tool(shared, tool, {**query, "author": name})
                assert "one" in found.text.replace("**", "")
                assert "two" not in found.text


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


@pytest.mark.anyio
async def test_mails_that_were_read_are_stored_when_an_import_is_stopped(config, tmp_path, monkeypatch):
    FORMS["mbox"](tmp_path / "mbox", make_texts(500))
    add, stop, stopped = Spool.add, Archives.stop, Event()
    read = []

    def stop_at_hundred(spool, mail):
        add(spool, mail)
        read.append(mail)
        if len(read) == 100:
            anyio.from_thread.run_sync(task.cancel)  # as Ctrl-C does
            assert stopped.wait(30)

    def tell_stop(archives):
        stop(archives)
        stopped.set()

    monkeypatch.setattr(Spool, "add", stop_at_hundred)
    monkeypatch.setattr(Archives, "stop", tell_stop)
    told = []
    async with tool_context.open_services(config) as shared:
        request = ImportRequest(paths=(tmp_path / "mbox",))
        task = asyncio.ensure_future(load(shared, request, on_stop=lambda: told.append("stopping")))
        with pytest.raises(asyncio.CancelledError):
            await task
        assert told == ["stopping"]
        stored = len(read)
        assert 100 <= stored < 500
        again = await load_path(shared, tmp_path / "mbox")
    assert again.summary == f"500 read, {500 - stored} new, 0 changed, {stored} known, 0 skipped"
    with closing(sqlite3.connect(tmp_path / "notes.db")) as con:
        assert con.execute("SELECT count(*) FROM local_places").fetchone() == (100,)


@pytest.mark.anyio
@pytest.mark.parametrize("choice", [{"dates": "mdy"}, {"zone": ZoneInfo("Asia/Tokyo")}], ids=["dates", "zone"])
async def test_a_chat_that_is_imported_again_with_another_choice_is_put_right(config, tmp_path, choice):
    chat = tmp_path / "WhatsApp Chat with Team.txt"
    chat.write_text("3/9/26, 10:00 - Ann: Hi\n3/9/26, 10:01 - Bo: Ho\n")
    async with tool_context.open_services(config) as shared:
        await load_path(shared, chat)
        report = await load(shared, ImportRequest(paths=(chat,), **choice))
        answer = await call_tool(shared, "list_messages", {"conversation": "local:whatsapp.team", "format": "json"})
    assert report.summary == "2 read, 0 new, 2 changed, 0 known, 0 skipped"
    right = "2026-03-09T10:00:00Z" if "dates" in choice else "2026-09-03T01:00:00Z"
    assert answer.data["messages"][0]["sent_at"] == right
