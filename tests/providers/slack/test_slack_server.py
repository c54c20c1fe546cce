"""Slack through a whole server, as an assistant reads it."""

import pytest
from rs_bpe.bpe import openai
from slack_service import Slack
from slack_workspace import account_of, corpus

from dragoman.testing import Reply, connect
from dragoman.testing.scripted_server import ScriptedServer

ROOM = "it:C02RELAY01"


@pytest.fixture
def server():
    opened = []

    def start(slack, **settings):
        account = account_of(slack, **settings)
        server = ScriptedServer({"timezone": "UTC", "accounts": {"it": account.__enter__()}})
        opened.extend([account, server])
        return server.__enter__()

    yield start
    for one in reversed(opened):
        one.__exit__(None, None, None)


@pytest.mark.parametrize("name", ["kiosk-firmware", "rider-support"])
def test_a_channel_of_a_team_costs_little_more_than_its_bare_lines_and_few_calls(server, name):
    slack, bare = corpus(name, 50)
    dragoman = server(slack)
    text = dragoman.call("list_messages", conversation="it:C0CORPUS01", limit=50, max_tokens=10_000)
    count = openai.o200k_base().count
    assert count(text) / count(bare) <= 1.25
    methods = [method for method, _ in slack.journal if method != "auth.test"]
    assert sorted(set(methods)) == ["conversations.history", "conversations.replies", "users.list"]
    assert len(methods) <= 4
    before = len(slack.journal)
    assert dragoman.call("list_messages", conversation="it:C0CORPUS01", limit=50, max_tokens=10_000) == text
    assert [method for method, _ in slack.journal[before:]] == ["conversations.history"]


def test_a_title_stands_above_messages_once_it_is_known(server):
    slack = Slack()
    slack.talk("C02RELAY01", 1)
    dragoman = server(slack)
    assert "#c02relay01" not in dragoman.call("list_messages", conversation=ROOM)
    dragoman.call("list_conversations")
    before = len(slack.journal)
    assert "#c02relay01" in dragoman.call("list_messages", conversation=ROOM)
    assert [method for method, _ in slack.journal[before:]] == ["conversations.history"]


def test_the_direct_conversation_with_a_person_is_read_under_the_name(server):
    slack = Slack()
    slack.open("D0MARIA", is_im=True, is_channel=False, user="U01MARIAK")
    slack.add("D0MARIA", "Hello")
    text = server(slack).call("list_messages", conversation="it:@U01MARIAK")
    assert text.startswith("Maria Koch · it · 1 message")


def test_a_conversation_that_is_none_is_refused_by_its_id(server):
    slack = Slack()
    slack.talk("C02RELAY01", 1)
    assert "no such conversation" in server(slack).error("list_messages", conversation="it:C0NOWHERE1")


def test_replies_are_read_under_their_roots_with_names_and_emoji(server):
    slack = Slack()
    slack.open("C02RELAY01", name="relay-launch")
    root = slack.add(
        "C02RELAY01", text="Window is *Thursday* :tada: <@U02OLEGSI>", reactions=[{"name": "+1", "count": 3}]
    )
    slack.add("C02RELAY01", "Next day")
    slack.add("C02RELAY01", "Fine by me", root=root, user="U02OLEGSI", at=f"{int(root[:10]) + 9_000_000}.000001")
    text = server(slack).call("list_messages", conversation="#relay-launch")
    lines = text.splitlines()
    assert "Maria Koch [👍3]: Window is **Thursday** 🎉 @Oleg Sidorov" in text
    assert lines[3].startswith(">")
    assert "Fine by me" in lines[3]
    assert "Next day" in lines[-1]


def test_what_was_read_before_the_limit_is_shown_with_the_reason(server):
    slack = Slack(largest=15)
    slack.talk("C02RELAY01", 40)
    later = Reply({"ok": False, "error": "ratelimited"}, 429, headers={"retry-after": "60"})
    slack.before = lambda method, _: later if len(slack.calls(method)) == 1 and "history" in method else None
    text = server(slack).call("list_messages", conversation=ROOM, limit=50)
    assert text.count("number") == 15
    assert "Marketplace" in text
    assert "older: cursor" in text


