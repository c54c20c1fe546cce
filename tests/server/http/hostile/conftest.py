"""A server that has to outlast its clients."""

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for raw_clients

from raw_clients import LARGEST_GROWTH, SETTINGS, TOKEN, resident
from sites import serving_http
from stdio_server import fresh_environment


@pytest.fixture(scope="module")
def lasting_server(tmp_path_factory):
    """One server for all attacks of a file."""
    folder = tmp_path_factory.mktemp("server")
    with serving_http(fresh_environment(folder), folder, SETTINGS) as running:
        assert running.ask("tools/list", token=TOKEN).status == 200
        yield running


@pytest.fixture
def server(lasting_server):
    """The server, which serves everybody after the test and has not grown much."""
    before = resident(lasting_server)
    yield lasting_server
    assert lasting_server.process.poll() is None
    end = time.monotonic() + 20
    while (answer := lasting_server.call("list_conversations", TOKEN)).status == 503 and time.monotonic() < end:
        time.sleep(0.05)  # until what is still being refused has left its place
    assert answer.text.startswith("0 conversations")
    assert resident(lasting_server) - before < LARGEST_GROWTH
    assert TOKEN not in "".join(lasting_server.log)
    assert "Traceback" not in "".join(lasting_server.log)
