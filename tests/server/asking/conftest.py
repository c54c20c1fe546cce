"""An account whose writes are confirmed by a user."""

import sys
from pathlib import Path

import pytest

from dragoman.testing import connect
from dragoman_server.mcp import elicitation

sys.path.insert(0, str(Path(__file__).parent))  # for asked_user

from asked_user import FIRST, THOUGHTFUL


@pytest.fixture(autouse=True)
def thoughtful(monkeypatch):
    """Every client takes its time, unless a test says otherwise."""
    monkeypatch.setattr(elicitation, "traits_of", lambda _client: THOUGHTFUL)


@pytest.fixture
def settings():
    return {"timezone": "UTC", "accounts": {"local": {"provider": "local", "write": "confirm"}}}


@pytest.fixture
async def data(tmp_path):
    """A folder with one room."""
    async with connect({"accounts": {"local": {"provider": "local"}}}, data=tmp_path) as client:
        await client.call("import_message", **FIRST)
    return tmp_path
