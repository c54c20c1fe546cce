import sys
from pathlib import Path

import pytest

from dragoman.providers.local import LocalProvider, LocalSettings

sys.path.insert(0, str(Path(__file__).parent))  # for failing_disk


@pytest.fixture
def path(tmp_path):
    return tmp_path / "dragoman.db"


@pytest.fixture
async def local(path):
    async with LocalProvider.open(LocalSettings(path=path)) as provider:
        yield provider
