from contextlib import asynccontextmanager

import psycopg
import pytest
from store_contract import StoreContract
from store_contract_writes import LINE

from dragoman.store.per_user import PerUserStore
from dragoman.store.postgres.database import Database
from dragoman.store.postgres.store import PostgresStore

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


class TestViewOfOnePersonInPostgres(StoreContract):
    @pytest.fixture
    def open(self, postgres_address):
        """The view keeps what every store keeps, in the person's own accounts."""

        @asynccontextmanager
        async def opened(clock):
            async with PostgresStore.open(postgres_address, clock=clock) as store:
                yield PerUserStore(store, "ann", {"acc": "ann"})

        return opened


@pytest.mark.parametrize("statement", ["DELETE FROM audit", "UPDATE audit SET outcome = 'x'", "TRUNCATE audit"])
async def test_the_audit_log_only_grows(postgres_store, postgres_address, statement):
    await postgres_store.audit.record(LINE)
    with psycopg.connect(postgres_address) as beyond, pytest.raises(psycopg.errors.RaiseException, match="only grows"):
        beyond.execute(statement)
    assert len(await postgres_store.audit.read()) == 1
