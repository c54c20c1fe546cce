"""Clients are told when the list of tools has changed, because Slack has told what the token may not do."""

from contextlib import asynccontextmanager

import anyio
import mcp_types as types
import pytest
from slack_service import Slack
from slack_workspace import account_of

from dragoman.testing import connect

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning"),
]


class Notices:
    """How many notices of changed lists a client of a workspace got."""

    def __init__(self, slack):
        self.slack, self.count = slack, 0

    async def __call__(self, message):
        self.count += isinstance(message, types.ToolListChangedNotification)


@asynccontextmanager
async def client_of(mode, *, scopes=None, is_bot=False):
    """A client that has listed the tools, and the notices that it gets."""
    slack = Slack(is_bot=is_bot)
    notices = Notices(slack)
    slack.scopes = slack.scopes if scopes is None else scopes
    slack.talk("C02RELAY01", 1)
    with account_of(slack, write="allow", remember="numbers") as account:
        handler = {"message_handler": notices} if mode == "legacy" else {}
        async with connect({"accounts": {"it": account}}, mode=mode, **handler) as client:
            assert client.session.server_capabilities.tools.list_changed
            if mode == "legacy":
                yield client, notices
                return
            async with client.listen(tools_list_changed=True) as stream, anyio.create_task_group() as group:
                assert stream.honored.tools_list_changed

                async def follow():
                    async for _ in stream:
                        notices.count += 1

                group.start_soon(follow)
                yield client, notices
                group.cancel_scope.cancel()


async def names_of(client):
    return {tool.name for tool in (await client.list_tools(cache_mode="bypass")).tools}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(
    ("scopes", "is_bot", "notices"),
    [
        ("channels:read,channels:history,users:read", False, 1),
        ("channels:read,channels:history,users:read,chat:write", True, 1),
        ("channels:read,channels:history,users:read,chat:write,search:read", False, 0),
    ],
    ids=["a token that may only read", "a bot, which cannot search", "a token that may do all"],
)
async def test_a_list_that_becomes_shorter_is_announced_once(mode, scopes, is_bot, notices):
    async with client_of(mode, scopes=scopes, is_bot=is_bot) as (client, heard):
        before = await names_of(client)
        for _ in range(3):
            await client.call("list_conversations")
        await anyio.wait_all_tasks_blocked()
        after = await names_of(client)
        assert (before != after, heard.count) == (bool(notices), notices)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_list_of_before_the_first_request_that_the_server_saw_is_announced_too(mode):
    async with client_of(mode, scopes="channels:read,channels:history,users:read") as (client, heard):
        await client.call("list_conversations")  # the list may have been given before, by what answers early
        await anyio.wait_all_tasks_blocked()
        assert heard.count == 1


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_token_that_is_given_a_scope_brings_its_tools_back(mode):
    async with client_of(mode, scopes="channels:read,channels:history,users:read") as (client, heard):
        before = await names_of(client)
        await client.call("list_conversations")
        await names_of(client)
        heard.slack.scopes += ",chat:write,search:read"
        await client.call("list_messages", conversation="it:C02RELAY01")
        await anyio.wait_all_tasks_blocked()
        assert heard.count == 2
        assert await names_of(client) == before


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_server_whose_list_never_changes_promises_no_notice(mode):
    async with connect(mode=mode) as client:
        assert not client.session.server_capabilities.tools.list_changed
    if mode == "auto":
        async with connect(mode=mode) as client, client.listen(tools_list_changed=True) as stream:
            assert not stream.honored.tools_list_changed
