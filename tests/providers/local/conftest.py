import pytest

from dragoman.providers.local import LocalProvider, LocalSettings


@pytest.fixture
def path(tmp_path):
    return tmp_path / "dragoman.db"


@pytest.fixture
async def local(path):
    async with LocalProvider.open(LocalSettings(path=path)) as provider:
        yield provider
