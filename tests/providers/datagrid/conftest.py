import sys
from pathlib import Path

import pytest

from dragoman.core.context import progress
from dragoman.core.context.clock import hurry

sys.path.insert(0, str(Path(__file__).parent))  # for datagrid_service and the like


@pytest.fixture
def waits():
    with hurry() as asked:
        yield asked


@pytest.fixture(params=[False, True], ids=["oldest-first", "newest-first"])
def datagrid(request):
    from datagrid_service import Datagrid

    found = Datagrid(newest_first=request.param)
    found.converse_about("conv_1", ["hi", "Hello!"])
    return found


@pytest.fixture(params=[False, True], ids=["plain", "streamed"])
async def listening(request):
    """Somebody listens to the progress, or nobody does; what was heard."""
    heard = []

    async def listen(done, text):
        heard.append((done, text))

    with progress.listening(listen if request.param else None):
        yield heard if request.param else None


@pytest.fixture
async def streaming():
    heard = []

    async def listen(done, text):
        heard.append((done, text))

    with progress.listening(listen):
        yield heard
