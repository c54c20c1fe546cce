"""A file that is overwritten in place while a server has it open, as ``cp`` does it."""

import os
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import apsw
import pytest

from dragoman.core.errors import Unavailable
from dragoman.core.model import Author, Message
from dragoman.store import open_store
from dragoman.store.sqlite.main_file import MainFile
from dragoman.store.sqlite.maintenance.backup import back_up

pytestmark = pytest.mark.anyio

FIRST = Message(
    id="0", conversation="c", author=Author(name="Ann"), sent_at=datetime(2026, 3, 10, tzinfo=UTC), text="hello"
)


def messages(first, last):
    return [replace(FIRST, id=str(number), text=f"message {number} " * 20) for number in range(first, last)]


def checkpoint(path):
    con = apsw.Connection(str(path))
    con.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    before = path.read_bytes()
    con.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    con.close()
    assert path.read_bytes() != before


def overwrite(source, path):
    """Write another content into the same file."""
    before = path.stat().st_ino
    content = source.read_bytes()
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
    assert path.stat().st_ino == before


async def require_refused(store):
    for _ in range(2):
        with pytest.raises(Unavailable, match="was overwritten while it was open"):
            await store.messages.number(messages(1000, 1003), account="a")
        with pytest.raises(Unavailable, match="was overwritten while it was open"):
            await store.messages.conversations()


async def own_backup(path, tmp_path):
    back_up(path, tmp_path / "copy.db")


async def other_store(path, tmp_path):
    del path
    async with open_store(tmp_path / "copy.db") as other:
        await other.messages.number(messages(0, 50), account="a")


async def own_file_of_before(path, tmp_path):
    checkpoint(path)
    shutil.copyfile(path, tmp_path / "copy.db")


async def no_database(path, tmp_path):
    del path
    (tmp_path / "copy.db").write_bytes(b"this is no database" * 5000)


@pytest.mark.parametrize(
    ("copy", "checkpointed"),
    [
        (own_backup, False),
        (own_backup, True),
        (other_store, False),
        (other_store, True),
        (own_file_of_before, True),
        (no_database, False),
        (no_database, True),
    ],
)
async def test_an_overwritten_store_is_refused_and_what_is_there_stays_as_it_is(
    tmp_path, clock, caplog, copy, checkpointed
):
    path = tmp_path / "dragoman.db"
    async with open_store(path, clock=clock) as store:
        await store.messages.number(messages(0, 10), account="a")
        await copy(path, tmp_path)
        await store.messages.number(messages(10, 60), account="a")
        if checkpointed:
            checkpoint(path)
            await store.messages.number(messages(60, 70), account="a")
        overwrite(tmp_path / "copy.db", path)
        await require_refused(store)
    assert path.read_bytes() == (tmp_path / "copy.db").read_bytes()
    assert "nothing more is written to it" in caplog.text
    if copy is not no_database:
        async with open_store(path, clock=clock) as store:
            assert len(await store.messages.number(messages(0, 3), account="a")) == 3


async def test_a_store_that_is_overwritten_while_nobody_asks_is_not_written_to_when_it_is_closed(tmp_path, clock):
    path = tmp_path / "dragoman.db"
    async with open_store(path, clock=clock) as store:
        await store.messages.number(messages(0, 10), account="a")
        back_up(path, tmp_path / "copy.db")
        await store.messages.number(messages(10, 60), account="a")
        overwrite(tmp_path / "copy.db", path)
    assert path.read_bytes() == (tmp_path / "copy.db").read_bytes()
    (kept,) = tmp_path.glob("dragoman.db-wal.*")
    assert kept.stat().st_size > 0


async def test_checkpoints_of_others_and_a_touched_file_are_no_reason_to_refuse(tmp_path, clock):
    path = tmp_path / "dragoman.db"
    async with open_store(path, clock=clock) as store:
        for number in range(0, 200, 10):
            await store.messages.number(messages(number, number + 10), account="a")
            if number % 30 == 0:
                checkpoint(path)
            if number % 70 == 0:
                os.utime(path)
        assert len(await store.messages.number(messages(0, 200), account="a")) == 200


