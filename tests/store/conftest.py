import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from dragoman.store import open_store
from steady_clock import SteadyClock

sys.path.insert(0, str(Path(__file__).parent))  # for store_contract


@pytest.fixture
def clock():
    return SteadyClock(1_770_000_000.0)


@pytest.fixture
async def store(tmp_path, clock):
    async with open_store(tmp_path / "dragoman.db", clock=clock) as store:
        yield store


@pytest.fixture
async def postgres_store(postgres_address, clock):
    from dragoman.store.postgres.store import PostgresStore

    async with PostgresStore.open(postgres_address, clock=clock) as store:
        yield store


@pytest.fixture
def own_server():
    """A PostgreSQL server that a test may kill."""
    import postgres

    reason = postgres.why_not()
    if reason:
        pytest.skip(reason)
    with postgres.postgres(durable=True, folder=postgres.folder_in_memory()) as server:
        yield server


@pytest.fixture
def impatient(monkeypatch):
    """Have calls give up soon, for so long as the context lasts, where no connection can be had."""
    from dragoman.store.postgres import pool

    @contextmanager
    def begin():
        with monkeypatch.context() as patch:
            patch.setattr(pool, "PATIENCE", 1.0)
            yield

    return begin
