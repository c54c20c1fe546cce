from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.model import Author, Message, Page
from dragoman.store.sql.cache import ReadCache
from dragoman.store.sqlite.database import Database

pytestmark = pytest.mark.anyio

ONE = ("CREATE TABLE t(a);",)


def insert(value):
    return lambda con: con.execute("INSERT INTO t VALUES(?)", (value,))


class Reader:
    """Reads all values of a file and knows how often the file was asked."""

    def __init__(self, database):
        self.database = database
        self.kept = ReadCache()
        self.asked = 0

    async def all(self, key="all"):
        return await self.kept.get(self.database, key, self._read)

    async def _read(self):
        self.asked += 1
        return await self.database.read(lambda con: [row[0] for row in con.execute("SELECT a FROM t")])


@pytest.fixture(params=["file", "memory"])
async def reader(request, tmp_path):
    async with Database.at(tmp_path / "x.db" if request.param == "file" else None, ONE) as database:
        yield Reader(database)


async def test_the_file_is_asked_once_until_something_is_written(reader):
    assert [await reader.all() for _ in range(3)] == [[], [], []]
    assert reader.asked == 1
    await reader.database.write(insert(7))
    assert [await reader.all() for _ in range(3)] == [[7], [7], [7]]
    assert reader.asked == 2


async def test_a_failed_write_changes_nothing_that_is_found(reader):
    with pytest.raises(ZeroDivisionError):
        await reader.database.write(lambda con: (insert(1)(con), 1 / 0))
    assert await reader.all() == []


async def test_different_questions_have_different_answers(reader):
    await reader.all("one")
    await reader.all("other")
    assert reader.asked == 2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["read", "write", "other program", "other program gives up"]), max_size=12))
def test_whoever_writes_what_is_found_is_what_the_file_holds(steps):
    async def run(path):
        async with Database.at(path, ONE) as database:
            reader = Reader(database)
            with closing(apsw.Connection(str(path))) as other:
                for number, step in enumerate(steps):
                    await _step(reader, other, step, number)
                    fresh = [row[0] for row in other.execute("SELECT a FROM t")]
                    assert await reader.all() == fresh

    with TemporaryDirectory() as folder:
        anyio.run(run, Path(folder) / "x.db")


async def _step(reader, other, step, number):
    if step == "write":
        await reader.database.write(insert(number))
    elif step.startswith("other"):
        other.execute("BEGIN IMMEDIATE")
        insert(number)(other)
        other.execute("ROLLBACK" if step.endswith("up") else "COMMIT")


async def test_what_is_written_while_reading_is_found_by_the_next_read(tmp_path):
    async with Database.at(tmp_path / "x.db", ONE) as database:
        kept = ReadCache()

        async def interrupted():
            found = await database.read(lambda con: con.execute("SELECT count(*) FROM t").get)
            await database.write(insert(1))
            return found

        assert await kept.get(database, "n", interrupted) == 0
        assert await kept.get(database, "n", interrupted) == 1


async def test_a_file_that_can_only_be_read_is_asked_each_time(tmp_path, monkeypatch):
    async with Database.at(tmp_path / "x.db", ONE) as database:
        monkeypatch.setattr(Database, "version", lambda _: None)
        reader = Reader(database)
        await reader.all()
        await reader.all()
    assert reader.asked == 2


async def test_only_so_much_is_kept(reader):
    async def page(size):
        async def read():
            text = "x" * size
            message = Message(id="1", conversation="c", author=Author(name="Ann"), sent_at=None, text=text)
            return Page(items=[message])

        return await reader.kept.get(reader.database, size, read)

    for size in range(1_000_000, 1_000_020):
        await page(size)
    assert await page(1_000_019) is await page(1_000_019)
    assert len(reader.kept) < 5
    await page(5_000_000)
    assert len(reader.kept) < 5


async def test_of_many_who_ask_at_once_one_reads(reader):
    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(reader.all)
    assert reader.asked == 1


async def test_who_waits_for_a_reader_that_fails_or_leaves_reads_alone(reader):
    kept, began, tries = reader.kept, anyio.Event(), []

    async def fails():
        tries.append(1)
        began.set()
        if len(tries) == 1:
            await anyio.sleep_forever()
        if len(tries) == 2:
            raise ZeroDivisionError
        return "found"

    async def leave():
        with anyio.CancelScope() as scope:
            group.start_soon(cancel_soon, scope)
            await kept.get(reader.database, "key", fails)

    async def cancel_soon(scope):
        await began.wait()
        scope.cancel()

    async def fail():
        with pytest.raises(ZeroDivisionError):
            await kept.get(reader.database, "key", fails)

    async with anyio.create_task_group() as group:
        group.start_soon(leave)
        group.start_soon(fail)
    assert await kept.get(reader.database, "key", fails) == "found"


async def test_what_is_found_again_after_a_write_elsewhere_is_the_very_same(reader):
    text = Message(id="1", conversation="c", author=Author(name="Ann"), sent_at=None, text="Hi")

    async def read():
        return Page(items=[Message(id="1", conversation="c", author=Author(name="Ann"), sent_at=None, text="Hi")])

    before = await reader.kept.get(reader.database, "page", read)
    await reader.database.write(insert(1))
    assert await reader.kept.get(reader.database, "page", read) is before
    assert before.items == [text]


async def test_nobody_waits_for_one_failing_reader_after_the_other(reader):
    calls = 0
    all_read = anyio.Event()

    async def fails():
        nonlocal calls
        calls += 1
        if calls == 1:
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            raise ZeroDivisionError
        if calls == 10:
            all_read.set()
        await all_read.wait()
        raise ZeroDivisionError

    async def ask():
        with pytest.raises(ZeroDivisionError):
            await reader.kept.get(reader.database, "key", fails)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(ask)
    assert calls == 10


async def test_of_a_file_that_was_replaced_nothing_is_remembered(tmp_path):
    path = tmp_path / "x.db"
    async with Database.at(path, ONE) as database:
        reader = Reader(database)
        await reader.all()
        path.rename(tmp_path / "away.db")
        assert database.version() is None
