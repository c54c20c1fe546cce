"""Sessions that nobody uses end, and make room; those that are used stay."""

import asyncio

import anyio
import pytest
from in_process import running

from dragoman_server.config.http import HttpSettings
from dragoman_server.config.load import from_mapping
from dragoman_server.mcp import server
from dragoman_server.runtime import tool_context as all_services
from dragoman_server.transports.http.asgi_app.app import build_asgi_app as site_of

pytestmark = pytest.mark.anyio

IDLE = 600.0
CLIENT = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


@pytest.fixture
async def client(tmp_path):
    """A client of a site with room for two sessions."""
    async with all_services.open_services(from_mapping({}, data=tmp_path)) as services:
        settings = HttpSettings(sessions=True, max_sessions=2, session_idle_timeout=IDLE)
        async with running(site_of(server.build(services), services.workspace, settings)) as client:
            yield client


@pytest.fixture
def pass_by(monkeypatch):
    """Let time pass for the event loop, and what is due be done."""
    ahead = 0.0
    real = asyncio.BaseEventLoop.time
    monkeypatch.setattr(asyncio.BaseEventLoop, "time", lambda loop: real(loop) + ahead)

    async def let(seconds):
        nonlocal ahead
        ahead += seconds
        loop, due = asyncio.get_running_loop(), asyncio.Event()
        loop.call_at(loop.time(), due.set)  # after all that was due before
        await due.wait()
        await anyio.wait_all_tasks_blocked()

    return let


async def ask(client, method, session=None, **params):
    headers = {"Accept": "application/json, text/event-stream"}
    if session:
        headers["Mcp-Session-Id"] = session
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return await client.post("/mcp", json=body, headers=headers)


async def opened(client):
    answer = await ask(client, "initialize", **CLIENT)
    return answer.headers.get("mcp-session-id")


async def test_a_session_that_rests_too_long_is_not_found_and_makes_room(client, pass_by):
    first, second = await opened(client), await opened(client)
    assert (await ask(client, "initialize", **CLIENT)).status_code == 503
    await pass_by(IDLE - 1)
    assert (await ask(client, "tools/list", first)).status_code == 200
    await pass_by(2)
    assert (await ask(client, "tools/list", second)).status_code == 404
    assert (await ask(client, "tools/list", first)).status_code == 200
    assert await opened(client) not in {None, first, second}
    await pass_by(IDLE + 1)
    assert (await ask(client, "tools/list", first)).status_code == 404


async def test_a_session_whose_stream_is_open_does_not_rest(client, pass_by):
    session = await opened(client)
    headers = {"Accept": "text/event-stream", "Mcp-Session-Id": session}

    async def listen():
        answer = await client.get("/mcp", headers=headers)
        assert answer.status_code == 200

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        await pass_by(0)
        await pass_by(3 * IDLE)
        assert (await ask(client, "tools/list", session)).status_code == 200
        assert (await client.delete("/mcp", headers=headers)).status_code == 200