def test_a_bot_searches_what_was_read_and_says_so(server):
    slack = Slack()
    slack.talk("C02RELAY01", 3)
    dragoman = server(slack)
    dragoman.call("list_messages", conversation=ROOM)
    text = dragoman.call("search_messages", query="number")
    assert "local index" in text
    assert "user token" in text
    assert text.count("Maria Koch: **number**") == 3
    assert not slack.calls("search.messages")


@pytest.mark.parametrize(
    ("is_bot", "lacking", "tools"),
    [
        (False, "", {"send_message", "update_message", "search_messages"}),
        (False, "chat:write", {"search_messages"}),
        (False, "search:read", {"send_message", "update_message"}),
        (True, "", {"send_message", "update_message"}),
    ],
)
@pytest.mark.anyio
async def test_tools_that_the_token_turns_out_not_to_allow_are_not_shown(is_bot, lacking, tools):
    slack = Slack(is_bot=is_bot)
    slack.scopes = ",".join(one for one in slack.scopes.split(",") if one != lacking)
    slack.talk("C02RELAY01", 1)
    optional = {"send_message", "update_message", "search_messages"}
    with account_of(slack, write="allow", remember="numbers") as account:
        async with connect({"accounts": {"it": account}}) as client:
            before = {tool.name for tool in (await client.list_tools(cache_mode="bypass")).tools}
            await client.call("list_conversations")
            after = {tool.name for tool in (await client.list_tools(cache_mode="bypass")).tools}
    assert optional <= before, "the token is not known yet"
    assert after & optional == tools


def test_a_person_searches_in_slack(server):
    slack = Slack(is_bot=False)
    slack.talk("C02RELAY01", 3)
    text = server(slack).call("search_messages", query="number from:maria")
    assert "the service" in text
    assert text.count("Maria Koch [excerpt]: number") == 3


def test_nothing_of_a_real_time_search_is_stored(server, tmp_path):
    slack = Slack(is_bot=False, scopes="search:read.public,channels:read,channels:history")
    slack.open("C02RELAY01")
    found = {
        "author_name": "Maria Koch", "author_user_id": "U01MARIAK", "channel_id": "C02RELAY01", "content": "the secret",
        "message_ts": "1773143220.000200", "permalink": "https://acme.slack.com/archives/C02RELAY01/p1773143220000200",
    }  # fmt: skip

    def answer(method, _):
        if method == "assistant.search.context":
            return Reply({"ok": True, "results": {"messages": [found]}}, headers={"x-oauth-scopes": slack.scopes})
        return None

    slack.before = answer
    dragoman = server(slack)
    dragoman.call("list_messages", conversation=ROOM)
    assert "the secret" in dragoman.call("search_messages", query="secret")
    slack.before = lambda method, _: (
        Reply({"ok": False, "error": "not_allowed_token_type"}) if "search" in method else None
    )
    assert "the secret" not in dragoman.call("search_messages", query="secret")


def test_two_accounts_of_a_workspace_wait_together_for_what_slack_asks_of_one():
    bot, person = Slack(), Slack(is_bot=False)
    for slack in (bot, person):
        slack.open("C02RELAY01")
        ts = slack.add("C02RELAY01")
    later = Reply({"ok": False, "error": "ratelimited"}, 429, headers={"retry-after": "100"})
    bot.before = lambda method, _: later if method == "conversations.replies" else None
    with account_of(bot) as first, account_of(person) as second:
        accounts = {"bot": first, "person": second}
        with ScriptedServer({"timezone": "UTC", "accounts": accounts}) as server:
            server.call("list_conversations")
            for name in accounts:
                assert "Try again in" in server.error("get_message", message=f"{name}:C02RELAY01/{ts}")
            assert not person.calls("conversations.replies")
            assert "Maria Koch: Hi" in server.call("list_messages", conversation="person:C02RELAY01")


