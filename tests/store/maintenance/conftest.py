import gzip
from pathlib import Path

import pytest

STORES = Path(__file__).parent.parent.parent / "data" / "stores"


@pytest.fixture(scope="session")
def full_store() -> bytes:
    """A store with one of everything, as bytes."""
    return gzip.decompress((STORES / "schema_3.db.gz").read_bytes())


@pytest.fixture
def store_file(tmp_path, full_store):
    path = tmp_path / "dragoman.db"
    path.write_bytes(full_store)
    return path
