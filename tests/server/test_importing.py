import json
import os
from io import BytesIO
from threading import Thread
from zoneinfo import ZoneInfo

import pytest

from dragoman.accounts import provider_registry
from dragoman.core.errors import DragomanError, InvalidArgument, NotFound, PermissionDenied, UnsupportedOperation
from dragoman.testing.journal_service import JournalService
from dragoman.toolset import call_tool
from dragoman_server.commands.import_files import BATCH, import_file, load, read
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime import tool_context

BERLIN = ZoneInfo("Europe/Berlin")


def line(**members: object) -> str:
    return json.dumps({"author": "Ann", "sent_at": "2026-03-10T09:00:00Z", "conversation": "room", **members}) + "\n"


def messages(*lines: str) -> list:
    return [message for batch in read(BytesIO("".join(lines).encode()), BERLIN) for message in batch.messages]


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


def test_a_line_has_the_members_of_our_json_answers():
    (message,) = messages(
        line(
            text="Hi", bot=True, subject="S", labels=["a"], reactions={"👍": 3}, status="open", url="https://x.example",
            attachments=[{"name": "a.pdf", "size": 3}], edited_at="2026-03-10T10:00:00", history=[{"text": "Ho"}],
        )
    )  # fmt: skip
    assert (message.text, message.author.kind, message.subject, message.labels) == ("Hi", "bot", "S", ("a",))
    assert (message.reactions[0].count, message.attachments[0].size, message.history[0].text) == (3, 3, "Ho")
    assert message.edited_at.utcoffset() == BERLIN.utcoffset(message.edited_at)


def test_an_author_in_full_is_taken_in_full():
    (message,) = messages(line(author={"name": "Bo", "id": "u1", "kind": "assistant", "email": "bo@x.example"}))
    assert (message.author.name, message.author.id, message.author.kind, message.author.email) == (
        "Bo", "u1", "assistant", "bo@x.example"
    )  # fmt: skip


def test_ids_come_from_the_line_its_reference_its_number_or_its_content():
    found = messages(
        line(external_id="e1"),
        line(ref="work:room/r%201", conversation=None),
        line(number=7),
        line(text="x"),
        line(text="x"),
    )
    assert [message.id for message in found[:3]] == ["e1", "r 1", "n7"]
    assert found[3].id == found[4].id
    assert {message.conversation for message in found} == {"room"}


def test_a_reply_finds_its_parent_by_number_reference_or_id():
    found = messages(
        line(number=1, external_id="first"),
        line(reply_to=1),
        line(reply_to="work:room/r2"),
        line(reply_to="x"),
        line(reply_to=9),
    )
    assert [message.reply_to for message in found] == [None, "first", "r2", "x", "n9"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("nonsense\n", "The line is no JSON object."),
        (line(sent_at="soon"), "The member sent_at is no ISO time."),
        (line(conversation=None), "The message has no conversation."),
        ('{"text": "x"}\n', "The member author is missing."),
    ],
)
def test_a_wrong_line_is_named_by_its_number(bad, reason):
    with pytest.raises(InvalidArgument) as caught:
        messages(line(text="fine"), "\n", bad)
    assert caught.value.message == f"Line 3: {reason}"


def test_many_messages_come_in_bounded_batches():
    content = "".join(line(text=str(number), conversation=f"c{number % 3}") for number in range(BATCH * 2 + 5))
    batches = list(read(BytesIO(content.encode()), BERLIN))
    assert sum(len(batch.messages) for batch in batches) == BATCH * 2 + 5
    assert max(len(batch.messages) for batch in batches) <= BATCH
    assert batches[-1].position == len(content)


@pytest.mark.anyio
async def test_importing_again_doubles_nothing(config, chat_file):
    async with tool_context.at(config) as shared:
        first = await load(shared, chat_file)
        again = await load(shared, chat_file)
        page = await call_tool(shared, "list_messages", {"conversation": "#kiosk-firmware", "limit": 200})
    assert (first.messages, first.conversations) == (199, 4)
    assert first.new >= 197
    assert again.new == 0
    assert "66 messages" in page.text.partition("\n")[0]


