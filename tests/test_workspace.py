"""Accounts are opened by whoever needs them first, and serve the others whatever becomes of that one."""

from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import pytest

from dragoman.accounts.workspace import Workspace
from dragoman.providers.base.provider import AccountSettings, Provider

pytestmark = pytest.mark.anyio


class Slow(Provider):
    """Whoever opens it is cancelled while it opens, as many times as ``cancels`` says."""

    name = "slow"
    cancels = 0
    events: list[str]
    caller: anyio.CancelScope

    @classmethod
    @asynccontextmanager
    async def open(cls, settings):
        if cls.cancels:
            cls.cancels -= 1
            with anyio.CancelScope(shield=True):  # as a worker thread does, which cannot be stopped
                cls.caller.cancel()
                await anyio.lowlevel.checkpoint()
        cls.events.append("opened")
        try:
            yield cls(settings)
        finally:
            await anyio.lowlevel.checkpoint()
            cls.events.append("closed")


@pytest.fixture
def slow(monkeypatch):
    monkeypatch.setattr("dragoman.accounts.workspace.provider_class", lambda _name: Slow)
    Slow.events = []
    return Slow


@pytest.mark.parametrize("cancels", [0, 1, 2])
async def test_an_account_whose_opener_left_in_the_last_moment_opens_for_the_next_one(slow, cancels, tmp_path):
    slow.cancels = cancels
    with anyio.fail_after(60):
        async with Workspace.open({"far": AccountSettings(provider="slow")}, tmp_path / "s.db") as workspace:
            for _ in range(cancels):
                with anyio.CancelScope() as slow.caller:
                    await workspace.account("far").provider()
                assert slow.caller.cancelled_caught
                assert slow.events[-1] == "closed"
            await workspace.account("far").provider()
            assert slow.events[-1] == "opened"
    assert slow.events == ["opened", "closed"] * (cancels + 1)
