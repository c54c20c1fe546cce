import stat
import threading
from contextlib import closing

import anyio
import anyio.to_thread
import apsw
import pytest

from dragoman.core.errors import Unavailable
from dragoman.store.sqlite.connections import READERS
from dragoman.store.sqlite.database import Database
from dragoman.store.sqlite.main_file import ChangeCounter

pytestmark = pytest.mark.anyio

ONE = ("CREATE TABLE t(a);",)
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def insert(value):
    return lambda con: con.execute("INSERT INTO t VALUES(?)", (value,))


def everything(con):
    return [row[0] for row in con.execute("SELECT a FROM t ORDER BY a")]


async def test_what_was_written_is_there_after_opening_again(tmp_path):
    path = tmp_path / "new" / "folder" / "x.db"
    async with Database.at(path, ONE) as database:
        await database.write(insert(7))
    async with Database.at(path, ONE) as database:
        assert await database.read(everything) == [7]


async def test_file_and_new_folders_belong_to_this_user_only(tmp_path):
    path = tmp_path / "new" / "folder" / "x.db"
    async with Database.at(path, ONE) as database:
        await database.write(insert(1))
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(files.values()) == {0o600}
    assert "x.db-wal" in files
    assert stat.S_IMODE(path.parent.stat().st_mode) == stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


async def test_users_of_one_path_share_the_database_until_the_last_has_left(tmp_path):
    async with Database.at(tmp_path / "x.db", ONE) as first:
        async with Database.at(tmp_path / "." / "x.db", ONE) as second:
            assert first is second
        await first.write(insert(1))
    async with Database.at(tmp_path / "x.db", ONE) as third:
        assert third is not first
    with pytest.raises(Unavailable, match="closed"):
        await first.read(everything)


async def test_a_read_that_fails_half_way_does_not_hold_its_connection_in_the_past(tmp_path):
    def gives_up(con, kept=[]):  # noqa: B006 - kept on purpose, as a traceback keeps it
        rows = con.execute("SELECT a FROM t")
        kept.append(rows)
        next(iter(rows))
        raise ValueError("half way")

    async with Database.at(tmp_path / "x.db", ONE) as database:
        for value in (1, 2):
            await database.write(insert(value))
        for _ in range(READERS):
            with pytest.raises(ValueError, match="half way"):
                await database.read(gives_up)
        await database.write(insert(3))
        for _ in range(READERS):
            assert await database.read(everything) == [1, 2, 3]


async def test_databases_in_memory_are_apart_and_can_be_read_and_written():
    async with Database.at(None, ONE) as first, Database.at(None, ONE) as second:
        await first.write(insert(1))
        assert await first.read(everything) == [1]
        assert await second.read(everything) == []


async def test_an_exception_undoes_all_of_a_write(tmp_path):
    def fail(con):
        insert(1)(con)
        raise KeyError("no")

    async with Database.at(tmp_path / "x.db", ONE) as database:
        with pytest.raises(KeyError):
            await database.write(fail)
        await database.write(insert(2))
        assert await database.read(everything) == [2]


async def test_reads_go_on_while_a_write_is_under_way(tmp_path):
    written, read = threading.Event(), threading.Event()

    def write(con):
        insert(1)(con)
        written.set()
        assert read.wait(60)

    async with Database.at(tmp_path / "x.db", ONE) as database, anyio.create_task_group() as tasks:
        tasks.start_soon(database.write, write)
        await anyio.to_thread.run_sync(written.wait)
        assert await database.read(everything) == []
        read.set()


async def test_a_cancelled_read_stops_and_its_connection_works_again(tmp_path):
    async with Database.at(tmp_path / "x.db", ONE) as database:
        for _ in range(2 * READERS):
            started = threading.Event()

            def endless(con, started=started):
                started.set()
                return con.execute(ENDLESS).get

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(database.read, endless)
                await anyio.to_thread.run_sync(started.wait)
                tasks.cancel_scope.cancel()
        with anyio.fail_after(40):
            assert await database.read(everything) == []


async def test_reads_that_are_cancelled_while_they_wait_let_the_database_close(tmp_path):
    started = threading.Semaphore(0)

    def endless(con):
        started.release()
        return con.execute(ENDLESS).get

    with anyio.fail_after(20):
        async with Database.at(tmp_path / "x.db", ONE) as database, anyio.create_task_group() as tasks:
            for _ in range(4 * READERS):
                tasks.start_soon(database.read, endless)
            for _ in range(READERS):
                await anyio.to_thread.run_sync(started.acquire)
            tasks.cancel_scope.cancel()


