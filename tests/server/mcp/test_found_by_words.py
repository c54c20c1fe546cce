"""Hosts show a tool only to who searches for it: people's phrases find the right one first."""

import json
import math
import re
from collections import Counter
from typing import Any

import anyio
import pytest
from rs_bpe.bpe import openai

from dragoman.toolset import available_tools
from dragoman_server.config.load import from_mapping
from dragoman_server.mcp import wording
from dragoman_server.mcp.adapter import names_of, to_tool
from dragoman_server.runtime import tool_context

TOKEN = {"env": "X"}
SERVICES = {
    "work-glean": {"provider": "glean", "base_url": "https://acme-be.glean.com", "token": TOKEN, "write": "confirm"},
    "support": {"provider": "convore", "token": TOKEN, "write": "confirm"},
    "notes": {"provider": "local"},
    "agents": {"provider": "datagrid", "token": TOKEN, "write": "confirm"},
    "cloud": {"provider": "yandex", "api_key": TOKEN, "write": "confirm"},
    "sales": {"provider": "convore", "token": TOKEN, "write": "confirm"},
    "teams-glean": {
        "provider": "glean",
        "base_url": "https://b-be.glean.com",
        "token": TOKEN,
        "datasource": "MICROSOFTTEAMS",
    },
    "old-chats": {"provider": "local", "path": "old.db"},
}

PHRASES = {
    "list_conversations": [
        "list channels", "which channels are there", "show my DMs", "what rooms do I have", "email inbox",
        "list all chats", "group chats", "mail threads", "my direct messages",
    ],
    "list_messages": [
        "read chat", "read channel history", "show the conversation", "last messages in the channel",
        "read the thread", "chat history", "summarize the channel", "what was said in the room",
        "latest messages", "read an email thread",
    ],
    "get_message": [
        "open one message", "message attachments", "who reacted to a message", "full text of a message",
        "message details", "edit history of a message",
    ],
    "search_messages": [
        "search slack", "find a message about the budget", "search email", "who said that", "look for a keyword",
        "find messages from Ann", "search everything",
    ],
    "send_message": [
        "post to slack", "send an email", "reply to thread", "send a DM", "write to the team", "answer an email",
        "notify somebody",
    ],
    "update_message": ["edit a message", "fix a typo in my message", "label an email", "change the subject"],
    "import_message": ["import an old message", "record a message from elsewhere", "store a note"],
}  # fmt: skip
ASKED = [(phrase, tool) for tool, phrases in PHRASES.items() for phrase in phrases]
IGNORED = frozenset(
    re.findall(r"[a-z]+", "a an the to in of my is are there do i what which that was all from for by about with")
)


def words(text: str) -> list[str]:
    """The words of a text without their endings, as stemming searches see them."""
    found = [word for word in re.findall(r"[a-z]+", text.lower()) if word not in IGNORED]
    return [re.sub(r"(?<=[a-z]{3})(ies|es|s|ed|ing|e|y)$", "", word.replace("e-mail", "email")) for word in found]


def by_keywords(phrase: str, tools: list[dict[str, Any]]) -> str:
    """Matches of words in name, hint and description, the name counting most."""

    def score(tool: dict[str, Any]) -> float:
        wanted = set(words(phrase))
        parts = ((tool["name"].replace("_", " "), 4), (tool["hint"], 2), (tool["description"], 1))
        return sum(weight * len(wanted & set(words(text))) for text, weight in parts)

    return max(tools, key=score)["name"]


def by_bm25(phrase: str, tools: list[dict[str, Any]]) -> str:
    """BM25 over name and description."""
    texts = [words(f"{tool['name'].replace('_', ' ')} {tool['description']}") for tool in tools]
    average = sum(map(len, texts)) / len(texts)

    def score(text: list[str]) -> float:
        counts = Counter(text)
        total = 0.0
        for word in words(phrase):
            having = sum(word in other for other in texts)
            rarity = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
            total += rarity * counts[word] * 2.2 / (counts[word] + 1.2 * (0.25 + 0.75 * len(text) / average))
        return total

    return tools[max(range(len(tools)), key=lambda at: score(texts[at]))]["name"]


def listed(count: int) -> list[dict[str, Any]]:
    config = from_mapping({"accounts": dict(list(SERVICES.items())[:count])})

    async def look() -> list[dict[str, Any]]:
        async with tool_context.open_services(config) as services:
            accounts = list(services.workspace.accounts.values())
            return [
                {
                    "name": spec.name,
                    "description": tool.description,
                    "hint": tool.meta[wording.SEARCH_HINT],
                    "input_schema": tool.input_schema,
                }
                for spec in available_tools(services)
                for tool in [to_tool(spec, accounts)]
            ]

    return anyio.run(look)


@pytest.fixture(scope="module", params=[1, 3, 8])
def tools(request, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRAGOMAN_DATA", str(tmp_path_factory.mktemp("data")))
        return listed(request.param)


@pytest.mark.parametrize("search", [by_keywords, by_bm25])
def test_nine_of_ten_phrases_of_people_find_the_right_tool_first(tools, search):
    there = {tool["name"] for tool in tools}
    asked = [(phrase, tool) for phrase, tool in ASKED if tool in there]
    missed = [(phrase, tool, found) for phrase, tool in asked if (found := search(phrase, tools)) != tool]
    assert len(missed) <= len(asked) // 10, missed


def test_services_and_accounts_are_found_by_what_people_call_them(tools):
    hints = {tool["name"]: tool["hint"].lower() for tool in tools}
    assert "slack" in hints["list_conversations"]
    assert "work-glean" in hints["search_messages"]
    assert "slack" in next(tool["description"] for tool in tools if tool["name"] == "search_messages").lower()


def test_the_whole_list_with_five_accounts_costs_at_most_1800_tokens(tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path))
    compact = {"ensure_ascii": False, "separators": (",", ":")}
    parts = ("name", "description", "input_schema")
    seen = [json.dumps({part: tool[part] for part in parts}, **compact) for tool in listed(5)]
    assert sum(openai.o200k_base().count(text) for text in seen) <= 1800


def test_a_description_is_never_longer_than_hosts_keep(tools):
    assert all(len(tool["description"]) <= 400 for tool in tools)


def test_the_first_line_of_the_instructions_names_every_service_and_account():
    accounts = [(f"account-{n}", f"Service {n}", f"channels and mails of service {n}") for n in range(8)]
    first = wording.instructions(accounts).partition("\n")[0]
    for name, _, about in accounts:
        assert f"{about} ({name})" in first
    many = [(f"account-{n}", "Slack", "Slack channels") for n in range(300)]
    told = wording.instructions(many)
    assert len(told) <= 2048
    assert "more" in told.partition("\n")[0]


@pytest.mark.anyio
async def test_a_person_is_told_of_their_own_accounts_only(tmp_path, monkeypatch):
    from dragoman.toolset import Principal
    from dragoman_server.mcp.adapter import Adapter, current_principal

    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path))
    config = from_mapping({"accounts": dict(list(SERVICES.items())[:3])})
    async with tool_context.open_services(config) as services:
        adapter = Adapter(services)
        whole = str((await adapter.list_tools(None, None)).tools)
        token = current_principal.set(Principal(name="ann", accounts=frozenset({"notes"})))
        own = str((await adapter.list_tools(None, None)).tools)
        current_principal.reset(token)
        assert len(names_of(services.workspace.accounts.values())) == 3
    assert "work-glean" in whole
    assert "work-glean" not in own
    assert "notes" in own
