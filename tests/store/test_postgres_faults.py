"""What happens to a store in PostgreSQL when the server, the network or its disk fails."""

import os
import signal
import threading
from dataclasses import replace

import anyio
import postgres
import pytest
from store_contract_messages import found, message
from store_contract_writes import INTENT

from dragoman.core.errors import DragomanError, Unavailable
from dragoman.store import NotWritableError, open_store
from dragoman.store.postgres import pool

pytestmark = pytest.mark.anyio


async def test_a_server_that_answers_nothing_is_given_up_and_used_again_when_it_goes_on(own_server, monkeypatch):
    monkeypatch.setattr(pool, "DEADLINE", 1.0)
    monkeypatch.setattr(pool, "_WATCHED_EVERY", 0.05)
    async with open_store(own_server.address()) as store:
        await store.check()
        serving = "SELECT pid FROM pg_stat_activity WHERE client_port > 0 AND pid <> pg_backend_pid()"
        stopped = [int(row[0]) for row in own_server.execute(serving)]
        pid = int((own_server.state / "data" / "postmaster.pid").read_text().split()[0])
        everybody = [pid, *stopped]
        for one in everybody:
            os.kill(one, signal.SIGSTOP)
        try:
            with anyio.fail_after(30):
                with pytest.raises(Unavailable, match="cannot be reached"):
                    await store.writes.begin(INTENT)
        finally:
            for one in everybody:
                os.kill(one, signal.SIGCONT)
        assert (await store.writes.begin(INTENT)).attempts == 1


async def test_more_callers_than_connections_all_get_their_turn(postgres_store):
    ended = []

    async def ask():
        database = postgres_store._database
        ended.append(await database.read(lambda con: con.execute("SELECT 1 FROM pg_sleep(0.05)").get))

    async with anyio.create_task_group() as tasks:
        for _ in range(60):
            tasks.start_soon(ask)
    assert ended == [1] * 60


async def test_callers_who_wait_too_long_are_told_that_the_database_is_busy(postgres_store, monkeypatch):
    monkeypatch.setattr("dragoman.store.postgres.turns._PATIENCE", 0.2)
    told = []

    async def ask():
        try:
            await postgres_store._database.read(lambda con: con.execute("SELECT 1 FROM pg_sleep(1)").get)
        except Unavailable as error:
            told.append(str(error))

    async with anyio.create_task_group() as tasks:
        for _ in range(12):
            tasks.start_soon(ask)
    assert len(told) == 4
    assert all("is busy" in one for one in told)


@pytest.mark.parametrize("way", ["postgres_address", "pooled_address"])
async def test_a_statement_is_ended_after_its_time(request, way, monkeypatch):
    monkeypatch.setattr("dragoman.store.postgres.statements.STATEMENT_SECONDS", 1)
    async with open_store(request.getfixturevalue(way)) as store:
        with anyio.fail_after(15), pytest.raises(Unavailable, match="took too long"):
            await store._database.read(lambda con: con.execute("SELECT pg_sleep(20)").get)


async def test_a_read_that_is_cancelled_ends_at_the_server(postgres_server, postgres_store):
    with anyio.move_on_after(0.3):
        await postgres_store._database.read(lambda con: con.execute("SELECT pg_sleep(17)").get)
    for _ in range(100):
        if not postgres_server.execute(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(17)' AND state = 'active'"
        ):
            return
        await anyio.sleep(0.05)
    pytest.fail("the server still sleeps")


async def test_a_deadlock_is_resolved_by_running_one_of_them_again(postgres_store):
    database = postgres_store._database
    meeting = threading.Barrier(2, timeout=20)
    met = []

    def work(con, first, second):
        con.execute("UPDATE meta SET value = value WHERE key = ?", (first,))
        if len(met) < 2:
            met.append(first)
            meeting.wait()
        con.execute("UPDATE meta SET value = value WHERE key = ?", (second,))
        return first

    await database.write(lambda con: con.execute("INSERT INTO meta VALUES('a', ''), ('b', '')"))
    ended = []

    async def run(first, second):
        ended.append(await database.write(lambda con: work(con, first, second)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run, "a", "b")
        tasks.start_soon(run, "b", "a")
    assert sorted(ended) == ["a", "b"]


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_a_transaction_that_the_server_undid_because_of_others_is_run_again(postgres_store, state):
    database, runs = postgres_store._database, []

    def work(con):
        runs.append(con.execute("INSERT INTO meta VALUES(?, '') RETURNING key", (f"run {len(runs)}",)).get)
        if len(runs) < 3:
            con.execute(f"DO $$ BEGIN RAISE EXCEPTION 'undone' USING ERRCODE = '{state}'; END $$")

    await database.write(work)
    found = await database.read(lambda con: list(con.execute("SELECT key FROM meta WHERE key LIKE 'run%'")))
    assert (len(runs), found) == (3, [("run 2",)])
    runs.clear()
    with pytest.raises(Unavailable, match="is busy"):
        await database.write(work, once=True)
    assert len(runs) == 1


async def test_a_standby_can_be_read_and_takes_over_when_it_is_promoted(own_server, impatient):
    with postgres.standby(own_server) as second:
        both = f"127.0.0.1:{own_server.port},127.0.0.1:{second.port}"
        address = f"postgresql://test:{postgres.PASSWORD}@{both}/postgres?target_session_attrs=read-write"
        async with open_store(address) as store:
            (seen,) = await store.messages.number([message("a", "needle")])
            await anyio.to_thread.run_sync(second.wait_for, own_server)
            async with open_store(second.address()) as reading:
                assert await found(reading, "needle") == ["a"]
                with pytest.raises(NotWritableError, match="can only be read"):
                    await reading.writes.begin(INTENT)
                (unnumbered,) = await reading.messages.number([message("b")])
                assert unnumbered.number is None
            await anyio.to_thread.run_sync(own_server.stop)
            with impatient(), pytest.raises(Unavailable):
                await store.writes.begin(INTENT)
            await anyio.to_thread.run_sync(second.promote)
            assert (await store.writes.begin(INTENT)).fresh
            assert await store.messages.locate(seen.number) == ("acc", "room", "a")
            assert await found(store, "needle") == ["a"]


async def test_on_a_full_disk_reading_goes_on_and_writing_goes_on_when_there_is_room():
    reason = postgres.why_not() or postgres.why_no_small_disk()
    if reason:
        pytest.skip(reason)
    with (
        postgres.small_disk(96) as folder,
        postgres.postgres(durable=True, folder=folder, settings=postgres.SMALL) as server,
    ):
        async with open_store(server.address()) as store:
            (seen,) = await store.messages.number([message("a", "needle")])
            filler = postgres.fill(folder)
            told = await _write_until_it_fails(store)
            assert "no room left" in told or "cannot be reached" in told
            filler.unlink()
            await anyio.to_thread.run_sync(server.start_if_needed)
            assert (await store.writes.begin(replace(INTENT, key="after"))).fresh
            assert await store.messages.locate(seen.number) == ("acc", "room", "a")


async def _write_until_it_fails(store):
    for turn in range(20_000):
        try:
            await store.writes.begin(replace(INTENT, key=str(turn), conversation="c" * 2000))
        except DragomanError as error:
            return str(error)
    return "nothing failed"
