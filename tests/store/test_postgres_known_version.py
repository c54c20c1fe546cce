"""Within a block of reads the version of the database is asked for once; what is written is found all the same."""

import anyio
import pytest
from postgres_wire import PostgresWire
from store_contract_messages import message

from dragoman.core.queries import MessageQuery
from dragoman.store import open_store
from dragoman.store.postgres.store import PostgresStore

pytestmark = pytest.mark.anyio

QUERY = MessageQuery(limit=5)


async def _text(store):
    return (await store.messages.page("acc", "room", QUERY)).items[0].text


async def test_in_a_block_what_was_read_once_takes_no_further_round_trip(postgres_server, postgres_address):
    wire = PostgresWire(postgres_server.port)
    async with PostgresStore.open(wire.address(postgres_address)) as store:
        await store.messages.number([message("a")])
        with store.reading_once():
            assert await _text(store) == "hello"
            with wire.counting() as trips:
                assert await _text(store) == "hello"
                assert await store.messages.locate(1) == ("acc", "room", "a")
                assert await store.messages.conversation("acc", "room") is None
            assert trips.count == 1, trips.messages
    wire.close()


async def test_in_a_block_a_write_of_the_process_is_found_and_one_of_another_process_after_it(
    postgres_server, postgres_address
):
    other_address = f"{postgres_address}?application_name=other"  # another address has connections of its own
    async with PostgresStore.open(postgres_address) as store, open_store(other_address) as other:
        await store.messages.number([message("a", "first")])
        with store.reading_once():
            assert await _text(store) == "first"
            await store.messages.number([message("a", "second")])
            assert await _text(store) == "second"
            await other.messages.number([message("a", "third")])
            assert await _text(store) in ("second", "third")
        assert await _text(store) == "third"
        with store.reading_once():
            assert await _text(store) == "third"
            await other.messages.number([message("a", "fourth")])
        with store.reading_once():
            assert await _text(store) == "fourth"


async def test_a_task_that_outlives_the_block_in_which_it_began_reads_what_is_there(postgres_address):
    go_on, told = anyio.Event(), []
    other_address = f"{postgres_address}?application_name=other"
    async with (
        PostgresStore.open(postgres_address) as store,
        open_store(other_address) as other,
        anyio.create_task_group() as tasks,
    ):
        await store.messages.number([message("a", "first")])

        async def read_later():
            await go_on.wait()
            told.append(await _text(store))

        with store.reading_once():
            assert await _text(store) == "first"
            tasks.start_soon(read_later)
            await anyio.lowlevel.checkpoint()
        await other.messages.number([message("a", "second")])
        go_on.set()
    assert told == ["second"]


async def test_a_number_that_was_located_comes_with_all_that_is_stored_in_one_round_trip(
    postgres_server, postgres_address
):
    async with PostgresStore.open(postgres_address) as store:
        sent = [message("a"), message("b", reply_to="a"), message("c", reply_to="elsewhere")]
        given = await store.messages.number(sent)
    wire = PostgresWire(postgres_server.port)
    async with PostgresStore.open(wire.address(postgres_address)) as fresh:
        await fresh.messages.locate(99)
        for one, numbered in zip(sent, given, strict=True):
            with fresh.reading_once(), wire.counting() as trips:
                assert await fresh.messages.locate(numbered.number) == ("acc", "room", one.id)
                assert await fresh.messages.number([one]) == [numbered]
            assert trips.count == 1, trips.messages
        with fresh.reading_once():
            await fresh.messages.locate(given[1].number)
            (changed,) = await fresh.messages.number([message("b", "changed", reply_to="c")])
        assert (changed.number, changed.reply_to_number) == (given[1].number, given[2].number)
        assert {one.text for one in (await fresh.messages.page("acc", "room", QUERY)).items} == {"hello", "changed"}
    wire.close()
