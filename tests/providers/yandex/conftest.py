import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "transport")]  # for threads_server and the like, and certificates


@pytest.fixture(scope="module", autouse=True)
async def loop_of_this_module(anyio_backend):
    """grpc.aio has one queue of events for all loops, and stumbles over late ones of a loop that is closed."""
    yield  # noqa: PT022 - the loop lasts until then