@pytest.mark.anyio
async def test_what_was_exported_by_a_tool_can_be_imported(config, file):
    async with tool_context.at(config) as shared:
        await load(shared, file(line(text="one", number=1), line(text="two", number=2, reply_to=1)))
        answer = await call_tool(shared, "list_messages", {"conversation": "local:room", "format": "json"})
        rows = [json.dumps(row | {"conversation": "copy"}) + "\n" for row in answer.data["messages"]]
        await load(shared, file(*rows))
        copied = await call_tool(shared, "list_messages", {"conversation": "local:copy", "format": "json"})
    members = ("author", "text", "sent_at")
    assert [{key: row[key] for key in members} for row in copied.data["messages"]] == [
        {key: row[key] for key in members} for row in answer.data["messages"]
    ]
    assert copied.data["messages"][1]["reply_to"] == copied.data["messages"][0]["number"]


@pytest.mark.anyio
async def test_what_stands_before_a_mistake_is_kept_and_the_file_can_be_imported_once_more(config, file):
    good = [line(text=str(number)) for number in range(BATCH)]
    async with tool_context.at(config) as shared:
        with pytest.raises(InvalidArgument, match=f"Line {BATCH + 1}"):
            await load(shared, file(*good, "{\n"))
        outcome = await load(shared, file(*good, line(text="last")))
    assert (outcome.messages, outcome.new) == (BATCH + 1, 1)


@pytest.mark.anyio
async def test_an_account_that_may_not_be_written_takes_no_import(tmp_path, file):
    notes = {"provider": "local", "path": str(tmp_path / "n.db")}
    closed = from_mapping({"accounts": {"notes": notes | {"write": "off"}}}, data=tmp_path)
    narrow = from_mapping({"accounts": {"notes": notes | {"write_to": ["notes:other"]}}}, data=tmp_path)
    async with tool_context.at(closed) as shared:
        with pytest.raises(UnsupportedOperation):
            await load(shared, file(line()))
    async with tool_context.at(narrow) as shared:
        with pytest.raises(PermissionDenied):
            await load(shared, file(line()))


@pytest.mark.anyio
async def test_an_account_that_does_not_exist_is_said(config, file):
    async with tool_context.at(config) as shared:
        with pytest.raises(NotFound, match="Accounts: local"):
            await load(shared, file(line()), "elsewhere")


@pytest.mark.anyio
@pytest.mark.parametrize("content", ["", "[]", "{", "\x00", '{"conversations": 3}'])
async def test_a_file_of_no_known_form_is_refused(config, file, content):
    async with tool_context.at(config) as shared:
        with pytest.raises(DragomanError, match="neither a chat export nor JSON Lines"):
            await load(shared, file(content))


@pytest.mark.anyio
async def test_a_file_that_is_not_there_is_said(config, tmp_path):
    async with tool_context.at(config) as shared:
        with pytest.raises(InvalidArgument, match="cannot be read"):
            await load(shared, tmp_path / "none.jsonl")


def test_blank_lines_and_a_byte_order_mark_before_the_first_message_are_passed_over():
    assert [message.text for message in messages("\ufeff\n", "  \n", line(text="a"), "\n", line(text="b"))] == [
        "a",
        "b",
    ]
    with pytest.raises(InvalidArgument, match="Line 3: "):
        messages("\n", line(), "{\n")


