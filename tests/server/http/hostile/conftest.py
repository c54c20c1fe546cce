"""A server that has to outlast its clients."""

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for raw_clients

from raw_clients import LARGEST_GROWTH, SETTINGS, TOKEN, resident


@pytest.fixture
def server(site):
    with site(SETTINGS) as running:
        assert running.ask("tools/list", token=TOKEN).status == 200
        before = resident(running)
        yield running
        assert running.process.poll() is None
        end = time.monotonic() + 20
        while (answer := running.call("list_conversations", TOKEN)).status == 503 and time.monotonic() < end:
            time.sleep(0.05)  # until what is still being refused has left its place
        assert answer.text.startswith("0 conversations")
        assert resident(running) - before < LARGEST_GROWTH
        assert TOKEN not in "".join(running.log)
        assert "Traceback" not in "".join(running.log)
