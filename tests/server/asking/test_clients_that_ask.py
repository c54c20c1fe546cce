"""Which clients are asked, and with what: by what is known of them, and by what the settings say."""

from dataclasses import replace

import pytest
from asked_user import CANCEL, DECLINE, ERAS, REPLY, ROOM, THOUGHTFUL, UNSEEN, YES, User, goes_out_by_token, texts

from dragoman.testing import ToolError, connect
from dragoman_server.mcp import elicitation
from dragoman_server.mcp.known_hosts import HostTraits, traits_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("client", "seconds"), [("", 0.3), ("t", 0.3), ("claude-code", 1.0), ("Codex-mcp-client", 1.0), ("codex", 1.0)]
)
def test_how_quick_is_too_quick_is_known_of_each_client(client, seconds):
    assert traits_of(client).unseen_within == seconds


@ERAS
@pytest.mark.parametrize("where", ["account", "client"])
async def test_the_settings_say_that_a_client_does_ask(settings, data, mode, where, monkeypatch):
    monkeypatch.setattr(elicitation, "traits_of", lambda _client: HostTraits(unseen_within=60.0))
    say(settings, where, "client")
    async with connect(settings, data=data, mode=mode, elicitation_callback=User(YES)) as client:
        await client.call("send_message", **REPLY)
        assert await texts(client) == ["Hello", "See you at nine"]


@ERAS
@pytest.mark.parametrize("answer", [DECLINE, CANCEL, *UNSEEN], ids=repr)
async def test_a_client_that_is_said_to_ask_has_no_second_way(settings, data, mode, answer, monkeypatch):
    monkeypatch.setattr(elicitation, "traits_of", lambda _client: HostTraits(unseen_within=60.0))
    say(settings, "client", "client")
    async with connect(settings, data=data, mode=mode, elicitation_callback=User(answer)) as client:
        with pytest.raises(ToolError, match="Nothing was sent"):
            await client.call("send_message", **REPLY)
        assert await texts(client) == ["Hello"]


@ERAS
@pytest.mark.parametrize("where", ["account", "client"])
async def test_the_settings_say_that_a_client_asks_nobody(settings, data, mode, where):
    say(settings, where, "token")
    user = User(YES)
    async with connect(settings, data=data, mode=mode, elicitation_callback=user) as client:
        await goes_out_by_token(client, await client.call("send_message", **REPLY))
    assert user.asked == []


async def test_where_account_and_client_disagree_the_token_counts(settings, data):
    say(settings, "account", "token")
    say(settings, "client", "client")
    user = User(YES)
    async with connect(settings, data=data, mode="legacy", elicitation_callback=user) as client:
        await goes_out_by_token(client, await client.call("send_message", **REPLY))
    assert user.asked == []


LONG = {"conversation": ROOM, "text": "See you at nine. " * 12}


@ERAS
async def test_what_claude_code_would_cut_is_not_asked_there_but_previewed(settings, data, mode, monkeypatch):
    monkeypatch.setattr(elicitation, "traits_of", lambda _client: replace(THOUGHTFUL, shown_lines=3))
    user = User(YES)
    say(settings, "client", "client")
    async with connect(settings, data=data, mode=mode, elicitation_callback=user) as client:
        preview = await client.call("send_message", **LONG)
        assert "confirm=" in preview
        assert (user.asked, await texts(client)) == ([], ["Hello"])
        await client.call("send_message", **REPLY)
        assert len(user.asked) == 1
        assert await texts(client) == ["Hello", "See you at nine"]


def test_claude_code_is_known_to_show_three_lines():
    assert traits_of("claude-code").shown_lines == 3
    assert traits_of("t").shown_lines is None


async def test_where_questions_are_shown_whole_a_long_text_is_asked_about(settings, data):
    user = User(YES)
    async with connect(settings, data=data, mode="legacy", elicitation_callback=user) as client:
        await client.call("send_message", **LONG)
    (asked,) = user.asked
    assert asked.requested_schema["properties"]["send"]["description"] == (
        "204 characters in 1 line; the first lines show only its beginning, more follows."
    )


def say(settings, where, how):
    if where == "account":
        settings["accounts"]["local"]["ask"] = how
    else:
        settings["clients"] = {"MCP": {"ask": how}}
