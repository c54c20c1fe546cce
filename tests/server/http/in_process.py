"""A site in the process of a test, where a test can reach behind it."""

from __future__ import annotations

from contextlib import asynccontextmanager

import anyio
import httpx2


@asynccontextmanager
async def running(application):
    """A client of an ASGI application, between its start and its end."""
    begun, ends = anyio.Event(), anyio.Event()

    async def receive():
        if not begun.is_set():
            return {"type": "lifespan.startup"}
        await ends.wait()
        return {"type": "lifespan.shutdown"}

    async def send(message):
        assert message["type"] in {"lifespan.startup.complete", "lifespan.shutdown.complete"}, message
        begun.set()

    async with anyio.create_task_group() as group:
        group.start_soon(application, {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
        await begun.wait()
        transport = httpx2.ASGITransport(application)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield client
        ends.set()