def test_half_a_surrogate_pair_is_imported_as_the_replacement_character_and_all_else_is_kept():
    lone, pair, escaped = r"\ud83d x \udc00", r"\ud83d\ude00", r"\\ud83d"
    row = line(text="TEXT").replace("TEXT", f"{lone}|{pair}|{escaped}")
    assert messages(row)[0].text == "\ufffd x \ufffd|😀|\\ud83d"


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"author": {"id": "x"}}, "author.name is missing."),
        ({"author": {"name": "x", "kind": "y"}}, "author.kind is not 'person', 'assistant', 'bot' or 'system'."),
        ({"author": 5}, "author is no text."),
        ({"reactions": {"👍": -1}}, "reactions is negative."),
        ({"reactions": {"👍": 2**63}}, "reactions is too large."),
        ({"attachments": [{"name": "a", "size": -1}]}, "attachments[0].size is negative."),
        ({"labels": "red"}, "labels is no list."),
        ({"history": ["old"]}, "history[0] is no object."),
    ],
)
def test_a_wrong_member_is_named_with_what_it_is(members, reason):
    with pytest.raises(InvalidArgument) as caught:
        messages(line(), line(**members))
    assert caught.value.message == f"Line 2: The member {reason}"


def test_a_line_that_is_another_json_value_is_said_to_be_no_object():
    with pytest.raises(InvalidArgument, match=r"Line 2: The line is no JSON object\."):
        messages(line(), "[]\n")


@pytest.mark.anyio
async def test_a_mistake_says_how_many_messages_before_it_are_stored(config, file):
    good = [line(text=str(number)) for number in range(BATCH * 2 + 5)]
    async with tool_context.at(config) as shared:
        with pytest.raises(InvalidArgument) as caught:
            await load(shared, file(*good, "{\n"))
        outcome = await load(shared, file(*good))
    assert caught.value.hint == "4,005 messages before it are stored; importing again doubles nothing."
    assert outcome.new == 0


@pytest.mark.anyio
async def test_a_mistake_before_which_nothing_is_stored_speaks_of_nothing_else(config, file):
    async with tool_context.at(config) as shared:
        with pytest.raises(InvalidArgument) as caught:
            await load(shared, file(line(sent_at="soon"), line()))
    assert str(caught.value) == "Line 1: The member sent_at is no ISO time."


@pytest.mark.anyio
async def test_of_a_short_file_too_what_stands_before_a_mistake_is_stored(config, file):
    good = [line(text=f"message {number}", conversation=f"c{number % 2}") for number in range(3)]
    async with tool_context.at(config) as shared:
        with pytest.raises(InvalidArgument, match=r"Line 4: .* 3 messages before it are stored"):
            await load(shared, file(*good, "{\n", line(text="after it")))
        found = await call_tool(shared, "search_messages", {"query": "message"})
        after = await call_tool(shared, "search_messages", {"query": "after"})
    assert found.text.startswith("3 hits")
    assert after.text.startswith("0 hits")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("export", [False, True])
def test_a_pipe_is_imported_like_a_file(config, tmp_path, chat_file, export):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = chat_file.read_bytes() if export else line().encode()
    writer = Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    said = import_file(config, pipe, None)
    writer.join()
    assert said.startswith("199 messages read" if export else "1 message read")


@pytest.mark.anyio
async def test_a_file_that_fails_while_it_is_read_is_said(config, file, monkeypatch):
    class Failing(BytesIO):
        def readline(self, size=-1):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr("dragoman_server.commands.import_files._opened", lambda path: Failing())
    async with tool_context.at(config) as shared:
        with pytest.raises(InvalidArgument, match=r"cannot be read \(Input/output error\)"):
            await load(shared, file(line()))


@pytest.mark.anyio
@pytest.mark.parametrize("write", ["allow", "confirm"])
@pytest.mark.parametrize("name", ["post", None])
async def test_a_file_is_not_imported_into_a_service(tmp_path, file, monkeypatch, write, name):
    monkeypatch.setitem(provider_registry.BUILT_IN, "journal", "dragoman.testing.journal_service:JournalProvider")
    service = JournalService(tmp_path / "service")
    post = {"provider": "journal", "folder": str(service.folder), "write": write}
    async with tool_context.at(from_mapping({"timezone": "UTC", "accounts": {"post": post}}, data=tmp_path)) as shared:
        with pytest.raises(UnsupportedOperation, match="machine"):
            await load(shared, file(line(text="Hi")), name)
    assert service.entries() == []
