"""Sending through the tools to a Convore that fails at the worst moment."""

import asyncio
from datetime import UTC, datetime

import convore_service
import pytest
from convore_service import KEY, Convore, refused
from http_loopback import serving
from safe_writing import SAID, break_connection, fail, heal, never_twice, service_faults

from dragoman.testing import connect

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
SEND = "POST /v1/messages"


FAULTS = {
    **service_faults(refused),
    "an answer that is none": ("after", lambda *_: convore_service.ok(["?"])),
}


@pytest.fixture
def convore(monkeypatch):
    monkeypatch.setattr(convore_service, "BEGINNING", datetime.now(UTC))
    service = Convore()
    service._now = lambda: datetime.now(UTC)
    service.add("conv_1", "Hello")
    return service


async def used(convore, act, **more):
    async with serving(convore.handle) as base_url:
        account = {"provider": "convore", "token": KEY, "base_url": base_url, "write": "allow", **more}
        async with connect({"timezone": "UTC", "accounts": {"mail": account}}) as client:
            return await act(client)


async def sent(convore, **more):
    async def act(client):
        return await never_twice(
            client,
            "mail:conv_1",
            lambda: sum(SAID in body for body in convore.written),
            lambda: len(convore.calls("GET /v1/messages")),
            lambda: heal(convore),
        )

    return await used(convore, act, **more)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_message_is_sent_once_whatever_happens_to_its_answer(convore, fault):
    fail(convore, SEND, *FAULTS[fault])
    await sent(convore)


async def test_an_answer_that_never_comes_leaves_it_unknown(convore):
    handle, hanging = convore.handle, [True]

    async def silent_once(raw):
        answer = await handle(raw)
        if raw.method == "POST" and hanging and hanging.pop():
            await asyncio.Event().wait()
        return answer

    convore.handle = silent_once
    assert "unknown" in await sent(convore, timeout=0.3)


async def test_the_same_words_of_a_customer_are_not_taken_for_ours(convore):
    fail(convore, SEND, "before", break_connection)

    async def act(client):
        arguments = {"conversation": "mail:conv_1", "text": SAID, "idempotency_key": "k"}
        with pytest.raises(Exception, match="unknown"):
            await client.call("send_message", **arguments)
        heal(convore)
        convore.add("conv_1", SAID, date=datetime.now(UTC))
        assert "confirm=" in await client.call("send_message", **arguments)

    await used(convore, act)
