"""An account that acts for whoever is signed in: what one person was shown, no other finds."""

import pytest

from dragoman.accounts.account import Account
from dragoman.accounts.workspace import Workspace
from dragoman.core.context.impersonation import acting_for
from dragoman.core.model import Author, Conversation, Message, Page
from dragoman.providers.base.provider import AccountSettings, MessageQuery, Provider
from dragoman.toolset import Caller, Principal, ToolServices, call_tool

pytestmark = pytest.mark.anyio

ANN = Caller(principal=Principal(name="oauth:1", email="ann@example.com"))
BOB = Caller(principal=Principal(name="oauth:2", email="bob@example.com"))


class MirrorSettings(AccountSettings):
    @property
    def personal(self) -> bool:
        return True


class Mirror(Provider):
    """Shows everybody a message to themselves."""

    name = "mirror"
    Settings = MirrorSettings

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        text = f"secret of {acting_for.get()}"
        return Page(
            items=[Message(id="m", conversation=conversation, author=Author(name="X"), sent_at=None, text=text)]
        )

    async def get_conversation(self, conversation: str) -> Conversation:
        return Conversation(id=conversation, title=f"room of {acting_for.get()}")


@pytest.fixture
async def services(monkeypatch, tmp_path):
    monkeypatch.setattr("dragoman.accounts.workspace.provider_class", lambda _name: Mirror)
    async with Workspace.open({"far": MirrorSettings(provider="mirror")}, tmp_path / "s.db") as workspace:
        yield ToolServices(workspace)


async def test_numbers_titles_and_the_local_index_are_each_persons_own(services):
    seen = (await call_tool(services, "list_messages", {"conversation": "far:room"}, ANN)).text
    assert "secret of ann@example.com" in seen
    for caller in (BOB, Caller()):
        found = (await call_tool(services, "search_messages", {"query": "secret"}, caller)).text
        assert "ann" not in found
    assert "secret" in (await call_tool(services, "search_messages", {"query": "secret"}, ANN)).text
    theirs = (await call_tool(services, "list_messages", {"conversation": "far:room"}, BOB)).text
    assert "ann" not in theirs
    assert "room of bob@example.com" in theirs
    assert "\n1 " in seen
    assert "\n2 " in theirs


async def test_a_number_of_one_person_is_no_message_for_another(services):
    await call_tool(services, "list_messages", {"conversation": "far:room"}, ANN)
    store = await services.for_principal(BOB.principal).workspace.store()
    assert await store.messages.locate(1) is None
    assert await (await services.for_principal(ANN.principal).workspace.store()).messages.locate(1) == (
        "far",
        "room",
        "m",
    )
    assert isinstance(services.for_principal(BOB.principal).workspace.accounts["far"], Account)
