import inspect
from contextlib import AsyncExitStack

import pytest
from pydantic import SecretStr, ValidationError

from dragoman.core.errors import NotFound, UnsupportedOperation
from dragoman.core.model import Author, Conversation, Message, Page
from dragoman.providers.base.provider import (
    WRITES,
    AccountSettings,
    Capability,
    Change,
    ConversationQuery,
    Draft,
    MessageQuery,
    Provider,
    SearchQuery,
)

SETTINGS = AccountSettings(provider="silent")
MESSAGE = Message(id="m1", conversation="room", author=Author(name="Ann"), sent_at=None, text="Hi")


class Silent(Provider):
    name = "silent"


class Listing(Silent):
    async def list_conversations(self, query):
        if query.limit > 1:
            raise NotFound("More than one was asked for.")
        return Page()


class Importing(Silent):
    def __init__(self, settings):
        super().__init__(settings)
        self.imported = []

    async def import_message(self, conversation, message):
        self.imported.append((conversation, message.id))
        return message


class Inheriting(Listing, Importing):
    pass


@pytest.mark.parametrize(
    ("provider", "capabilities"),
    [
        (Silent, set()),
        (Listing, {Capability.LIST_CONVERSATIONS}),
        (Importing, {Capability.IMPORT_MESSAGE}),
        (Inheriting, {Capability.LIST_CONVERSATIONS, Capability.IMPORT_MESSAGE}),
    ],
)
def test_what_a_provider_overrides_or_inherits_is_what_it_can(provider, capabilities):
    assert provider.capabilities() == capabilities


def test_every_capability_is_a_documented_method_of_the_base():
    for capability in Capability:
        method = getattr(Provider, capability.value)
        assert inspect.iscoroutinefunction(method)
        assert method.__doc__


def test_the_writes_are_those_that_send_update_and_import():
    assert {str(capability) for capability in WRITES} == {"send_message", "update_message", "import_message"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("list_conversations", [ConversationQuery()]),
        ("list_messages", ["room", MessageQuery()]),
        ("get_message", ["room", "m1"]),
        ("search_messages", [SearchQuery(text="hi")]),
        ("send_message", ["room", Draft(text="Hi")]),
        ("update_message", ["room", "m1", Change(text="Ho")]),
        ("import_message", ["room", MESSAGE]),
    ],
)
async def test_what_is_not_overridden_is_refused_by_name(method, arguments):
    with pytest.raises(UnsupportedOperation) as refused:
        await getattr(Silent(SETTINGS), method)(*arguments)
    assert str(refused.value) == f"The provider silent cannot {method.replace('_', ' ')}."


@pytest.mark.anyio
async def test_opening_gives_a_provider_with_its_settings_and_closing_twice_is_fine():
    opening = Silent.open(SETTINGS)
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(opening)
        assert isinstance(provider, Silent)
        assert provider.settings is SETTINGS
    await opening.__aexit__(None, None, None)


@pytest.mark.anyio
async def test_checking_asks_for_one_conversation():
    assert await Listing(SETTINGS).check() == "works"


@pytest.mark.anyio
async def test_a_conversation_of_a_service_that_tells_no_more_is_its_id():
    assert await Silent(SETTINGS).get_conversation("room") == Conversation(id="room")


@pytest.mark.anyio
async def test_a_whole_conversation_is_imported_message_by_message():
    provider = Importing(SETTINGS)
    assert await provider.import_conversation(Conversation(id="room"), [MESSAGE, MESSAGE]) == 2
    assert provider.imported == [("room", "m1"), ("room", "m1")]


def test_links_and_cursors_are_not_known_unless_a_provider_says_so():
    assert Silent(SETTINGS).parse_link("https://example.com/room/m1") is None
    assert Silent(SETTINGS).cursor_after(MESSAGE, MessageQuery()) is None


def test_an_account_writes_nothing_and_remembers_all_unless_told_otherwise():
    assert SETTINGS.model_dump() == {
        "provider": "silent",
        "timeout": 30.0,
        "write": "off",
        "write_to": None,
        "ask": None,
        "remember": "full",
        "keep": None,
        "sync": None,
        "live": False,
        "sends_per_minute": 20,
    }


@pytest.mark.parametrize(
    "wrong", [{"wriet": "allow"}, {"write": "yes"}, {"timeout": 0}, {"timeout": 4000}, {"remember": "some"}]
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        AccountSettings(provider="silent", **wrong)


def test_a_refused_setting_is_not_shown():
    class Secretive(AccountSettings):
        token: SecretStr

    with pytest.raises(ValidationError) as refused:
        Secretive(provider="silent", token=["hunter2"])
    assert "hunter2" not in str(refused.value)


def test_settings_cannot_be_changed_after_they_were_checked():
    with pytest.raises(ValidationError, match="frozen"):
        SETTINGS.write = "allow"