async def test_a_write_that_has_begun_is_finished_when_its_caller_is_cancelled(tmp_path):
    begun, cancelled = threading.Event(), threading.Event()

    def write(con):
        begun.set()
        assert cancelled.wait(60)
        insert(1)(con)

    async with Database.at(tmp_path / "x.db", ONE) as database:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(database.write, write)
            await anyio.to_thread.run_sync(begun.wait)
            tasks.cancel_scope.cancel()
            cancelled.set()
        assert await database.read(everything) == [1]


async def test_a_write_that_waits_for_another_program_can_be_cancelled(tmp_path):
    path = tmp_path / "x.db"
    async with Database.at(path, ONE, patience=60) as database:
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE")
        with anyio.fail_after(40):
            with anyio.move_on_after(0.05) as scope:
                await database.write(insert(1))
        assert scope.cancelled_caught
        other.execute("ROLLBACK")
        await database.write(insert(2))
        assert await database.read(everything) == [2]


async def test_a_write_waits_for_another_program_and_then_succeeds(tmp_path):
    path = tmp_path / "x.db"
    async with Database.at(path, ONE) as database:
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE; INSERT INTO t VALUES(1)")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(database.write, insert(2))
            assert await database.read(everything) == []
            other.execute("COMMIT")
        assert await database.read(everything) == [1, 2]


async def test_many_tasks_write_at_once_and_all_is_there(tmp_path):
    async with Database.at(tmp_path / "x.db", ONE) as database:
        async with anyio.create_task_group() as tasks:
            for value in range(100):
                tasks.start_soon(database.write, insert(value))
        assert await database.read(everything) == list(range(100))


def test_two_event_loops_share_one_file(tmp_path):
    path = tmp_path / "x.db"

    async def write(start):
        async with Database.at(path, ONE) as database:
            for value in range(start, start + 30):
                await database.write(insert(value))

    threads = [threading.Thread(target=anyio.run, args=(write, start)) for start in (0, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert everything(apsw.Connection(str(path))) == list(range(60))


async def test_each_new_script_runs_once_on_an_old_file(tmp_path):
    path = tmp_path / "x.db"
    async with Database.at(path, ONE) as database:
        await database.write(insert(1))
    two = (*ONE, "ALTER TABLE t ADD COLUMN b DEFAULT 5;")
    for _ in range(2):
        async with Database.at(path, two) as database:
            assert await database.read(lambda con: con.execute("SELECT a, b FROM t").get) == (1, 5)


async def test_a_script_that_fails_leaves_the_old_file_as_it_was(tmp_path):
    path = tmp_path / "x.db"
    async with Database.at(path, ONE) as database:
        await database.write(insert(1))
    with pytest.raises(Unavailable):
        async with Database.at(path, (*ONE, "ALTER TABLE t ADD COLUMN b; SELECT * FROM nowhere;")):
            pass
    async with Database.at(path, ONE) as database:
        assert await database.read(lambda con: con.execute("SELECT * FROM t").get) == 1


SETTINGS = {
    "synchronous": 2,
    "foreign_keys": 1,
    "cache_size": -8000,
    "journal_size_limit": 1 << 26,
    "wal_autocheckpoint": 4000,
    "trusted_schema": 0,
    "temp_store": 2,
}


async def test_every_setting_of_a_connection_takes_effect(tmp_path):
    def settings(con):
        return {name: con.execute(f"PRAGMA {name}").get for name in SETTINGS}

    async with Database.at(tmp_path / "x.db", ONE) as database:
        assert await database.read(settings) == await database.write(settings) == SETTINGS


async def test_a_write_that_keeps_caches_leaves_the_version_and_any_other_one_changes_it(tmp_path):
    path = tmp_path / "x.db"
    async with Database.at(path, ONE) as database:
        first = database.version()
        for value in range(3):
            await database.write(insert(value), keeps_caches=True)
            assert database.version() == first is not None
        await database.write(insert(3))
        second = database.version()
        assert second != first
        await database.write(insert(4), keeps_caches=True)
        assert database.version() == second
        with closing(apsw.Connection(str(path))) as other:
            other.execute("INSERT INTO t VALUES(5)")
        assert database.version() not in (first, second)


async def test_what_another_program_writes_during_a_write_that_keeps_caches_is_noticed(tmp_path, monkeypatch):
    path = tmp_path / "x.db"
    async with Database.at(path, ONE) as database:
        before = database.version()
        keep = ChangeCounter.keep
        with closing(apsw.Connection(str(path))) as other:

            def keep_after_another_write(counter, writer, mark):
                other.execute("INSERT INTO t VALUES(9)")
                keep(counter, writer, mark)

            monkeypatch.setattr(ChangeCounter, "keep", keep_after_another_write)
            await database.write(insert(1), keeps_caches=True)
        assert database.version() != before
