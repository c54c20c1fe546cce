"""No transaction is open at PostgreSQL while a service is asked, however long it takes to answer."""

import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import ModuleType

import anyio
import anyio.to_thread
import psycopg
import pytest

from dragoman.accounts import provider_registry
from dragoman.accounts.workspace import Workspace
from dragoman.core.model import Author, Changes, Conversation, Hit, Message, Page, SearchPage
from dragoman.providers.base.provider import AccountSettings, Limits, Provider
from dragoman.sync.runner import keep_current
from dragoman.testing import connect

pytestmark = pytest.mark.anyio

BEGAN = datetime(2026, 3, 10, 9, tzinfo=UTC)
OPEN = (
    "SELECT query FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = 'dragoman' AND xact_start IS NOT NULL"
)
LOOKS = 300
"""How often a service looks for open transactions before it takes them for those that wait for it."""


class Watching(Provider):
    """A service that answers when no transaction is open, or notes that one is."""

    name = "watching"
    Settings = AccountSettings
    limits = Limits()
    administrator: psycopg.Connection
    asked: Counter
    held: list

    async def watch(self, what):
        self.asked[what] += 1
        for _ in range(LOOKS):
            rows = await anyio.to_thread.run_sync(lambda: list(self.administrator.execute(OPEN)))
            if not rows:
                return
        self.held.append((what, rows))

    def message(self, number):
        sent_at = BEGAN + timedelta(minutes=number)
        return Message(id=f"m{number}", conversation="room", author=Author(name="Bo"), sent_at=sent_at, text="crane")

    async def list_conversations(self, query):
        await self.watch("list_conversations")
        return Page(items=[Conversation(id="room", title="Room", last_message_at=BEGAN + timedelta(minutes=9))])

    async def get_conversation(self, conversation):
        await self.watch("get_conversation")
        return Conversation(id=conversation, title="Room")

    async def list_messages(self, conversation, query):
        await self.watch("list_messages")
        return Page(items=[self.message(number) for number in range(10)])

    async def get_message(self, conversation, message):
        await self.watch("get_message")
        return self.message(int(message[1:]))

    async def search_messages(self, query):
        await self.watch("search_messages")
        return SearchPage(items=[Hit(message=self.message(3), excerpt="crane")])

    async def send_message(self, conversation, draft):
        await self.watch("send_message")
        return Message(id="m99", conversation=conversation, author=Author(name="me"), sent_at=None, text=draft.text)

    async def changes(self, position):
        await self.watch("changes")
        return Changes(messages=[self.message(10)] if position else [], position="1")


@pytest.fixture
def watching(monkeypatch, postgres_address):
    with psycopg.connect(postgres_address, autocommit=True) as administrator:
        service = type("Watched", (Watching,), {"administrator": administrator, "asked": Counter(), "held": []})
        module = ModuleType("watching_of_the_test")
        module.Watching = service
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(provider_registry.BUILT_IN, "watching", "watching_of_the_test:Watching")
        yield service


async def test_tools_hold_no_transaction_while_they_ask_a_service(watching, postgres_address):
    accounts = {"far": {"provider": "watching", "write": "allow"}}
    async with connect({"store": postgres_address, "accounts": accounts}) as client:
        await client.call("list_conversations")
        assert "crane" in await client.call("list_messages", conversation="far:room")
        assert "crane" in await client.call("get_message", message="1")
        assert "crane" in await client.call("search_messages", query="crane", account="far")
        assert "sent" in await client.call("send_message", conversation="far:room", text="Hello", idempotency_key="k")
        await client.call("get_updates")
    assert set(watching.asked) >= {"list_conversations", "list_messages", "get_message", "send_message"}
    assert watching.held == []


async def test_sync_holds_no_transaction_while_it_asks_a_service(watching, postgres_address):
    settings = AccountSettings(provider="watching", sync="all", remember="full")
    async with Workspace.open({"far": settings}, postgres_address) as workspace:
        for _ in range(2):
            (result,) = await keep_current(workspace, [workspace.account("far")], watch=False)
            assert result.error is None
    assert set(watching.asked) >= {"list_conversations", "list_messages", "changes"}
    assert watching.held == []


async def test_a_service_notes_a_transaction_that_is_open(watching, postgres_address):
    with psycopg.connect(postgres_address, application_name="dragoman") as forgotten:
        forgotten.execute("SELECT 1")
        await watching(AccountSettings(provider="watching")).watch("send_message")
    assert [what for what, _ in watching.held] == ["send_message"]
