"""The fixtures are judged behind the product's adapter; so they have to be behind it."""

import pytest
from mcp import Client, MCPError
from tests.conformance.fixture_server import FIXTURES, build
from tests.conformance.fixture_tools import tool

from dragoman_server.config.load import from_mapping
from dragoman_server.runtime import tool_context

# The suite wants the logging capability in the older era, of which the SDK says that the newer one has it no more.
pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:The logging capability is deprecated")]


@pytest.fixture
async def client(tmp_path):
    settings = from_mapping({}, data=tmp_path)
    async with tool_context.open_services(settings) as shared, Client(build(shared, shared_lists=True)) as connected:
        yield connected


async def test_answers_and_failures_pass_the_adapter(client):
    answered = await client.call_tool("test_simple_text", {})
    assert answered.content[0].text.startswith("This is a simple text")
    failed = await client.call_tool("test_error_handling", {})
    assert failed.is_error
    assert "intentionally" in failed.content[0].text
    with pytest.raises(MCPError, match="Unknown tool"):
        await client.call_tool("test_nothing", {})


async def test_a_crash_of_a_fixture_is_put_into_the_products_words(client, caplog):
    @tool("test_crash", FIXTURES)
    async def crash(_ctx, _params):
        """Crash."""
        raise RuntimeError("the secret of the crash")

    try:
        crashed = await client.call_tool("test_crash", {})
    finally:
        del FIXTURES["test_crash"]
    assert crashed.is_error
    assert crashed.content[0].text.startswith("Internal error")


async def test_errors_of_the_protocol_reach_the_client_as_such(client):
    with pytest.raises(MCPError) as caught:
        await client.call_tool("test_missing_capability", {})
    assert caught.value.error.code == -32021
