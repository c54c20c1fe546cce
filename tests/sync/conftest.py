import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import fake_chat

from dragoman.accounts import provider_registry
from dragoman.accounts.workspace import Workspace
from dragoman.store import open_store


@pytest.fixture
def clock():
    return fake_chat.FakeClock()


@pytest.fixture
def world(tmp_path, clock, monkeypatch):
    """A service whose truth is known, and stores that are kept current from it."""
    for kind in (fake_chat.Telling, fake_chat.Silent, fake_chat.Waiting, fake_chat.Searching):
        monkeypatch.setitem(provider_registry.BUILT_IN, kind.name, f"fake_chat:{kind.__name__}")
    fake_chat.SERVICES.clear()
    return World(tmp_path / "dragoman.db", clock)


class World:
    def __init__(self, path, clock):
        self.path = path
        self.clock = clock

    def service(self, account="acc", **options):
        return fake_chat.SERVICES.setdefault(account, fake_chat.Chat(self.clock, **options))

    @asynccontextmanager
    async def workspace(self, *accounts, kind="telling", sync="all"):
        settings = {
            name: provider_registry.provider_class(kind).Settings(provider=kind, sync=sync, chat=name)
            for name in accounts or ("acc",)
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "dragoman.accounts.workspace.open_store", lambda path: open_store(path, clock=self.clock.wall)
            )
            async with Workspace.open(settings, self.path) as workspace:
                yield workspace
