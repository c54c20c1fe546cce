"""Settings, checking, conversations: what an account is beside its messages."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from convore_service import ANN, BEGINNING, KEY, Convore, opened, refused
from http_loopback import serving
from pydantic import ValidationError

from dragoman.accounts.provider_registry import provider_class
from dragoman.core.context.clock import current_clock
from dragoman.core.errors import BadResponse, PermissionDenied, Unauthenticated
from dragoman.core.model import ConversationKind
from dragoman.providers.base.provider import AccountSettings, Capability, ConversationQuery, MessageQuery
from dragoman.providers.convore import ConvoreProvider, ConvoreSettings
from dragoman.testing import ToolError, connect

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]


def test_the_registry_finds_it():
    assert provider_class("convore") is ConvoreProvider


def test_it_can_do_everything_but_search():
    assert ConvoreProvider.capabilities() == set(Capability) - {Capability.SEARCH_MESSAGES}


@pytest.fixture
async def client(service):
    async with serving(service.handle) as base:
        account = {"provider": "convore", "base_url": base, "token": KEY, "write": "allow"}
        async with connect({"timezone": "UTC", "accounts": {"it": account}}) as client:
            yield client


@pytest.fixture
def service():
    service = Convore()
    service.open("room", "Migration")
    service.add("room", "hello")
    return service


async def test_a_title_is_looked_up_once_for_several_reads_and_again_for_a_write(client, service):
    def lists():
        return len(service.calls("GET /v1/conversations"))

    for _ in range(3):
        assert "Ann Lee: hello" in await client.call("list_messages", conversation="Migration")
    assert lists() == 1
    service.open("other", "Migration")
    with pytest.raises(ToolError, match="2 conversations have this title"):
        await client.call("send_message", conversation="Migration", text="to whom?")
    assert lists() == 2
    await current_clock().sleep(61)
    with pytest.raises(ToolError, match="2 conversations have this title"):
        await client.call("list_messages", conversation="Migration")
    assert lists() == 3


@pytest.mark.parametrize("gone", [False, True], ids=["renamed", "gone"])
async def test_a_title_that_means_another_conversation_now_is_looked_up_anew(client, service, gone):
    assert "Ann Lee: hello" in await client.call("list_messages", conversation="Migration")
    service.conversations["room"]["subject"] = "Archive"
    if gone:
        del service.conversations["room"]
    service.open("other", "Migration")
    service.add("other", "of the other")
    assert "of the other" in await client.call("list_messages", conversation="Migration")


async def test_a_conversation_in_the_trash_says_so_in_the_list_and_no_more_when_it_is_back(client, service):
    for status, shown in (("trash", True), ("OPEN", False)):
        service.conversations["room"]["status"] = status
        assert ("trash" in await client.call("list_conversations")) is shown
        told = json.loads(await client.call("list_conversations", format="json"))["conversations"][0]
        assert ("status" in told) is shown


def test_importing_it_loads_no_transport_and_no_parser():
    names = ("httpx", "grpc", "google", "lxml")
    code = f"import sys, dragoman.providers.convore; print([m for m in {names} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_settings_are_those_of_the_documentation():
    text = (Path(__file__).parents[3] / "docs" / "providers" / "convore.md").read_text()
    own = ConvoreSettings.model_fields.keys() - AccountSettings.model_fields.keys()
    table = text.partition("## What works")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == own
    settings = ConvoreSettings(token=KEY)
    assert settings.base_url == "https://api.convore.dev"
    assert settings.base_url in text
    assert KEY not in repr(settings)


@pytest.mark.parametrize("wrong", [{"tokn": "x"}, {"channel": "x"}, {"timeout": 0}])
def test_wrong_settings_are_errors(wrong):
    with pytest.raises(ValidationError):
        ConvoreSettings(token=KEY, **wrong)


def test_a_key_is_needed():
    with pytest.raises(ValidationError, match="token"):
        ConvoreSettings()


@pytest.mark.parametrize("url", ["http://convore.example", "ftp://convore.example", "https://a:b@convore.example"])
async def test_an_address_that_cannot_be_used_is_refused_with_the_settings(url):
    with pytest.raises(ValueError, match="base_url"):
        ConvoreSettings(token=KEY, base_url=url)


async def test_checking_costs_one_call():
    service = Convore()
    async with opened(service) as account:
        assert await account.check() == "the key is accepted and reaches 1 channel"
    assert [one.operation for one in service.journal] == ["GET /v1/channels"]


@pytest.mark.parametrize(("status", "kind"), [(401, Unauthenticated), (403, PermissionDenied)])
async def test_checking_names_the_setting_to_correct(status, kind):
    async with opened(Convore(before=lambda _: refused(status, "No"))) as account:
        with pytest.raises(kind, match="`token`"):
            await account.check()


async def test_odd_ids_are_encoded_in_path_and_query():
    service = Convore()
    service.add("cnv/π 7?&%2F", "hello", identifier="msg/../x#?")
    async with opened(service) as account:
        assert (await account.get_conversation("cnv/π 7?&%2F")).id == "cnv/π 7?&%2F"
        page = await account.list_messages("cnv/π 7?&%2F", MessageQuery())
        assert (await account.get_message("cnv/π 7?&%2F", page.items[0].id)).text == "hello"
    assert service.journal[0].path == "/v1/conversations/cnv%2F%CF%80%207%3F&%252F"


async def test_a_conversation_tells_who_takes_part_and_what_state_it_is_in():
    service = Convore()
    service.open("room", "Migration\nof  t4", status="SPAM", labels=[{"id": "l", "name": "Support", "type": "SHARED"}])
    service.add("room", "hello", snippet="hello")
    service.conversations["room"] |= {"is_unread": True, "snippet": "hel\u200blo", "priority": "urgent"}
    async with opened(service) as account:
        [found] = (await account.list_conversations(ConversationQuery())).items
        again = await account.get_conversation("room")
    assert found == again
    assert (found.title, found.kind, found.messages) == ("Migration of t4", ConversationKind.MAIL, 1)
    assert found.participants == ("Ann Lee", "Acme Support")
    assert found.last_message_at == datetime(2024, 3, 5, 9, 1, tzinfo=UTC)
    assert found.unread is None
    assert found.status == "spam"
    said = {name: found.extra[name] for name in ("priority", "labels", "snippet", "unread")}
    assert said == {"priority": "urgent", "labels": ["Support"], "snippet": "hello", "unread": True}


async def test_people_are_found_by_their_address_through_the_service():
    service = Convore()
    service.add("with ann", "hello")
    service.add("with bob", "hello", sender={"handle": {"type": "email", "value": "bob@example.net"}})
    async with opened(service) as account:
        page = await account.list_conversations(ConversationQuery(text=" ann@example.com "))
        everything = await account.list_conversations(ConversationQuery(text="hello"))
    assert [one.id for one in page.items] == ["with ann"]
    assert len(everything.items) == 2
    queries = [dict(one.query) for one in service.journal]
    assert queries[0]["contact_handle_tokens"] == "EMAIL:ann@example.com"
    assert "contact_handle_tokens" not in queries[1]


async def test_conversations_without_messages_come_last():
    service = Convore()
    service.add("talk", "hello", sender=ANN, date=BEGINNING)
    service.open("bare", created_at=None)
    async with opened(service) as account:
        page = await account.list_conversations(ConversationQuery())
    assert [one.id for one in page.items] == ["talk", "bare"]


async def test_an_answer_that_is_nothing_known_makes_no_sense():
    service = Convore(after=lambda _, answer: type(answer)(200, json={}))
    service.add("room", "hello")
    async with opened(service) as account:
        for call in (account.get_conversation("room"), account.get_message("room", "msg_00001"), account.check()):
            with pytest.raises(BadResponse):
                await call
