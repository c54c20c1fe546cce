"""How often a call waits for PostgreSQL; over a network that is what takes time."""

from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import anyio
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_contract_messages import message

from dragoman.core.model import Conversation
from dragoman.core.queries import MessageQuery, SearchQuery
from dragoman.providers.local import LocalProvider, LocalSettings
from dragoman.store import open_store
from dragoman.store.postgres.database import Database
from dragoman.store.sql.cache import ReadCache

pytestmark = pytest.mark.anyio


@contextmanager
def round_trips():
    """Counts how often something was sent and waited for."""
    waits = []
    with pytest.MonkeyPatch.context() as patch:
        wait = psycopg.Connection.wait
        patch.setattr(psycopg.Connection, "wait", lambda *args, **more: (waits.append(1), wait(*args, **more))[1])
        yield waits


@pytest.fixture
async def filled(postgres_store):
    """A store in which 600 messages hold a word, and fewer hold two."""
    await postgres_store.messages.number([message(f"m{n}", f"needle {'thread' * (n % 3)}") for n in range(600)])
    return postgres_store


@pytest.mark.parametrize(("text", "most"), [("needle", 5), ("needle thread", 7)])
async def test_a_page_of_hits_takes_few_round_trips(filled, text, most):
    with round_trips() as waits:
        page = await filled.messages.search("acc", SearchQuery(text=text, limit=20))
    assert len(page.items) == 20
    assert len(waits) <= most


async def test_a_message_is_got_by_its_number_in_two_round_trips(postgres_address):
    async with (
        LocalProvider.open(LocalSettings().in_store(postgres_address)) as local,
        open_store(postgres_address) as store,
    ):
        await local.import_conversation(
            Conversation(id="room"),
            [message("a", "needle", account="", conversation="room"), message("b", reply_to="a", conversation="room")],
        )
        (numbered,) = await store.messages.number([replace(await local.get_message("room", "a"), account="local")])
        with round_trips() as waits:
            account, conversation, id_ = await store.messages.locate(numbered.number)
            found = await local.get_message(conversation, id_)
    assert (account, found.text, found.replies) == ("local", "needle", 1)
    assert len(waits) <= 2


async def test_a_later_page_takes_no_more_round_trips_than_the_first(postgres_address):
    messages = [message(f"m{n}", account="", conversation="room") for n in range(30)]
    async with LocalProvider.open(LocalSettings().in_store(postgres_address)) as local:
        await local.import_conversation(Conversation(id="room"), messages)
        taken, cursor = [], None
        for _ in range(3):
            with round_trips() as waits:
                page = await local.list_messages("room", MessageQuery(limit=10, cursor=cursor))
            cursor = page.cursor
            taken.append(len(waits))
    assert cursor is None
    assert taken[1:] == taken[:1] * 2


async def test_what_was_read_before_takes_one_round_trip_until_somebody_writes(postgres_address):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "_shared", {})
        async with open_store(postgres_address) as other:
            patch.setattr(Database, "_shared", {})
            async with open_store(postgres_address) as store:
                (first,) = await other.messages.number([message("a")])
                query = MessageQuery(limit=5)
                before = await store.messages.page("acc", "room", query)
                with round_trips() as waits:
                    assert await store.messages.page("acc", "room", query) is before
                assert len(waits) == 1
                await other.messages.number([message("b")])
                assert len((await store.messages.page("acc", "room", query)).items) == 2
                assert first.number == 1


async def test_many_who_ask_for_the_same_at_once_take_few_round_trips(filled):
    query = MessageQuery(limit=50)
    pages = []

    async def ask():
        pages.append(await filled.messages.page("acc", "room", query))

    for most in (10, 2):  # the first of them fills the cache
        with round_trips() as waits:
            async with anyio.create_task_group() as callers:
                for _ in range(50):
                    callers.start_soon(ask)
        assert len(waits) <= most
    assert {len(page.items) for page in pages} == {50}


async def test_a_message_that_was_got_before_is_got_in_two_round_trips_after_it_has_changed(postgres_store):
    (numbered,) = await postgres_store.messages.number([message("a")])
    page = partial(postgres_store.messages.page, "acc", "room", MessageQuery(limit=5))
    for turn in range(3):
        await postgres_store.messages.number([replace(numbered, text=f"edited {turn}")])
        with round_trips() as waits:
            assert await postgres_store.messages.locate(numbered.number) == ("acc", "room", "a")
        assert len(waits) == 1
        assert (await page()).items[0].text == f"edited {turn}"


async def test_whoever_asks_after_a_write_finds_it_however_many_ask(postgres_address):
    acknowledged, stop = [0], anyio.Event()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "_shared", {})
        async with open_store(postgres_address) as other:
            patch.setattr(Database, "_shared", {})
            async with open_store(postgres_address) as store:

                async def write():
                    for turn in range(1, 40):
                        await other.messages.number([message("a", f"{turn}")])
                        acknowledged[0] = turn
                    stop.set()

                async def ask():
                    while not stop.is_set():
                        before = acknowledged[0]
                        page = await store.messages.page("acc", "room", MessageQuery(limit=5))
                        assert before <= int(page.items[0].text if page.items else 0) <= acknowledged[0] + 1

                async with anyio.create_task_group() as tasks:
                    for _ in range(6):
                        tasks.start_soon(ask)
                    tasks.start_soon(write)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["read", "write", "other", "given up", "open", "close"]), max_size=12))
def test_whoever_writes_what_is_found_is_what_the_database_holds(shared_address, steps):
    anyio.run(_compare, shared_address, steps)


async def _compare(address, steps):
    cache = ReadCache()
    with psycopg.connect(address, autocommit=True) as other, psycopg.connect(address) as slow:
        other.execute("CREATE TABLE IF NOT EXISTS t(a int)")
        async with Database.at(address) as database:

            async def read():
                return await cache.get(database, "all", lambda: database.read_versioned(_rows, single=True))

            for number, step in enumerate(steps):
                statement = f"INSERT INTO t VALUES({number})"
                if step == "write":
                    await database.write(lambda con, statement=statement: con.execute(statement))
                elif step == "other":
                    other.execute(statement)
                elif step == "given up":
                    with other.transaction(force_rollback=True):
                        other.execute(statement)
                elif step == "open":
                    slow.execute(statement)
                elif step == "close":
                    slow.commit()
                assert await read() == [row[0] for row in other.execute("SELECT a FROM t ORDER BY ctid")]


def _rows(con):
    return [row[0] for row in con.execute("SELECT a FROM t ORDER BY ctid")]


@pytest.fixture(scope="module")
def shared_address(postgres_server):
    return postgres_server.new_database()


async def test_thousands_of_conversations_are_remembered_with_few_round_trips(postgres_store):
    many = [Conversation(id=f"c{n}", account="acc", title=f"Team {n}") for n in range(3000)]
    with round_trips() as waits:
        await postgres_store.messages.remember_conversations(many)
        await postgres_store.messages.remember_conversations([replace(one, topic="new") for one in many] * 2)
    assert len(waits) < 60
    told = await postgres_store.messages.conversations("acc")
    assert {(one.id, one.title, one.topic) for one in told} == {(one.id, one.title, "new") for one in many}
