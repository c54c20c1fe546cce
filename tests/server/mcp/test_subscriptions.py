"""Conversations announce changes where a client subscribes, in both eras of the protocol, across processes."""

from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import forked_program
import mcp_types as types
import pytest
from mcp import MCPError

from dragoman.core.model import Author, Conversation, Message
from dragoman.store import open_store
from dragoman.sync import watcher
from dragoman.testing import connect

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning"),  # the earlier way is tested, too
]

ROOM, SIDE = "dragoman://local/room", "dragoman://local/side"
NOWHERE = {"provider": "convore", "base_url": "http://127.0.0.1:1", "token": "t"}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(watcher, "EVERY", 0.005)


async def post(client, room="room", text="hello", minute=0):
    await client.call(
        "import_message", conversation=f"local:{room}", text=text, author="Ann", sent_at=f"2026-03-10T09:{minute:02}Z"
    )


class Heard:
    """What a client was told, by address."""

    def __init__(self):
        self.uris = []
        self.changed = anyio.Event()

    async def __call__(self, message):
        if isinstance(message, types.ResourceUpdatedNotification):
            self.add(str(message.params.uri))

    def add(self, uri):
        self.uris.append(uri)
        self.changed.set()
        self.changed = anyio.Event()

    async def until(self, count):
        with anyio.fail_after(60):
            while len(self.uris) < count:
                await self.changed.wait()


@asynccontextmanager
async def subscribed(mode, *uris, config=None, data=None):
    """A client of one era that has subscribed, and what it hears."""
    heard = Heard()
    handler = {"message_handler": heard} if mode == "legacy" else {}
    async with connect(config, mode=mode, data=data, **handler) as client:
        if not config:
            await post(client)
            await post(client, "side")
        if mode == "legacy":
            for uri in uris:
                await client.session.subscribe_resource(uri)
            yield client, heard
            return
        async with client.listen(resource_subscriptions=uris) as stream, anyio.create_task_group() as group:

            async def follow():
                async for event in stream:
                    heard.add(event.uri)

            group.start_soon(follow)
            yield client, heard
            group.cancel_scope.cancel()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_message_announces_its_conversation_and_no_other(mode):
    async with subscribed(mode, ROOM, SIDE) as (client, heard):
        await post(client, minute=1)
        await heard.until(1)
        await post(client, "side", minute=2)
        await heard.until(2)
        assert heard.uris == [ROOM, SIDE]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_edit_announces_its_conversation(mode):
    async with subscribed(mode, ROOM) as (client, heard):
        number = (await client.call("list_messages", conversation="local:room")).splitlines()[-1].split()[0]
        await client.call("update_message", message=number, text="changed")
        await heard.until(1)
        assert heard.uris == [ROOM]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_what_another_process_writes_is_announced(mode, tmp_path, environment):
    async with subscribed(mode, ROOM, data=tmp_path) as (_, heard):
        words = [
            "import_message",
            "conversation=local:room",
            "text=elsewhere",
            "author=Bo",
            "sent_at=2026-03-10T10:00Z",
        ]
        env = environment | {"DRAGOMAN_DATA": str(tmp_path)}
        done = await anyio.to_thread.run_sync(lambda: forked_program.run(["call", *words], env=env))
        assert done.returncode == 0
        await heard.until(1)
        assert heard.uris == [ROOM]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_what_the_store_learns_of_a_service_is_announced(mode, tmp_path):
    uri = "dragoman://desk/c1"
    async with subscribed(mode, uri, config={"accounts": {"desk": NOWHERE}}, data=tmp_path) as (_, heard):
        message = Message(id="d1", conversation="c1", author=Author(name="Bo"), sent_at=None, text="news")
        async with open_store(Path(tmp_path) / "dragoman.db") as store:
            await store.messages.number([message], account="desk")
            await heard.until(1)
            await store.messages.remember_conversations([Conversation(id="c2", account="desk", title="Other")])
            await store.messages.number([Message(**{**vars_of(message), "text": "edited"})], account="desk")
            await heard.until(2)
        assert heard.uris == [uri, uri]


def vars_of(message):
    return {name: getattr(message, name) for name in message.__dataclass_fields__}


async def test_each_of_several_streams_is_told_once():
    async with subscribed("auto", ROOM) as (client, heard):
        async with client.listen(resource_subscriptions=[ROOM, SIDE]) as other:
            await post(client, minute=1)
            assert str((await anext(other)).uri) == ROOM
            await post(client, "side", minute=2)
            assert str((await anext(other)).uri) == SIDE
        await heard.until(1)
        assert heard.uris == [ROOM]


async def test_after_unsubscribing_nothing_is_told():
    async with subscribed("legacy", ROOM, SIDE) as (client, heard):
        await client.session.unsubscribe_resource(ROOM)
        await client.session.unsubscribe_resource("dragoman://local/never")
        await post(client, minute=1)
        await post(client, "side", minute=2)
        await heard.until(1)
        assert heard.uris == [SIDE]


async def test_a_connection_that_ends_watches_nothing_any_more():
    watched = []
    original = watcher.ConversationWatcher.watch

    async def watch(self, *arguments):
        watched.append(self)
        return await original(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watcher.ConversationWatcher, "watch", watch)
        async with subscribed("legacy", ROOM, SIDE):
            assert len(watched[0]._watched) == 2
        async with subscribed("auto", ROOM) as (client, _):
            assert len(watched[-1]._watched) == 1
            await client.call("list_conversations")
    assert [one._watched for one in watched] == [{}, {}, {}]


@pytest.mark.parametrize(
    "uri", ["dragoman://nobody/room", "dragoman://local/room/m1", "https://example.org/", "dragoman://local"]
)
async def test_what_cannot_be_watched_is_refused_or_left_out(uri):
    async with connect(mode="legacy") as client:
        with pytest.raises(MCPError) as refused:
            await client.session.subscribe_resource(uri)
        assert refused.value.code == types.INVALID_PARAMS
    async with connect(mode="auto") as client, client.listen(resource_subscriptions=[uri, ROOM]) as stream:
        assert stream.honored.resource_subscriptions == [ROOM]


async def test_more_conversations_than_a_server_watches_are_refused(monkeypatch):
    monkeypatch.setattr(watcher, "MOST_WATCHED", 2)
    async with connect(mode="legacy") as client:
        for number in range(2):
            await client.session.subscribe_resource(f"dragoman://local/room{number}")
        await client.session.subscribe_resource("dragoman://local/room0")
        with pytest.raises(MCPError, match="Too many conversations"):
            await client.session.subscribe_resource("dragoman://local/room2")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_server_announces_changed_conversations_and_no_changed_lists(mode):
    async with connect(mode=mode) as client:
        offered = client.session.server_capabilities
        assert offered.resources.subscribe
        assert [one.list_changed for one in (offered.resources, offered.prompts, offered.tools)] == [False] * 3
