"""What happens to a store in PostgreSQL when the server, the network or its disk fails."""

import os
import random
import signal
import threading
from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import count

import anyio
import postgres
import pytest
from fault_proxy import Fault, FaultProxy
from store_contract_messages import found, message
from store_contract_writes import INTENT

from dragoman.core.errors import DragomanError, Unavailable
from dragoman.core.queries import SearchQuery
from dragoman.store import NotWritableError, open_conversations, open_store
from dragoman.store.postgres import pool

pytestmark = pytest.mark.anyio

KILLS = int(os.environ.get("DRAGOMAN_POSTGRES_KILLS", "3"))
"""How often the server is killed; the same number gives the same moments."""


@pytest.fixture
def own_server():
    """A server that a test may kill."""
    reason = postgres.why_not()
    if reason:
        pytest.skip(reason)
    with postgres.postgres(durable=True) as server:
        yield server


WRITERS = ("a", "b", "import")


class Witness:
    """Writes again and again while the server is killed, and knows what was acknowledged."""

    def __init__(self, store, conversations):
        self.store, self.conversations = store, conversations
        self.numbers: dict[str, int] = {}
        self.entries: dict[str, int] = {}
        self.imported: set[str] = set()
        self.failures: list[DragomanError] = []
        self.successes: Counter[str] = Counter()
        self.stopped = False
        self.news = anyio.Event()

    async def run(self, write, name):
        """Write under other names each time, until it is stopped."""
        for turn in count():
            if self.stopped:
                return
            try:
                await write(f"{name}.{turn}")
            except DragomanError as error:
                self.failures.append(error)
            else:
                self.successes[name] += 1
            self.news.set()
            await anyio.lowlevel.checkpoint()

    async def until_all_write(self):
        """Wait until each of the writers has written something from now on."""
        before = self.successes.copy()
        await self._until(lambda: all(self.successes[name] > before[name] for name in WRITERS))

    async def until_all_fail(self):
        """Wait until as many calls have failed as there are writers."""
        before = len(self.failures)
        await self._until(lambda: len(self.failures) >= before + len(WRITERS))

    async def _until(self, holds):
        with anyio.fail_after(60):
            while not holds():
                self.news = anyio.Event()
                await self.news.wait()

    async def number(self, id_):
        (seen,) = await self.store.messages.number([message(id_, f"text {id_}")])
        if seen.number is not None:
            self.numbers[id_] = seen.number
        self.entries[id_] = (await self.store.writes.begin(replace(INTENT, key=id_))).id

    async def bring_in(self, name):
        batch = [message(f"{name}.{n}", account="", conversation="local") for n in range(50)]
        await self.conversations.write(lambda tables: tables.put("local", batch))
        self.imported.update(one.id for one in batch)

    async def require_everything(self):
        for id_, number in self.numbers.items():
            assert await self.store.messages.locate(number) == ("acc", "room", id_)
        for id_, entry in self.entries.items():
            assert (await self.store.writes.find("acc", id_)).id == entry
        assert len(set(self.numbers.values())) == len(self.numbers)
        stored = {id_ for id_ in self.imported if await self.conversations.read(None, partial(_holds, id_=id_))}
        assert stored == self.imported


def _holds(tables, id_):
    return tables.get("local", id_) is not None


@pytest.mark.timeout(120 + 20 * KILLS)
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(own_server):
    chance = random.Random(KILLS)
    address = own_server.address()
    async with open_store(address) as store, open_conversations(address) as conversations:
        witness = Witness(store, conversations)
        async with anyio.create_task_group() as tasks:
            for name in WRITERS:
                tasks.start_soon(witness.run, witness.bring_in if name == "import" else witness.number, name)
            for kill in range(KILLS):
                await witness.until_all_write()  # the same store, without being opened again
                await anyio.sleep(chance.uniform(0.05, 0.4))
                await anyio.to_thread.run_sync(own_server.kill)
                if kill == 0:
                    await witness.until_all_fail()
                await anyio.to_thread.run_sync(own_server.start)
            await witness.until_all_write()
            witness.stopped = True
        await witness.require_everything()
    assert len(witness.failures) >= len(WRITERS)
    for error in witness.failures:
        assert f"postgresql://127.0.0.1:{own_server.port}" in str(error)


@pytest.mark.parametrize("kind", ["cut", "lose", "half"])
async def test_a_connection_that_breaks_at_any_moment_leaves_all_or_nothing(postgres_server, postgres_address, kind):
    proxy = FaultProxy(postgres_server.port)
    address = postgres_server.address(postgres_address.rpartition("/")[2], port=proxy.port)
    try:
        async with open_store(address) as store:
            await store.check()
            for at in range(1, 16):
                id_ = f"m{at}"
                proxy.set(Fault(kind, at))
                outcomes = []
                for step in (
                    lambda id_=id_: store.messages.number([message(id_, f"text {id_}")]),
                    lambda id_=id_: store.writes.begin(replace(INTENT, key=id_)),
                    lambda: store.messages.search("acc", SearchQuery(text="text")),
                ):
                    try:
                        outcomes.append(await step())
                    except Unavailable as error:
                        outcomes.append(error)
                proxy.set(None)
                if isinstance(outcomes[0], list) and outcomes[0][0].number:
                    assert await store.messages.locate(outcomes[0][0].number) == ("acc", "room", id_)
                entry = await store.writes.find("acc", id_)
                if not isinstance(outcomes[1], Unavailable):
                    assert entry.id == outcomes[1].id
                elif "outcome is unknown" not in str(outcomes[1]):
                    assert entry is None
                assert not isinstance(outcomes[2], Unavailable)  # reading is tried again
    finally:
        proxy.close()


async def test_a_server_that_answers_nothing_is_given_up_and_used_again_when_it_goes_on(own_server, monkeypatch):
    monkeypatch.setattr(pool, "DEADLINE", 1.0)
    monkeypatch.setattr(pool, "_WATCHED_EVERY", 0.05)
    async with open_store(own_server.address()) as store:
        await store.check()
        stopped = [int(row[0]) for row in own_server.execute("SELECT pid FROM pg_stat_activity WHERE client_port > 0")]
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
    monkeypatch.setattr("dragoman.store.postgres.database._PATIENCE", 0.2)
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


async def test_a_statement_is_ended_after_its_time(postgres_store, monkeypatch):
    monkeypatch.setattr("dragoman.store.postgres.transaction.STATEMENT_SECONDS", 1)
    with pytest.raises(Unavailable, match="took too long"):
        await postgres_store._database.read(lambda con: con.execute("SELECT pg_sleep(20)").get)


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


async def test_a_standby_can_be_read_and_takes_over_when_it_is_promoted(own_server):
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
            with pytest.raises(Unavailable):
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
