from contextlib import asynccontextmanager

import anyio
import pgbouncer
import psycopg
import pytest
from store_contract import StoreContract
from store_contract_messages import START, found, message
from store_contract_writes import LINE

from dragoman.core.errors import InvalidArgument, Unavailable
from dragoman.core.model import Author
from dragoman.core.queries import SearchQuery
from dragoman.store.per_user import PerUserStore
from dragoman.store.postgres import maintenance, migrate
from dragoman.store.postgres.address import Address
from dragoman.store.postgres.connection import _with_marks, _with_short_keys
from dragoman.store.postgres.database import Database
from dragoman.store.postgres.store import PostgresStore
from dragoman.store.postgres.tables import PostgresTables
from dragoman.store.sql.connection import _filled

pytestmark = pytest.mark.anyio


class TestPostgresStore(StoreContract):
    @pytest.fixture
    def open(self, postgres_address):
        """Each store has connections of its own, as another process has."""

        @asynccontextmanager
        async def opened(clock):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Database, "_shared", {})
                async with PostgresStore.open(postgres_address, clock=clock) as store:
                    yield store

        return opened


class TestViewOfOnePersonThroughPgBouncer(StoreContract):
    @pytest.fixture
    def open(self, pooled_address):
        """The view keeps what every store keeps, in the person's own accounts.

        Each transaction may go over another connection to the server.
        """

        @asynccontextmanager
        async def opened(clock):
            async with PostgresStore.open(pooled_address, clock=clock) as store:
                yield PerUserStore(store, "ann", {"acc": "ann"})

        return opened


async def test_one_client_of_pgbouncer_works_over_several_connections(postgres_server, pooled_address, pgbouncer_port):
    if pgbouncer_port is None:
        pytest.skip(pgbouncer.why_not())
    async with PostgresStore.open(pooled_address) as store:
        await store.messages.number([message(f"m{n}") for n in range(20)])
        async with anyio.create_task_group() as group:
            for _ in range(40):
                group.start_soon(found, store, "launch")
    with psycopg.connect(postgres_server.address()) as beside:
        used = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
        (connections,) = beside.execute(used, (pooled_address.rpartition("/")[2],)).fetchone()
    assert 1 < connections <= pgbouncer.CONNECTIONS


@pytest.mark.parametrize("statement", ["DELETE FROM audit", "UPDATE audit SET outcome = 'x'", "TRUNCATE audit"])
async def test_the_audit_log_only_grows(postgres_store, postgres_address, statement):
    await postgres_store.audit.record(LINE)
    with psycopg.connect(postgres_address) as beyond, pytest.raises(psycopg.errors.RaiseException, match="only grows"):
        beyond.execute(statement)
    assert len(await postgres_store.audit.read()) == 1


async def test_an_index_of_other_rules_is_made_anew(postgres_server, postgres_address, clock):
    database = postgres_address.rpartition("/")[2]
    async with PostgresStore.open(postgres_address, clock=clock) as store:
        author = Author(name="Łucja")
        await store.messages.number([message(f"m{n}", f"needle {n}", author=author) for n in range(50)])
    postgres_server.execute(
        "UPDATE index_builds SET version = 'of before'; UPDATE seen_authors SET names = '';"
        " DELETE FROM seen_index; DELETE FROM seen_words",
        database,
    )
    async with PostgresStore.open(postgres_address, clock=clock) as store:
        await store.messages.number([message("m3", "needle changed", edited_at=START)])
        await anyio.to_thread.run_sync(store._database._rebuild._thread.join)
        assert not (await store.messages.search("acc", SearchQuery(text="needle"))).missed
        assert len(await found(store, "needle", limit=100)) == 50
        assert len(await found(store, "needle", limit=100, author="lucja")) == 49
        assert await found(store, "changed") == ["m3"]
        assert (await maintenance.verify(postgres_address))[2] == []


async def test_an_older_program_stops_where_a_newer_one_has_folded_anew(
    postgres_server, postgres_store, postgres_address
):
    (seen,) = await postgres_store.messages.number([message("a", "needle")])
    postgres_server.execute("UPDATE index_builds SET version = 'of later'", postgres_address.rpartition("/")[2])
    with pytest.raises(Unavailable, match="newer Dragoman"):
        await postgres_store.messages.number([message("b")])
    assert await postgres_store.messages.locate(seen.number) == ("acc", "room", "a")