def test_a_person_is_found_by_name_and_written_to_where_the_settings_allow_it(server):
    slack = Slack()
    slack.open("C02RELAY01")
    dragoman = server(slack, write="allow", write_to=["@U01MARIAK", "D0U01MARIAK"])
    assert "it:@U01MARIAK" in dragoman.call("list_conversations", query="maria")
    sent = dragoman.call("send_message", conversation="it:@U01MARIAK", text="Hello")
    assert "it:D0U01MARIAK" in sent
    assert "another conversation" not in sent
    assert "Again" in dragoman.call("send_message", conversation="it:@U01MARIAK", text="Again")
    assert "not among those" in dragoman.error("send_message", conversation="it:@U02OLEGSI", text="Hello")
    assert slack.written == ["Hello", "Again"]


def test_a_call_to_everybody_is_asked_about_and_does_not_ring(server):
    slack = Slack()
    slack.open("C02RELAY01")
    dragoman = server(slack, write="confirm")
    asked = dragoman.call("send_message", conversation=ROOM, text="Hi <!channel>")
    assert "@channel" in asked
    assert slack.written == []


@pytest.mark.parametrize(
    "wanted",
    [
        "@mk_77",
        "mk_77",
        "Masha",
        "Maria Koch",
        "U01MARIAK",
        "<@U01MARIAK>",
        "mk@acme.example",
        "it:U01MARIAK",
        "it:@mk_77",
    ],
)
@pytest.mark.parametrize("is_bot", [True, False])
def test_whatever_a_person_is_called_finds_what_the_person_wrote(server, is_bot, wanted):
    slack = Slack(is_bot=is_bot)
    profile = {"real_name": "Maria Koch", "display_name": "Masha", "email": "mk@acme.example"}
    slack.add_user({"id": "U01MARIAK", "team_id": "T01ACME9", "name": "mk_77", "profile": profile})
    slack.open("C02RELAY01")
    slack.add("C02RELAY01", "mine, as it is")
    slack.add("C02RELAY01", "not Masha, as it is", user="U02OLEGSI")
    dragoman = server(slack)
    for _ in range(2):
        listed = dragoman.call("list_messages", conversation=ROOM, author=wanted)
        assert "mine, as" in listed
        assert "not Masha" not in listed
    dragoman.call("list_messages", conversation=ROOM)
    found = dragoman.call("search_messages", query="as it is", author=wanted)
    assert "mine" in found
    assert "not Masha" not in found
    asked = [arguments["query"] for arguments in slack.calls("search.messages") if "as" in arguments["query"]]
    assert all("from:<@U01MARIAK>" in query for query in asked), "Slack is asked for the person alone"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Ask @Nobody Here and @maria", "@Nobody' is a text"),
        ("Ask @sam", "@sam' is a text"),
        ("@here and @maria, see `@x` and a@b.example", ""),
    ],
)
def test_a_name_that_mentions_nobody_is_told_after_sending(server, text, note):
    slack = Slack()
    slack.open("C02RELAY01")
    for number in (1, 2):  # two people of one name
        raw = slack.users["U02OLEGSI"] | {"id": f"U0SAM{number:04}", "real_name": "Sam", "name": "sam", "profile": {}}
        slack.add_user(raw)
        slack.rooms["C02RELAY01"]["people"].append(raw["id"])
    sent = server(slack, write="allow").call("send_message", conversation=ROOM, text=text)
    assert note in sent
    assert sent.count("is a text") == bool(note)


def test_a_mention_that_slack_shows_by_the_name_is_no_difference(server):
    slack = Slack()
    slack.open("C02RELAY01")
    dragoman = server(slack, write="allow")
    sent = dragoman.call("send_message", conversation=ROOM, text="Ask @maria's team, <@U02OLEGSI> and **Ann**")
    assert "Ask @Maria Koch's team, @Oleg Sidorov and **Ann**" in sent
    assert "stored" not in sent
    slack.before = lambda method, _: (
        Reply({"ok": True, "ts": "1773133999.000001", "message": {"user": "U0DRAGOMN", "text": "Ask <@U03GUEST1>"}})
        if method == "chat.postMessage"
        else None
    )
    assert "other mentions" in dragoman.call("send_message", conversation=ROOM, text="Ask @oleg")
