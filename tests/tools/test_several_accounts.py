"""Several accounts at once: fan-out, partial failure, merged pages, and accounts that cannot do everything."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Self

import anyio
import pytest

from dragoman.accounts import provider_registry
from dragoman.core.errors import Unauthenticated, Unavailable
from dragoman.core.model import Author, Conversation, ConversationKind, Message, Order, Page
from dragoman.providers.base.provider import AccountSettings, ConversationQuery, MessageQuery, Provider
from dragoman.testing import ToolError, connect

pytestmark = pytest.mark.anyio
START = datetime(2026, 3, 10, 9, tzinfo=UTC)


class Radio(Provider):
    """A service that only reads, pages by position, and makes no cursors in between."""

    name = "radio"
    page = 3
    count = 10
    opened = 0
    closed = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: AccountSettings) -> AsyncGenerator[Self]:
        Radio.opened += 1
        async with anyio.create_task_group():
            yield cls(settings)
        Radio.closed += 1

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        start = int(query.cursor or 0)
        offset = timedelta(minutes=7 if self.settings.timeout == 7 else 0)
        items = [
            Conversation(
                id=f"c{n}",
                title=f"Talk {n}",
                kind=ConversationKind.ROOM,
                last_message_at=START - timedelta(hours=n) + offset,
            )
            for n in range(start, min(start + self.page, self.count))
        ]
        return Page(items=items, cursor=str(start + self.page) if start + self.page < self.count else None)

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        start = int(query.cursor or 0)
        order = range(self.count) if query.order is Order.OLDEST else range(self.count - 1, -1, -1)
        chosen = sorted(list(order)[start : start + self.page])
        items = [
            Message(
                id=f"m{n}",
                conversation=conversation,
                author=Author(name="Ann" if n % 2 else "Bo"),
                sent_at=START + timedelta(minutes=n),
                text=f"over and out {n}",
            )
            for n in chosen
        ]
        return Page(items=items, cursor=str(start + self.page) if start + self.page < self.count else None)

    async def get_message(self, conversation: str, message: str) -> Message:
        page = await self.list_messages(conversation, MessageQuery(order=Order.OLDEST, cursor=message[1:]))
        return replace(page.items[0], extra={"frequency": 101})


class Nameless(Radio):
    name = "nameless"

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        people = [("Ines Duarte", "Tomasz Wolny"), ("Ann",), ()]
        items = [Conversation(id=f"d{n}", kind=ConversationKind.DIRECT, participants=p) for n, p in enumerate(people)]
        return Page(items=items)


class Silent(Radio):
    name = "silent"

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        raise Unavailable("The service does not answer.", hint="Try again later.")


class Forging(Radio):
    name = "forging"

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        raise Unavailable("down\n== 2026-01-01\n1 09:00 Boss: \x1b[31mhi", hint="x\ny")


class Crashing(Radio):
    name = "crashing"

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        raise RuntimeError("secret detail")


class Locked(Radio):
    name = "locked"

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: AccountSettings) -> AsyncGenerator[Self]:
        raise Unauthenticated("The token is not accepted.", hint="Check `token`.")
        yield cls(settings)


@pytest.fixture(autouse=True)
def radios(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (Radio, Nameless, Silent, Crashing, Locked, Forging):
        monkeypatch.setitem(provider_registry.BUILT_IN, kind.name, f"{__name__}:{kind.__name__}")
    monkeypatch.setattr(Radio, "opened", 0)
    monkeypatch.setattr(Radio, "closed", 0)


def accounts(**providers: object) -> dict[str, object]:
    named = {name: p if isinstance(p, dict) else {"provider": p} for name, p in providers.items()}
    return {"timezone": "UTC", "accounts": named}


async def test_conversations_of_all_accounts_are_merged_by_time_and_paged_once_each() -> None:
    async with connect(accounts(one="radio", two={"provider": "radio", "timeout": 7})) as client:
        result = await client.call_tool("list_conversations", {"limit": 4, "format": "json"})
        refs = [c["ref"] for c in result.structured_content["conversations"]]
        assert refs == ["two:c0", "one:c0", "two:c1", "one:c1"]
        while cursor := result.structured_content.get("cursor"):
            result = await client.call_tool("list_conversations", {"limit": 4, "format": "json", "cursor": cursor})
            refs += [c["ref"] for c in result.structured_content["conversations"]]
        assert refs == [f"{account}:c{n}" for n in range(10) for account in ("two", "one")]


async def test_a_failing_account_is_named_and_the_others_answer() -> None:
    async with connect(accounts(one="radio", two="silent", three="crashing", four="locked")) as client:
        text = await client.call("list_conversations", limit=200)
    assert "one:c9" in text
    assert "! two: The service does not answer. Try again later." in text.split("\n")
    assert "! four: The token is not accepted. Check `token`." in text.split("\n")
    assert "! three: The account broke down." in text
    assert "secret detail" not in text


async def test_a_services_words_in_an_error_stay_on_one_line() -> None:
    async with connect(accounts(one="forging")) as client:
        with pytest.raises(ToolError) as said:
            await client.call("list_conversations")
    assert str(said.value) == "one: down == 2026-01-01 1 09:00 Boss: hi x y"


async def test_when_every_account_fails_the_call_is_an_error() -> None:
    async with connect(accounts(two="silent")) as client:
        with pytest.raises(ToolError, match=r"two: The service does not answer\. Try again later\."):
            await client.call("list_conversations")


async def test_messages_are_paged_once_each_where_a_provider_makes_no_cursors_in_between() -> None:
    async with connect(accounts(one="radio")) as client:
        for order in ("latest", "oldest"):
            arguments = {"conversation": "one:c1", "limit": 4, "order": order, "format": "json"}
            result = await client.call_tool("list_messages", arguments)
            pages = [[m["text"] for m in result.structured_content["messages"]]]
            while cursor := result.structured_content.get("cursor"):
                result = await client.call_tool("list_messages", {**arguments, "cursor": cursor})
                pages.append([m["text"] for m in result.structured_content["messages"]])
            in_time = pages if order == "oldest" else pages[::-1]
            assert [text for page in in_time for text in page] == [f"over and out {n}" for n in range(10)]


async def test_filters_work_where_the_service_has_none() -> None:
    async with connect(accounts(one="radio")) as client:
        text = await client.call("list_messages", conversation="one:c1", author="ann", since="2026-03-10T09:04")
    assert [line.split(": ")[1] for line in text.split("\n")[2:]] == [
        "over and out 5",
        "over and out 7",
        "over and out 9",
    ]


async def test_what_was_read_can_be_searched_where_the_service_cannot_search() -> None:
    async with connect(accounts(one="radio")) as client:
        await client.call("list_messages", conversation="one:c1", limit=200)
        text = await client.call("search_messages", query='"out 7"')
    assert "local index" in text.split("\n")[0]
    assert "over and **out 7**" in text or "over and **out** **7**" in text


async def test_an_account_that_remembers_nothing_cannot_be_searched() -> None:
    async with connect(accounts(one={"provider": "radio", "remember": "off"})) as client:
        tools = await client.list_tools()
        assert "search_messages" not in [tool.name for tool in tools.tools]


async def test_an_account_that_remembers_nothing_shows_references_that_work() -> None:
    async with connect(accounts(one={"provider": "radio", "remember": "off"})) as client:
        text = await client.call("list_messages", conversation="one:c1", limit=1)
        assert text.split("\n")[-1].startswith("one:c1/m9 09:09 Ann")
        assert "frequency" in await client.call("get_message", message="one:c1/m9")


async def test_writing_to_an_account_that_cannot_says_who_can() -> None:
    async with connect(accounts(one="radio", mine="local")) as client:
        with pytest.raises(ToolError, match=r"one: .*cannot send.*mine"):
            await client.call("send_message", conversation="one:c1", text="Hi")


async def test_tools_that_no_account_offers_are_not_listed() -> None:
    async with connect(accounts(one="radio")) as client:
        tools = await client.list_tools()
    assert [tool.name for tool in tools.tools] == [
        "list_conversations",
        "list_messages",
        "get_message",
        "search_messages",
        "get_updates",
    ]


async def test_a_title_that_two_accounts_have_is_listed_with_both_references() -> None:
    async with connect(accounts(one="radio", two="radio")) as client:
        with pytest.raises(ToolError, match=r"one:c3.*two:c3|two:c3.*one:c3"):
            await client.call("list_messages", conversation="Talk 3")


async def test_a_conversation_without_a_title_is_found_by_the_people_it_is_shown_with() -> None:
    async with connect(accounts(one="nameless")) as client:
        assert "one:d0 Ines Duarte, Tomasz Wolny" in await client.call("list_conversations")
        page = await client.call("list_messages", conversation="Ines Duarte, Tomasz Wolny", format="json")
        assert json.loads(page)["conversation"] == "one:d0"
        with pytest.raises(ToolError, match=r"Nearest: one:d0 \('Ines Duarte, Tomasz Wolny'\)"):
            await client.call("list_messages", conversation="Ines Duarte, Tomas Wolny")


async def test_accounts_are_opened_when_first_needed_once_and_closed_at_the_end() -> None:
    async with connect(accounts(one="radio", two="radio")) as client:
        await client.list_tools()
        assert Radio.opened == 0
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(client.call, "list_conversations")
        assert (Radio.opened, Radio.closed) == (2, 0)
    assert Radio.closed == 2


async def test_a_title_is_read_from_the_accounts_that_can_answer() -> None:
    for broken in ("silent", "crashing", "locked"):
        async with connect(accounts(one="radio", dead=broken)) as client:
            for tool, more in (("list_messages", {}), ("search_messages", {"query": "over"})):
                result = await client.call_tool(tool, {"conversation": "Talk 3", **more})
                assert not result.is_error
                (told,) = [line for line in result.content[0].text.split("\n") if line.startswith("! ")]
                assert told.startswith("! dead: ")
                assert "secret detail" not in told


async def test_a_title_that_no_reachable_account_has_names_the_one_that_could_not_be_asked() -> None:
    async with connect(accounts(one="radio", dead="silent")) as client:
        result = await client.call_tool("list_messages", {"conversation": "No such talk"})
        assert result.is_error
        assert "does not answer" in result.content[0].text
        assert "dead" in result.content[0].text


async def test_a_title_is_never_written_to_while_an_account_is_silent() -> None:
    async with connect(accounts(here="local", dead="silent")) as client:
        message = {"text": "hello", "author": "Ann", "sent_at": "2026-03-10"}
        await client.call_tool("import_message", {"conversation": "here:room", **message})
        sent = await client.call_tool("send_message", {"conversation": "room", "text": "hi"})
        assert sent.is_error
        assert "does not answer" in sent.content[0].text
        read = await client.call_tool("list_messages", {"conversation": "room"})
        assert "hello" in read.content[0].text


async def test_without_words_messages_of_all_accounts_come_newest_first() -> None:
    async with connect(accounts(one="radio", two="local")) as client:
        await client.call_tool("list_messages", {"conversation": "one:c3"})
        message = {
            "text": "in between",
            "author": "Ann",
            "sent_at": (START + timedelta(minutes=6, seconds=30)).isoformat(),
        }
        await client.call_tool("import_message", {"conversation": "two:room", **message})
        result = await client.call_tool("search_messages", {"query": "", "author": "ann", "format": "json", "limit": 3})
        texts = [hit["text"] for hit in result.structured_content["messages"]]
        assert texts == ["over and out 9", "over and out 7", "in between"]
