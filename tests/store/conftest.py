import sys
from pathlib import Path

import pytest

from dragoman.store import open_store

sys.path.insert(0, str(Path(__file__).parent))  # for store_contract


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 1_770_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def store(tmp_path, clock):
    async with open_store(tmp_path / "dragoman.db", clock=clock) as store:
        yield store


@pytest.fixture
async def postgres_store(postgres_address, clock):
    from dragoman.store.postgres.store import PostgresStore

    async with PostgresStore.open(postgres_address, clock=clock) as store:
        yield store
