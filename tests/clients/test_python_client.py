"""The SDK's own client, over both transports, in an old, a middle and the newest version of the protocol."""

from uuid import uuid4

import anyio
import mcp_types as types
import pytest
from mcp import Client
from mcp.client import session
from mcp.client.stdio import StdioServerParameters

MODERN = "2026-07-28"


@pytest.fixture(params=["2024-11-05", "2025-06-18", MODERN])
def version(request):
    return request.param


@pytest.fixture
def questions():
    return []


@pytest.fixture
def client(place, version, questions, monkeypatch):
    """A client that asks for a version; it has no option for those before the last that shakes hands."""

    async def answer(_context, params):
        questions.append(params.message)
        return types.ElicitResult(action="accept", content={"send": True})

    if version != MODERN:
        monkeypatch.setattr(session, "LATEST_HANDSHAKE_VERSION", version)
    command, *arguments = place.target
    target = place.url or StdioServerParameters(command=command, args=arguments, env=place.environment)
    return Client(target, mode=MODERN if version == MODERN else "legacy", elicitation_callback=answer)


@pytest.mark.anyio
async def test_the_client_lists_calls_hears_progress_and_takes_errors_and_large_answers(client, place, version):
    heard = []

    async def progress(done, _total, text):
        heard.append((done, text))
        (place.notes / "heard").touch()

    async with client:
        assert client.protocol_version == version
        assert {"list_conversations", "list_messages"} <= {tool.name for tool in (await client.list_tools()).tools}
        called = await client.call_tool("list_messages", {"conversation": "far:short"})
        assert "Hello" in called.content[0].text
        wrong = await client.call_tool("list_messages", {"conversation": "nowhere:x"})
        assert wrong.is_error
        assert "nowhere" in wrong.content[0].text
        slow = await client.call_tool("list_messages", {"conversation": "far:slow"}, progress_callback=progress)
        assert "Hello" in slow.content[0].text
        large = await client.call_tool("list_messages", {"conversation": "far:large", "limit": 100})
        assert len(large.content[0].text) > 150_000
    assert heard[0] == (1, "Step 1")
    assert heard == sorted(heard)


@pytest.mark.anyio
async def test_a_cancelled_call_ends_its_work_and_the_connection_goes_on(client, place, version):
    async with client:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as calling:
                calling.start_soon(client.call_tool, "list_messages", {"conversation": "far:endless"})
                await place.noted("started")
                scope.cancel()
        if place.reaches_back(version):
            await place.noted("stopped")
        again = await client.call_tool("list_messages", {"conversation": "far:short"})
        assert "Hello" in again.content[0].text
    # Over HTTP older clients cancel by a notification in a request of its own, which without a session belongs
    # to no call: there the work ends with the stream of the call, or with its time.
    await place.noted("stopped")


@pytest.mark.anyio
async def test_the_client_is_asked_wherever_it_can_be(client, place, version, questions):
    text = f"Seen {uuid4()}"
    message = {"conversation": "local:room", "text": text, "author": "Ann", "sent_at": "2026-03-10T09:00Z"}
    async with client:
        written = (await client.call_tool("import_message", message)).content[0].text
    assert text in written
    assert [text in question for question in questions] == [True] * place.asks(version)
    assert ("confirm=" in written) != place.asks(version)