async def test_a_checkpoint_that_ends_while_the_file_is_compared_is_no_reason_to_refuse(tmp_path, clock, monkeypatch):
    path = tmp_path / "dragoman.db"
    read_header = MainFile._header

    def read_after_a_checkpoint(main_file):
        with closing(apsw.Connection(str(path))) as con:
            con.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        monkeypatch.undo()
        return read_header(main_file)

    async with open_store(path, clock=clock) as store:
        await store.messages.number(messages(0, 60), account="a")
        os.utime(path)
        monkeypatch.setattr(MainFile, "_header", read_after_a_checkpoint)
        for _ in range(2):
            assert len(await store.messages.number(messages(0, 70), account="a")) == 70
    assert not list(tmp_path.glob("dragoman.db-wal.*"))


async def test_pages_that_a_checkpoint_has_moved_in_part_are_no_reason_to_refuse(tmp_path, clock, monkeypatch):
    path = tmp_path / "dragoman.db"
    read = MainFile._read

    def read_a_mix(main_file, found):
        monkeypatch.undo()
        return replace(read(main_file, found), key="of a page that now holds something else")

    async with open_store(path, clock=clock) as store:
        await store.messages.number(messages(0, 60), account="a")
        os.utime(path)
        monkeypatch.setattr(MainFile, "_read", read_a_mix)
        for _ in range(2):
            assert len(await store.messages.number(messages(0, 70), account="a")) == 70


async def test_a_checkpoint_that_never_ended_is_no_reason_to_refuse(tmp_path, clock):
    path = tmp_path / "dragoman.db"
    async with open_store(path, clock=clock) as store:
        await store.messages.number(messages(0, 60), account="a")
        state = back_up(path, tmp_path / "copy.db")
        assert state
        # What a process leaves that is killed while it moves pages: some are there, and nothing says so.
        page = (tmp_path / "copy.db").read_bytes()[:4096]
        with path.open("r+b") as file:
            file.write(page)
        await store.messages.number(messages(60, 70), account="a")
        assert len(await store.messages.number(messages(0, 70), account="a")) == 70


async def test_a_store_whose_checkpoint_was_cut_off_by_a_crash_is_opened_whole(tmp_path, clock):
    path, crashed = tmp_path / "dragoman.db", tmp_path / "crashed.db"
    async with open_store(path, clock=clock) as store:
        await store.messages.number(messages(0, 200), account="a")
        shutil.copyfile(path, crashed)
        shutil.copyfile(f"{path}-wal", f"{crashed}-wal")
    log = (tmp_path / "crashed.db-wal").read_bytes()
    size = int.from_bytes(log[8:12])
    frames = [log[at : at + size + 24] for at in range(32, len(log), size + 24)]
    newer = {int.from_bytes(frame[:4]): frame[24:] for frame in frames}
    content = bytearray(max(crashed.stat().st_size, max(newer) * size))
    content[: crashed.stat().st_size] = crashed.read_bytes()
    content[:size] = newer.pop(1)  # the checkpoint has written the first page, and was at the others
    for page in newer:
        content[(page - 1) * size : page * size] = b"\xff" * size
    crashed.write_bytes(content)
    async with open_store(crashed, clock=clock) as store:
        found = await store.messages.number(messages(0, 200), account="a")
        assert [one.number for one in found] == list(range(1, 201))
        await store.messages.number(messages(200, 210), account="a")
    async with open_store(crashed, clock=clock) as store:
        assert (await store.messages.number(messages(209, 210), account="a"))[0].number == 210


@pytest.mark.parametrize("from_elsewhere", [True, False])
async def test_a_log_that_was_filled_and_emptied_is_no_reason_to_refuse(tmp_path, from_elsewhere):
    path = tmp_path / "dragoman.db"
    async with open_store(path) as store:
        await store.messages.number(messages(0, 50), account="a")
    async with open_store(path) as store, open_store(path) as other:
        await store.messages.conversations()
        await (other if from_elsewhere else store).retention.forget("a", None)
        await (other if from_elsewhere else store).retention.scrub()
        assert len(await store.messages.number(messages(50, 60), account="a")) == 10
    assert [file.name for file in tmp_path.iterdir()] == ["dragoman.db"]
