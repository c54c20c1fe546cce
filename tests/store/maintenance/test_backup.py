import os
import stat
import subprocess
import sys
from datetime import UTC, datetime

import anyio
import apsw
import pytest

from dragoman.core.errors import Conflict, InvalidArgument, NotFound, Unavailable
from dragoman.core.model import Author, Message
from dragoman.store import open_store
from dragoman.store.sqlite.maintenance.backup import back_up, restore

pytestmark = pytest.mark.anyio

SERVER = """
import sys, anyio
from pathlib import Path
from dragoman.store import open_store

async def main(path):
    async with open_store(path) as store:
        await store.messages.conversations()
        print("open", flush=True)
        sys.stdin.readline()

anyio.run(main, Path(sys.argv[1]))
"""


def message(number: int) -> Message:
    return Message(
        id=f"m{number}",
        conversation="room",
        author=Author(name="Ann"),
        sent_at=datetime(2026, 3, 10, tzinfo=UTC),
        text=f"text {number}",
        account="acc",
    )


def ids(path) -> set[str]:
    con = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return {id_ for (id_,) in con.execute("SELECT id FROM seen_messages")}
    finally:
        con.close()


async def test_a_copy_that_is_made_while_others_write_is_one_consistent_file(tmp_path):
    path, target = tmp_path / "x.db", tmp_path / "copy.db"
    async with open_store(path) as store:
        await store.messages.number([message(number) for number in range(500)])

        async def write():
            for number in range(500, 560):
                await store.messages.number([message(number)])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            await anyio.to_thread.run_sync(back_up, path, target)
    assert {f"m{number}" for number in range(500)} <= ids(target) <= {f"m{number}" for number in range(560)}
    assert apsw.Connection(str(target)).execute("PRAGMA integrity_check").get == "ok"
    assert {file.name for file in tmp_path.iterdir()} == {"x.db", "copy.db"}


async def test_what_is_still_in_the_wal_file_is_in_the_copy(tmp_path):
    async with open_store(tmp_path / "x.db") as store:
        await store.messages.number([message(1)])
        back_up(tmp_path / "x.db", tmp_path / "copy.db")
        assert ids(tmp_path / "copy.db") == {"m1"}


def test_a_copy_and_its_new_folder_belong_to_this_user_only(store_file, tmp_path):
    target = tmp_path / "new" / "copy.db"
    back_up(store_file, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700


async def test_an_earlier_copy_is_replaced_and_any_other_file_is_refused(store_file, tmp_path):
    target, other = tmp_path / "copy.db", tmp_path / "notes.txt"
    back_up(store_file, target)
    async with open_store(store_file) as store:
        await store.messages.number([message(1)])
    back_up(store_file, target)
    assert "m1" in ids(target)
    other.write_text("Buy milk. " * 500)
    with pytest.raises(InvalidArgument, match="not a Dragoman file"):
        back_up(store_file, other)
    assert other.read_text() == "Buy milk. " * 500


def test_a_damaged_store_does_not_replace_a_good_copy(store_file, tmp_path, full_store):
    target = tmp_path / "copy.db"
    back_up(store_file, target)
    before = target.read_bytes()
    store_file.write_bytes(full_store[:8192] + b"\xff" * 8192 + full_store[16384:])
    with pytest.raises(Unavailable, match="damaged"):
        back_up(store_file, target)
    assert target.read_bytes() == before


@pytest.mark.parametrize("name", ["dragoman.db", "./dragoman.db", "link.db"])
def test_a_store_is_not_copied_onto_itself(store_file, tmp_path, name):
    (tmp_path / "link.db").hardlink_to(store_file)
    with pytest.raises(InvalidArgument, match="is the store itself"):
        back_up(store_file, tmp_path / name)
    with pytest.raises(InvalidArgument, match="is the store itself"):
        restore(tmp_path / name, store_file)


def test_a_store_that_is_not_there_is_told_and_none_is_made(tmp_path):
    with pytest.raises(NotFound, match=r"no file .*x\.db"):
        back_up(tmp_path / "x.db", tmp_path / "copy.db")
    with pytest.raises(NotFound, match=r"no file .*copy\.db"):
        restore(tmp_path / "copy.db", tmp_path / "x.db")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_a_newer_version_is_not_restored(store_file, tmp_path):
    copy = tmp_path / "copy.db"
    back_up(store_file, copy)
    later = apsw.Connection(str(copy))
    later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(InvalidArgument, match="newer Dragoman"):
        restore(copy, store_file)


async def test_a_restored_store_is_as_the_copy_was_and_the_one_before_is_put_aside(store_file, tmp_path):
    copy = tmp_path / "copy.db"
    back_up(store_file, copy)
    async with open_store(store_file) as store:
        await store.messages.number([message(1)])
    former = restore(copy, store_file)
    assert former.parent == tmp_path
    assert "m1" in ids(former)
    assert "m1" not in ids(store_file)
    async with open_store(store_file) as store:
        assert await store.messages.locate(4) == ("chat", "C02RELAY", "1.4")


async def test_nothing_of_the_wal_file_of_the_store_before_gets_into_the_restored_one(store_file, tmp_path):
    copy = tmp_path / "copy.db"
    back_up(store_file, copy)
    child = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
        [sys.executable, "-c", SERVER, str(store_file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    child.stdout.readline()
    async with open_store(store_file) as store:
        await store.messages.number([message(1)])
    child.kill()  # leaves the -wal file behind
    child.wait()
    child.stdin.close()
    child.stdout.close()
    assert (tmp_path / "dragoman.db-wal").stat().st_size > 0
    former = restore(copy, store_file)
    assert "m1" in ids(former)
    assert "m1" not in ids(store_file)


def test_a_store_that_another_process_has_open_is_not_replaced(store_file, tmp_path):
    copy = tmp_path / "copy.db"
    back_up(store_file, copy)
    before = os.stat(store_file).st_ino  # noqa: PTH116 - the file itself, not what it holds
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(store_file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        server.stdout.readline()
        with pytest.raises(Conflict, match="in use by another process"):
            restore(copy, store_file)
        server.communicate(b"\n")
    assert os.stat(store_file).st_ino == before  # noqa: PTH116 - as above
    assert restore(copy, store_file) is not None


def test_a_damaged_store_can_be_replaced_and_is_put_aside(store_file, tmp_path):
    copy = tmp_path / "copy.db"
    back_up(store_file, copy)
    store_file.write_bytes(b"\xff" * 8192)
    former = restore(copy, store_file)
    assert former.read_bytes() == b"\xff" * 8192
    assert "1.1" in ids(store_file)


def test_a_store_is_restored_where_none_is(store_file, tmp_path):
    target = tmp_path / "new" / "folder" / "dragoman.db"
    assert restore(store_file, target) is None
    assert ids(target) == ids(store_file)
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700


def test_a_copy_that_cannot_be_finished_leaves_nothing_behind(store_file, tmp_path):
    target = tmp_path / "folder" / "copy.db"
    target.parent.mkdir()

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(store_file, target, stop)
    assert list(target.parent.iterdir()) == []
    back_up(store_file, target)
    assert [file.name for file in target.parent.iterdir()] == ["copy.db"]
