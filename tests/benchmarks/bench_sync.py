"""Keeping the store current: its rate against fetching alone, the cost of a quiet round, and tool calls beside it."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import anyio
import httpx
from tests.benchmarks.figures import show

from dragoman.accounts.workspace import Workspace
from dragoman.core.queries import MessageQuery
from dragoman.core.rate_budget import background_calls
from dragoman.store.coverage import BEGINNING
from dragoman.sync.back_position import PAGE
from dragoman.sync.runner import accounts_to_sync, keep_current
from dragoman.toolset import call_tool
from dragoman_server.commands.sync_accounts import collect_seldom
from dragoman_server.config.load import Config, from_mapping
from dragoman_server.runtime import tool_context

ROOMS, MESSAGES = 100, 1_000
CALLS: Final = 150
WARM: Final = 10


def main() -> int:
    """Print every figure; 1 when a bound is missed."""
    collect_seldom()  # as the command does
    with serving(ROOMS, MESSAGES) as address, TemporaryDirectory() as folder:
        anyio.run(_fetch_alone, _config(address, Path(folder) / "warm", "1d"))  # what the service makes once
        alone = anyio.run(_fetch_alone, _config(address, Path(folder) / "alone"))
        config = _config(address, Path(folder) / "sync")
        synced = anyio.run(_sync, config)
        rate = show("sync of 100,000 messages over fetching them alone", synced / alone, 0.7, at_least=True)
        asked = httpx.get(f"{address}/count").json()
        anyio.run(_sync, config)
        quiet = show("requests of a round with nothing new", httpx.get(f"{address}/count").json() - asked, 1, unit="")
        beside = anyio.run(_calls_beside, _config(address, Path(folder) / "beside"))
        calls = show("p95 of tool calls beside a sync over without", beside, 1.3)
    return int(not (rate and quiet and calls))


def _config(address: str, folder: Path, horizon: str = "all") -> Config:
    account = {"provider": "convore", "base_url": address, "token": "t", "sync": horizon}
    return replace(from_mapping({"timezone": "UTC", "accounts": {"it": account}}), data=folder)


async def _fetch_alone(config: Config) -> float:
    """Messages a second of reading everything through the provider, as many conversations at once as sync reads."""
    async with Workspace.open(config.accounts, config.store) as workspace:
        provider = await workspace.account("it").provider()
        limiter = anyio.CapacityLimiter(max(1, type(provider).limits.concurrency // 2))
        read = 0

        async def read_all(conversation: str) -> None:
            nonlocal read
            query = MessageQuery(limit=PAGE)
            async with limiter:
                while True:
                    page = await provider.list_messages(conversation, query)
                    read += len(page.items)
                    if page.cursor is None:
                        return
                    query = MessageQuery(limit=PAGE, cursor=page.cursor)

        began = time.perf_counter()
        with background_calls():
            async with anyio.create_task_group() as group:
                for number in range(ROOMS):
                    group.start_soon(read_all, f"conv_{number}")
        assert read == ROOMS * MESSAGES, read
        return read / (time.perf_counter() - began)


async def _sync(config: Config) -> float:
    """Messages a second of a sync."""
    async with Workspace.open(config.accounts, config.store) as workspace:
        began = time.perf_counter()
        (result,) = await keep_current(workspace, accounts_to_sync(workspace), watch=False)
        assert result.error is None, result.error
        return result.counts.messages / (time.perf_counter() - began)


async def _calls_beside(config: Config) -> float:
    """The 95th percentile of calls while the store is kept current, over that of the same calls without."""
    async with tool_context.open_services(config) as services:
        list_messages = partial(call_tool, services, "list_messages", {"conversation": "it:conv_0", "limit": 50})
        without = await _p95(list_messages)
        async with anyio.create_task_group() as group:
            workspace = services.workspace
            group.start_soon(partial(keep_current, workspace, accounts_to_sync(workspace), watch=True))
            beside = await _p95(list_messages)
            summary = await (await workspace.store()).sync.summary("it", BEGINNING)
            assert summary.held < ROOMS, "the sync had ended"
            group.cancel_scope.cancel()
        return beside / without


async def _p95(call: Callable[[], Awaitable[object]]) -> float:
    taken: list[float] = []
    for number in range(WARM + CALLS):
        began = time.perf_counter()
        await call()
        if number >= WARM:
            taken.append(time.perf_counter() - began)
        await anyio.sleep(0.01)
    return statistics.quantiles(taken, n=20)[-1]


@contextmanager
def serving(rooms: int, messages: int) -> Iterator[str]:
    """The address of a service with so many messages, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.paged_convore", str(rooms), str(messages)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.terminate()


if __name__ == "__main__":
    sys.exit(main())