async def test_tables_of_an_older_version_are_brought_up_to_date_and_keep_what_they_hold(
    postgres_server, postgres_address, clock, monkeypatch
):
    monkeypatch.setattr(migrate, "MIGRATIONS", migrate.MIGRATIONS[:1])
    monkeypatch.setattr(PostgresTables, "words", {**PostgresTables.words, "key": ""})  # as that version asked
    _filled.cache_clear()
    async with PostgresStore.open(postgres_address, clock=clock) as store:
        (seen,) = await store.messages.number([message("a", "needle")])
    monkeypatch.undo()
    _filled.cache_clear()
    async with PostgresStore.open(postgres_address, clock=clock) as store:
        assert await found(store, "needle") == ["a"]
        assert await store.messages.locate(seen.number) == ("acc", "room", "a")
    versions = postgres_server.execute("SELECT version FROM schema_version", postgres_address.rpartition("/")[2])
    assert versions == [(len(migrate.MIGRATIONS),)]


async def test_what_an_older_version_has_noted_is_found_by_its_keys(
    postgres_server, postgres_address, clock, monkeypatch
):
    monkeypatch.setattr(migrate, "MIGRATIONS", migrate.MIGRATIONS[:3])
    async with PostgresStore.open(postgres_address):
        pass
    name, now = postgres_address.rpartition("/")[2], int(clock())
    postgres_server.execute(
        f"INSERT INTO exposures VALUES('ann', 'c', 'acc', 'room', {now * 1_000_000});"
        f"INSERT INTO caller_positions VALUES('ann', 'c', 's', '{{\"at\":1}}', {now});"
        "INSERT INTO sync_conversations(account, id, cursor, follows, failures, error)"
        " VALUES('acc', 'room', 'c', 0, 0, '')",
        name,
    )
    monkeypatch.undo()
    async with PostgresStore.open(postgres_address, clock=clock) as store:
        assert await store.exposures.list(("ann", "c")) == [("acc", "room")]
        assert await store.cursors.load_position(("ann", "c"), "s") == {"at": 1}
        assert (await store.sync.conversations("acc", ["room"]))["room"].cursor == "c"


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT state FROM caller_positions WHERE principal = ? AND client = ? AND scope = ?", "caller_positions_key"),
        ("SELECT level FROM rate_budgets WHERE bucket = ?", "rate_budgets_key"),
        ("SELECT since FROM sync_coverage WHERE account = ? AND conversation = ?", "sync_coverage_key"),
        ("SELECT c.id FROM sync_conversations c WHERE c.account = ? AND c.id = ?", "sync_conversations_key"),
        ("DELETE FROM exposures WHERE principal = ? AND client = ?", "exposures_key"),
    ],
)
async def test_keys_are_looked_up_in_an_index(postgres_store, statement, index):
    def plan(con):
        con.execute("SET LOCAL enable_seqscan = off")
        return [line for (line,) in con.execute(f"EXPLAIN {statement}", ["x"] * statement.count("?"))]

    lines = await postgres_store._database.read(plan)
    assert any(index in line for line in lines)
    conditions = " ".join(line for line in lines if "Index Cond" in line)
    assert conditions.count("'x'") == statement.count("?")


async def test_an_older_program_says_that_the_tables_have_changed_and_goes_on_reading(postgres_store, monkeypatch):
    (seen,) = await postgres_store.messages.number([message("a")])
    monkeypatch.setattr("dragoman.store.postgres.connection.compare_short", lambda statement: statement)
    for one in (_with_marks, _with_short_keys):
        one.cache_clear()
    try:
        with pytest.raises(InvalidArgument, match="changed by another version"):
            await postgres_store.exposures.record(("", "c"), [("acc", "room")])
        assert await postgres_store.messages.locate(seen.number) == ("acc", "room", "a")
    finally:
        for one in (_with_marks, _with_short_keys):
            one.cache_clear()


async def test_servers_that_start_at_once_make_the_tables_once(postgres_server, postgres_address):
    databases = [Database(Address.parse(postgres_address)) for _ in range(5)]
    async with anyio.create_task_group() as starting:
        for database in databases:
            starting.start_soon(anyio.to_thread.run_sync, database.open)
    rows = [await database.read(lambda con: con.execute("SELECT value FROM meta").get) for database in databases]
    assert len(set(rows)) == 1
    for database in databases:
        database._pool.close()
    versions = postgres_server.execute("SELECT version FROM schema_version", postgres_address.rpartition("/")[2])
    assert versions == [(len(migrate.MIGRATIONS),)]
