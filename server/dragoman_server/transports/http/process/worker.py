"""One worker process: serves a listening socket until a signal ends it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, Final

import anyio
import anyio.lowlevel
import uvicorn
from anyio.abc import TaskStatus
from mcp.server.lowlevel import Server

from dragoman_server.config.http import BACKLOG, HttpSettings
from dragoman_server.config.load import Config
from dragoman_server.mcp import server as app
from dragoman_server.runtime import tool_context
from dragoman_server.runtime.background_sync import keep_current_inside
from dragoman_server.runtime.preload import open_ahead
from dragoman_server.transports.http.asgi_app.app import build_asgi_app
from dragoman_server.transports.http.connection.bounded_protocol import protocol_class
from dragoman_server.transports.http.drain import Drain

_AT_A_TIME: Final = 4  # more, and one process would take in all of a crowd; fewer, and newcomers wait for long
_STEPS_OF_ACCEPTING: Final = 4
_FIRST_ANSWERS: Final = 2.0
"""Seconds that belong to the first clients alone before the store is kept current."""


class Worker(uvicorn.Server):
    """uvicorn with our own end: it drains before it stops to listen."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], drain: Drain) -> None:
        """Keep the callback for readiness, and the drain state."""
        super().__init__(config)
        self._ready = ready
        self._drain = drain

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Install no signal handlers; :func:`_end_on_signal` does."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections, and report readiness."""
        await super().startup(sockets)
        for listening in sockets or ():
            listening.listen(BACKLOG)  # asyncio has just set it to what it takes in at a time
        # What is there by now stays, and the collector need not look through it again and again.
        gc.collect()
        gc.freeze()
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept the connections that the system has accepted already, then end."""
        # Streams have no end of their own, and would be waited for.
        self._drain.closed.set()
        with suppress(NotImplementedError):  # on Windows
            for server in self.servers:
                for taking in server.sockets:
                    asyncio.get_running_loop().remove_reader(taking)
        # asyncio drops connections that it has accepted and not yet made a transport of when their server closes.
        for _ in range(_STEPS_OF_ACCEPTING):
            await anyio.lowlevel.checkpoint()
        await super().shutdown(sockets)


async def serve(
    config: Config,
    settings: HttpSettings,
    listening: socket.socket,
    *,
    ready: Callable[[], None] = lambda: None,
    orphaned: Callable[[], None] | None = None,
    build: Callable[..., Server[Any]] = app.build,
) -> None:
    """Serve until a signal ends the process and calls under way have ended or had their time.

    Args:
        config: The accounts.
        settings: The bounds.
        listening: A bound socket; it may be shared with other processes, and is closed here.
        ready: Called when requests are taken.
        orphaned: Waits, in a thread, until the process that is to be served no longer exists.
        build: Makes what answers, as :func:`dragoman_server.mcp.server.build`.
    """
    drain = Drain()
    async with (
        tool_context.open_services(config) as shared,
        keep_current_inside(shared.workspace) as begin_sync,
        anyio.create_task_group() as group,
    ):
        application = build_asgi_app(
            build(shared, shared_lists=config.auth is None),
            shared.workspace,
            settings,
            auth=config.auth,
            drain=drain,
        )

        def begin() -> None:
            ready()
            group.start_soon(open_ahead, shared.workspace, config)
            asyncio.get_running_loop().call_later(_FIRST_ANSWERS, begin_sync)

        server = Worker(_uvicorn(application, settings), begin, drain)
        await group.start(_end_on_signal, server, drain, settings.drain_delay)
        if orphaned is not None:
            group.start_soon(_end_when, orphaned, server, drain)
        await server.serve([listening])
        group.cancel_scope.cancel()


def _uvicorn(application: object, settings: HttpSettings) -> uvicorn.Config:
    return uvicorn.Config(
        application,  # type: ignore[arg-type]  # an ASGI application, which starlette and uvicorn spell differently
        http=protocol_class(settings),
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        log_level=logging.ERROR,
        # Its lines hold whole addresses, in which tokens may stand.
        access_log=False,
        # Anybody could write them; addresses in the log would be theirs to choose.
        proxy_headers=False,
        server_header=False,
        backlog=_AT_A_TIME,
        timeout_keep_alive=settings.idle_timeout,  # type: ignore[arg-type]  # seconds for a timer, which may be broken
        timeout_graceful_shutdown=settings.drain_timeout,  # type: ignore[arg-type]  # as above
    )


async def _end_on_signal(server: uvicorn.Server, drain: Drain, delay: float, *, task_status: TaskStatus[None]) -> None:
    """End gracefully on SIGTERM, without delay on SIGINT, and at once on another SIGINT."""
    if sys.platform == "win32":  # the event loop takes no signals there
        for number in (signal.SIGINT, signal.SIGBREAK):
            signal.signal(number, lambda *_: _end_now(server, drain))
        task_status.started()
        return
    async with anyio.create_task_group() as group:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for number in signals:
                # Whoever presses Ctrl-C twice does not want to wait.
                if drain.begun and number == signal.SIGINT:
                    os._exit(130)
                drain.begun = True
                group.start_soon(_end_after, server, delay if number == signal.SIGTERM else 0)


def _end_now(server: uvicorn.Server, drain: Drain) -> None:
    drain.begun = True
    server.should_exit = True


async def _end_after(server: uvicorn.Server, seconds: float) -> None:
    await anyio.sleep(seconds)
    server.should_exit = True


async def _end_when(orphaned: Callable[[], None], server: uvicorn.Server, drain: Drain) -> None:
    await anyio.to_thread.run_sync(orphaned, abandon_on_cancel=True)
    _end_now(server, drain)
