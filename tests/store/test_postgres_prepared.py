"""Frequent statements are prepared at the server, where a connection keeps its session."""

import anyio
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgres_wire import PostgresWire
from store_contract_messages import message

from dragoman.core.queries import MessageQuery
from dragoman.store.postgres.prepared import MOST
from dragoman.store.postgres.store import PostgresStore

pytestmark = pytest.mark.anyio

PREPARED = "SELECT statement FROM pg_prepared_statements"


async def _prepared(store):
    return [text for (text,) in await store._database.read(lambda con: list(con.execute(PREPARED)))]


async def test_what_is_asked_again_and_again_is_prepared_once(postgres_store):
    await postgres_store.messages.number([message(f"m{n}") for n in range(20)])
    for number in range(1, 11):
        assert (await postgres_store.messages.locate(number))[2] == f"m{number - 1}"
    messages = {text for text in await _prepared(postgres_store) if "WHERE m.number = $1" in text}
    assert len(messages) == 1


async def test_reading_again_and_again_prepares_each_statement_once(postgres_server, postgres_address):
    wire = PostgresWire(postgres_server.port)
    query = MessageQuery(limit=5)
    async with PostgresStore.open(wire.address(postgres_address)) as store:
        with wire.counting() as trips:
            for _ in range(4):  # a version is asked for before anything is rolled back
                await store.messages.locate(1)
            for turn in range(12):
                await store.messages.number([message("m0", f"turn {turn}"), message("m1")])
                for _ in range(2):  # the second time it is asked whether the page is still true
                    assert len((await store.messages.page("acc", "room", query)).items) == 2
    wire.close()
    prepared = [text for text in trips.messages if "PREPARE dragoman" in text]
    assert 3 < len(prepared) == len(set(prepared))
    assert [text for text in trips.messages if "DEALLOCATE" in text] == []


async def test_behind_a_pooler_nothing_is_prepared_and_everything_is_found(pooled_address, pgbouncer_port):
    if pgbouncer_port is None:
        pytest.skip("PgBouncer is not installed")
    async with PostgresStore.open(pooled_address) as store:
        await store.messages.number([message(f"m{n}") for n in range(20)])
        for number in range(1, 11):
            assert (await store.messages.locate(number))[2] == f"m{number - 1}"
        assert [text for text in await _prepared(store) if "seen_" in text] == []


async def test_a_connection_has_a_bounded_number_of_them(postgres_store):
    def ask(con):
        for number in range(3 * MOST):
            for _ in range(4):
                assert con.execute(f"SELECT {number} + ?", (1,)).get == number + 1
        return con.execute("SELECT count(*) FROM pg_prepared_statements").get

    assert MOST // 2 < await postgres_store._database.read(ask) <= MOST + 2


async def test_they_are_planned_anew_from_time_to_time(postgres_store, monkeypatch):
    await postgres_store.messages.number([message(f"m{n}") for n in range(20)])
    seen = set()
    for turn in range(1, 4):
        for number in range(1, 11):
            assert (await postgres_store.messages.locate(number))[2] == f"m{number - 1}"
            await postgres_store.messages.number([message("m0", f"turn {turn} {number}")])
        found = {text for text in await _prepared(postgres_store) if "WHERE m.number = $1" in text}
        assert len(found) == 1
        seen |= found
        assert len(seen) == turn
        monkeypatch.setattr("dragoman.store.postgres.prepared.LASTS", -1.0)
        await postgres_store.messages.locate(turn)
        monkeypatch.undo()


async def test_after_a_table_has_changed_reading_and_writing_go_on(postgres_store, postgres_address):
    database = postgres_store._database

    async def read():
        return await database.read(lambda con: con.execute("SELECT value FROM meta WHERE key = ?", ("a",)).get)

    async def write(value):
        update = "UPDATE meta SET value = ? WHERE key = ? RETURNING value"
        return await database.write(lambda con: con.execute(update, (value, "a")).get)

    await database.write(lambda con: con.execute("INSERT INTO meta VALUES('a', 'first')"))

    async def several_at_once(work):
        async with anyio.create_task_group() as tasks:
            for _ in range(6):
                tasks.start_soon(work)

    for _ in range(4):
        await several_at_once(read)
        await several_at_once(lambda: write("first"))
    with psycopg.connect(postgres_address, autocommit=True) as administrator:
        administrator.execute("ALTER TABLE meta ALTER COLUMN value TYPE varchar(500)")
    assert await read() == "first"
    assert await write("second") == "second"
    await several_at_once(read)
    assert await read() == "second"


async def test_a_session_that_has_forgotten_them_loses_no_call(postgres_store):
    await postgres_store.messages.number([message(f"m{n}") for n in range(20)])
    for turn in range(3):
        for number in range(1, 11):
            assert (await postgres_store.messages.locate(number))[2] == f"m{number - 1}"
            await postgres_store.messages.number([message(f"m{turn}", f"turn {number}")])
        await postgres_store._database.read(lambda con: con.execute("DEALLOCATE ALL"))


async def test_a_statement_that_fails_while_it_is_prepared_does_not_spoil_the_next(postgres_store):
    database = postgres_store._database

    async def divide(by):
        return await database.read(lambda con: con.execute("SELECT 6 / ?", (by,)).get)

    assert [await divide(1), await divide(2)] == [6, 3]
    for _ in range(3):
        with pytest.raises(Exception, match="cannot be used"):
            await divide(0)
        assert await divide(3) == 2


VALUES = st.one_of(st.integers(-(2**63), 2**63 - 1), st.text(max_size=20), st.none(), st.floats(-1e9, 1e9))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(VALUES, min_size=1, max_size=5))
def test_a_prepared_statement_gives_the_values_that_it_gave_before(postgres_server, values):
    async def ask():
        async with PostgresStore.open(postgres_server.address()) as store:
            statement = f"SELECT {', '.join('?' * len(values))}, '100%'"

            def work(con):
                return [list(con.execute(statement, values)) for _ in range(5)]

            return await store._database.read(work)

    first, *others = anyio.run(ask)
    assert [first] * 4 == others
