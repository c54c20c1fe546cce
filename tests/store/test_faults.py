import resource
import shutil
import signal
from dataclasses import replace
from datetime import UTC, datetime

import anyio
import apsw
import pytest
from child_process import in_a_child

from dragoman.core.errors import InvalidArgument, Unavailable
from dragoman.core.model import Author, Message
from dragoman.core.queries import SearchQuery
from dragoman.store import Intent, open_store
from dragoman.store.sqlite.database import Database
from dragoman.store.sqlite.schema import MIGRATIONS
from dragoman.testing import ToolError, connect

pytestmark = pytest.mark.anyio

ONE = ("CREATE TABLE t(a);",)


def insert(value):
    return lambda con: con.execute("INSERT INTO t VALUES(?)", (value,))


async def opening(path):
    async with open_store(path):
        pass


async def test_a_file_that_is_no_database_is_named_and_left_as_it_is(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("Buy milk. " * 500)
    with pytest.raises(InvalidArgument, match=r"notes\.txt is not a Dragoman file\. "):
        await opening(path)
    assert path.read_text() == "Buy milk. " * 500
    assert list(tmp_path.iterdir()) == [path]


async def test_a_database_of_another_program_is_left_as_it_is(tmp_path):
    path = tmp_path / "other.db"
    other = apsw.Connection(str(path))
    other.execute("CREATE TABLE mine(a)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(InvalidArgument, match="belongs to another program"):
        await opening(path)
    assert path.read_bytes() == before


async def test_a_file_of_a_newer_version_is_left_as_it_is(tmp_path):
    path = tmp_path / "x.db"
    await opening(path)
    later = apsw.Connection(str(path))
    later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(InvalidArgument, match=f"newer Dragoman .schema 99, this one knows {len(MIGRATIONS)}"):
        await opening(path)


async def test_a_folder_in_the_place_of_the_file_is_named(tmp_path):
    with pytest.raises(InvalidArgument, match="is a folder"):
        await opening(tmp_path)


async def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidArgument, match="cannot be made"):
        await opening(tmp_path / "file" / "x.db")


async def test_an_empty_file_becomes_a_store(tmp_path):
    path = tmp_path / "x.db"
    path.touch()
    async with open_store(path) as store:
        assert await store.messages.conversations() == []


async def test_a_damaged_file_is_said_to_be_damaged(tmp_path):
    path = tmp_path / "x.db"
    await opening(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(Unavailable, match="is damaged"):
        async with open_store(path) as store:
            await store.messages.conversations()


async def test_a_lock_that_is_never_released_is_said_after_a_while(tmp_path):
    path = tmp_path / "x.db"
    async with Database.at(path, ONE, patience=0.05) as database:
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked by another program"):
            await database.write(insert(1))
        other.execute("ROLLBACK")
        await database.write(insert(1))


async def test_a_full_disk_is_said_and_loses_nothing(tmp_path):
    async with Database.at(tmp_path / "x.db", ONE) as database:
        await database.write(insert("kept"))
        await database.write(lambda con: con.execute("PRAGMA max_page_count = 3").get)
        with pytest.raises(Unavailable, match="no room left"):
            await database.write(insert("x" * 100_000))
        assert await database.read(lambda con: con.execute("SELECT a FROM t").get) == "kept"
        await database.write(insert("small"))


def test_a_limit_on_file_sizes_is_told_and_loses_nothing(tmp_path):
    path = tmp_path / "x.db"

    async def fill():
        async with Database.at(path, ONE) as database:
            await database.write(insert("kept"))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
            try:
                await database.write(insert("x" * 1_000_000))
            except Unavailable as error:
                return [str(error), await database.read(lambda con: con.execute("SELECT a FROM t").get)]

    said = in_a_child(fill)
    assert "disk is full" in said or "no room left" in said
    assert "kept" in said


NOBODY = 65534


def opened_up(folder):
    for parent in (folder, *folder.parents):
        if parent.stat().st_mode & 0o005 != 0o005:
            parent.chmod(parent.stat().st_mode | 0o055)


def test_a_file_in_a_folder_that_may_not_be_written_can_be_read(tmp_path):
    path = tmp_path / "x.db"

    async def make():
        async with Database.at(path, ONE) as database:
            await database.write(insert("kept"))

    anyio.run(make)
    path.chmod(0o444)
    opened_up(tmp_path)
    tmp_path.chmod(0o555)

    async def look():
        async with Database.at(path, ONE) as database:
            kept = await database.read(lambda con: con.execute("SELECT a FROM t").get)
            try:
                await database.write(insert("more"))
            except Unavailable as error:
                return f"{kept} {error}"

    said = in_a_child(look, user=NOBODY)
    tmp_path.chmod(0o755)
    assert said.startswith(f"kept {path} can only be read. Make the file")


def test_a_file_that_may_not_be_read_is_told(tmp_path):
    path = tmp_path / "x.db"
    anyio.run(opening, path)
    path.chmod(0)
    opened_up(tmp_path)
    said = in_a_child(lambda: opening(path), user=NOBODY)
    assert said.startswith(f"Unavailable: {path} cannot be opened.")


def test_a_folder_that_may_not_be_written_is_told(tmp_path):
    opened_up(tmp_path)
    tmp_path.chmod(0o555)
    said = in_a_child(lambda: opening(tmp_path / "x.db"), user=NOBODY)
    tmp_path.chmod(0o755)
    assert said.startswith(f"Unavailable: {tmp_path / 'x.db'} cannot be opened.")


def test_messages_in_a_file_that_may_only_be_read_are_shown_by_reference_and_paged(tmp_path):
    path = tmp_path / "x.db"
    author, sent_at = Author(name="Ann"), datetime(2026, 3, 10, tzinfo=UTC)
    first = Message(id="m1", conversation="c", account="a", author=author, sent_at=sent_at, text="seen")
    second = replace(first, id="m2", reply_to="m1")

    async def make():
        async with open_store(path) as store:
            await store.messages.number([first])

    async def read():
        async with open_store(path) as store:
            seen = await store.messages.number([first, second])
            cursor = await store.cursors.save({"at": 1})
            numbers = [(message.number, message.reply_to_number) for message in seen]
            return [numbers, len(cursor) <= 8, await store.cursors.load(cursor)]

    anyio.run(make)
    path.chmod(0o444)
    opened_up(tmp_path)
    tmp_path.chmod(0o555)
    assert in_a_child(read, user=NOBODY) == "[[(1, None), (None, 1)], True, {'at': 1}]"
    tmp_path.chmod(0o755)


def test_every_write_to_a_file_that_may_only_be_read_is_refused_and_reading_goes_on(tmp_path):
    first = {"conversation": "local:room", "text": "kept", "author": "Ann", "sent_at": "2026-03-10T09:00Z"}
    writes = {
        "send_message": {"conversation": "local:room", "text": "more"},
        "update_message": {"message": "1", "text": "more"},
        "import_message": first | {"text": "more"},
    }

    async def make():
        async with connect(data=tmp_path) as client:
            await client.call("import_message", **first)

    async def write():
        said = []
        async with connect(data=tmp_path) as client:
            for tool, arguments in writes.items():
                with pytest.raises(ToolError) as refused:
                    await client.call(tool, **arguments)
                said.append(str(refused.value))
            said.append(await client.call("list_messages", conversation="local:room"))
        return "\n".join(said)

    anyio.run(make)
    (tmp_path / "dragoman.db").chmod(0o444)
    opened_up(tmp_path)
    tmp_path.chmod(0o555)
    said = in_a_child(write, user=NOBODY).split("\n")
    tmp_path.chmod(0o755)
    for line, done in zip(said, ("sent", "changed", "imported"), strict=False):
        assert line.endswith(
            f"can only be read. Nothing was {done}. Make the file and its folder writable for this user."
        )
    assert said[-1] == "1 09:00 Ann: kept"


@pytest.mark.parametrize("replacement", ["another", "none"])
async def test_a_store_whose_file_is_no_longer_there_says_so_on_every_call(tmp_path, replacement):
    path, aside = tmp_path / "x.db", tmp_path / "aside.db"
    author, sent_at = Author(name="Ann"), datetime(2026, 3, 10, tzinfo=UTC)
    one = Message(id="m1", conversation="c", account="a", author=author, sent_at=sent_at, text="words")
    async with open_store(path) as store:
        await store.messages.number([one])
        path.rename(aside)
        if replacement == "another":
            shutil.copy(aside, path)
        calls = (
            lambda: store.messages.locate(1),
            lambda: store.messages.search("a", SearchQuery(text="words")),
            lambda: store.messages.number([replace(one, id="m2")]),
            lambda: store.cursors.save({"at": 1}),
            lambda: store.writes.begin(Intent(account="a", operation="send_message", conversation="c", digest="d")),
            store.check,
        )
        for call in calls:
            with pytest.raises(Unavailable, match="was moved, deleted or replaced while it was open"):
                await call()
        aside.replace(path)
        assert await store.messages.locate(1) == ("a", "c", "m1")
        await store.check()
