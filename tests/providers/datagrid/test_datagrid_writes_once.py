"""Saying something through the tools to a Datagrid that fails at the worst moment."""

from datetime import UTC, datetime, timedelta

import datagrid_service
import httpx
import pytest
from datagrid_service import KEY, Datagrid, refused
from http_loopback import serving
from safe_writing import SAID, break_connection, fail, heal, never_twice, service_faults

from dragoman.testing import ToolError, connect

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
SEND = "POST /converse"
ROOM = "grid:conv_1"


def cut(*_):
    async def body():
        yield b'{"object": "conversation.message", "id": "ms'
        raise ConnectionResetError

    return httpx.Response(200, content=body(), headers={"content-type": "application/json"})


FAULTS = {
    **service_faults(refused),
    "an answer that breaks off": ("after", cut),
}


@pytest.fixture(params=[False, True], ids=["oldest-first", "newest-first"])
def grid(request, monkeypatch):
    monkeypatch.setattr(datagrid_service, "BEGINNING", datetime.now(UTC) - timedelta(minutes=5))
    service = Datagrid(newest_first=request.param)
    service.converse_about("conv_1", ["hi", "Hello!"])
    service._now = lambda _: datetime.now(UTC)
    return service


async def used(grid, act):
    async with serving(grid.handle) as root:
        account = {"provider": "datagrid", "token": KEY, "base_url": f"{root}/v1", "write": "allow"}
        async with connect({"timezone": "UTC", "accounts": {"grid": account}}) as client:
            return await act(client)


def taken(grid):
    said = [one for one in grid.messages["conv_1"] if one["role"] == "user"]
    return sum(part["text"] == SAID for one in said for part in one["content"])


def listed(grid):
    return len(grid.calls("GET /conversations/conv_1/messages"))


async def sent(grid, client):
    return await never_twice(client, ROOM, lambda: taken(grid), lambda: listed(grid), lambda: heal(grid))


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_message_is_said_once_whatever_happens_to_its_answer(grid, fault):
    fail(grid, SEND, *FAULTS[fault])
    await used(grid, lambda client: sent(grid, client))


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_what_could_not_be_looked_up_at_once_is_looked_up_by_the_next_call(grid, moment):
    broke = []

    def act(request, *_):
        if request.operation == SEND:
            broke.append(request)
            raise ConnectionResetError
        return refused(400, "not now") if broke else None

    grid.before = act if moment == "before" else lambda request: act(request) if request.operation != SEND else None
    grid.after = act if moment == "after" else None
    first = await used(grid, lambda client: sent(grid, client))
    assert "unknown" in first


async def test_the_question_of_an_earlier_answer_is_not_taken_for_one_that_got_lost(grid):
    async def act(client):
        arguments = {"conversation": ROOM, "text": SAID}
        await client.call("send_message", **arguments, idempotency_key="first")
        fail(grid, SEND, "before", break_connection)
        with pytest.raises(ToolError, match="unknown"):
            await client.call("send_message", **arguments, idempotency_key="second")
        heal(grid)
        assert "confirm=" in await client.call("send_message", **arguments, idempotency_key="second")
        assert taken(grid) == 1

    await used(grid, act)
