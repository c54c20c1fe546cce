import sys
from pathlib import Path

import pytest

# The server is shared by the tests of this folder.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module", autouse=True)
async def one_loop(anyio_backend):  # noqa: ARG001 - makes it a fixture of anyio
    """grpc.aio has one queue of events for all loops, and stumbles over late ones of a loop that is closed."""
    yield  # noqa: PT022 - the loop lasts until then
