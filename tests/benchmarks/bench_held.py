"""Answers out of a store that is kept current: a page of a million messages that are covered, without a request."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import anyio
from tests.benchmarks.bench_store import PEOPLE, ROOM, Chat
from tests.benchmarks.figures import show

from dragoman.accounts.workspace import Workspace
from dragoman.providers.convore import ConvoreProvider
from dragoman.store import Store, open_store
from dragoman.store.coverage import BEGINNING, OPEN, Span
from dragoman.store.sync_state import AccountSync, ConversationSync, SyncStep
from dragoman.toolset import ToolServices, call_tool

ACCOUNT = "desk"
NOWHERE = {"provider": "convore", "base_url": "http://127.0.0.1:1", "token": "t", "sync": "all"}
"""A request would fail at once, and the call with it."""


def main(size: int = 1_000_000) -> int:
    """Print the figure; 1 when its bound is missed."""
    with tempfile.TemporaryDirectory() as folder:
        return int(not anyio.run(listing, Path(folder) / "dragoman.db", size))


async def listing(path: Path, size: int) -> bool:
    """The middle time of pages that follow each other, each of which is read for the first time."""
    async with open_store(path) as store:
        await fill(store, size)
    settings = ConvoreProvider.Settings.model_validate(NOWHERE)
    async with Workspace.open({ACCOUNT: settings}, path) as workspace:
        services = ToolServices(workspace)
        times: list[float] = []
        arguments: dict[str, object] = {"conversation": f"{ACCOUNT}:room", "format": "json", "max_tokens": 100_000}
        for _ in range(200):
            began = anyio.current_time()
            answer = await call_tool(services, "list_messages", arguments)
            times.append(anyio.current_time() - began)
            arguments["cursor"] = (answer.data or {})["cursor"]
    name = f"covered list_messages in {size:,}, in process"
    return show(name, statistics.median(times) * 1000, 5, unit="ms")


async def fill(store: Store, size: int) -> None:
    """Remember the messages, and say that they are all there are."""
    chat = Chat(size, PEOPLE)
    lease = await store.sync.take_lease(ACCOUNT, "benchmark")
    if lease is None:
        raise AssertionError("nobody else is here")
    for start in range(0, size, 5000):
        await store.sync.commit(lease, SyncStep(messages=chat[start : start + 5000]))
    now = await store.sync.time()
    step = SyncStep(
        states=[ConversationSync(id="room", follows=True, listed_at=now)],
        conversations=[ROOM],
        covered=[("room", Span(BEGINNING, OPEN))],
        account=AccountSync(listed_at=now, fresh_at=now, began_at=now),
    )
    await store.sync.commit(lease, step)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
