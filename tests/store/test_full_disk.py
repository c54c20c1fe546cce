"""A disk without room: every write of a file fails from one moment to the next, and works again later."""

import os
import resource
import signal
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import anyio
import pytest
from child_process import in_a_child

from dragoman.core.errors import DragomanError
from dragoman.core.model import Author, Conversation, Message
from dragoman.core.queries import SearchQuery
from dragoman.providers.base.provider import Draft, MessageQuery
from dragoman.providers.local import LocalProvider, LocalSettings
from dragoman.store import Intent, NotWritableError, open_store
from dragoman.testing import ToolError, connect

pytestmark = pytest.mark.anyio

ANN = Author(name="Ann")
FIRST = Message(
    id="m1", conversation="c", account="acc", author=ANN, sent_at=datetime(2026, 3, 10, tzinfo=UTC), text="first words"
)
SECOND = replace(FIRST, id="m2", text="second words", reply_to="m1")


class FullDisk:
    """No process of this user can make a file longer or change what is in one."""

    def __init__(self):
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def __enter__(self):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, self._limits[1]))

    def __exit__(self, *_):
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)


async def reading(store) -> list[object]:
    """What a store says to an assistant that only reads."""
    numbered = await store.messages.number([FIRST, SECOND])
    cursor = await store.cursors.save({"at": 7})
    await store.messages.remember_conversations([Conversation(id="d", account="acc", title="New")])
    hits = (await store.messages.search("acc", SearchQuery(text="words"))).items
    return [
        [(message.number, message.reply_to_number) for message in numbered],
        [hit.message.text for hit in hits],
        await store.messages.locate(1),
        await store.cursors.load(cursor),
        [one.title for one in await store.messages.conversations("acc")],
    ]


READ = [[(1, None), (None, 1)], ["first words"], ("acc", "c", "m1"), {"at": 7}, ["Old"]]


@asynccontextmanager
async def opened_on_full_disk(path, opened_before):
    """A store whose disk was full before it was opened, or is full since; and the disk."""
    full = FullDisk()
    if not opened_before:
        full.__enter__()
    async with open_store(path) as store:
        if opened_before:
            full.__enter__()
        yield store, full


async def begun(path):
    async with open_store(path) as store:
        await store.messages.number([FIRST])
        await store.messages.remember_conversations([Conversation(id="c", account="acc", title="Old")])


async def refused(action) -> str:
    try:
        await action
    except NotWritableError as error:
        return f"refused: {error.hint}"
    return "done"


def test_a_disk_that_fills_up_leaves_everything_that_is_there_to_be_read(tmp_path):
    path = tmp_path / "x.db"
    anyio.run(begun, path)

    async def work():
        async with open_store(path) as store:
            with FullDisk():
                return await reading(store)

    assert in_a_child(work, show=repr) == repr(READ)


def test_a_store_opens_on_a_full_disk_and_can_be_read(tmp_path):
    path = tmp_path / "x.db"
    anyio.run(begun, path)

    async def work():
        with FullDisk():
            async with open_store(path) as store:
                return await reading(store)

    assert in_a_child(work, show=repr) == repr(READ)


@pytest.mark.parametrize("opened_before", [True, False])
def test_as_soon_as_there_is_room_everything_is_written_again(tmp_path, opened_before):
    path = tmp_path / "x.db"
    anyio.run(begun, path)

    async def work():
        async with opened_on_full_disk(path, opened_before) as (store, full):
            await reading(store)
            full.__exit__()
            numbered = await store.messages.number([FIRST, SECOND])
            token = await store.cursors.save({"at": 8})
            await store.check()
        async with open_store(path) as store:
            return [[m.number for m in numbered], await store.cursors.load(token), await store.messages.locate(2)]

    assert in_a_child(work, show=repr) == repr([[1, 2], {"at": 8}, ("acc", "c", "m2")])


@pytest.mark.parametrize("opened_before", [True, False])
def test_nothing_may_be_sent_from_a_store_that_cannot_put_it_down(tmp_path, opened_before):
    path = tmp_path / "x.db"
    anyio.run(begun, path)
    intent = Intent(account="acc", operation="send_message", conversation="c", digest="d", key="k")

    async def work():
        async with opened_on_full_disk(path, opened_before) as (store, _):
            said = [await refused(store.writes.begin(intent)), await refused(store.confirmations.offer("d"))]
            return [*said, await store.writes.find("acc", "k")]

    said = in_a_child(work, show=repr)
    assert said.count("refused: ") == 2
    assert said.endswith("None]")


@pytest.mark.parametrize("opened_before", [True, False])
def test_a_check_tells_that_the_store_cannot_be_written(tmp_path, opened_before):
    path = tmp_path / "x.db"
    anyio.run(begun, path)

    async def work():
        async with opened_on_full_disk(path, opened_before) as (store, full):
            said = await refused(store.check())
            full.__exit__()
            return [said, await refused(store.check())]

    said = in_a_child(work, show=repr)
    assert said.startswith("['refused: ")
    assert said.endswith("'done']")


def test_the_local_account_is_read_on_a_full_disk_and_refuses_what_is_new(tmp_path):
    path = tmp_path / "x.db"

    async def work():
        async with LocalProvider.open(LocalSettings(path=path)) as local:
            await local.import_conversation(Conversation(id="room"), [replace(FIRST, conversation="room")])
            with FullDisk():
                page = await local.list_messages("room", MessageQuery())
                try:
                    await local.send_message("room", Draft(text="more"))
                except DragomanError as error:
                    return [[message.text for message in page.items], error.code]

    assert in_a_child(work, show=repr) == repr([["first words"], "unavailable"])


def test_tools_read_on_a_full_disk_and_page_on(tmp_path):
    kept = {"conversation": "local:room", "author": "Ann", "sent_at": "2026-03-10T09:00Z"}

    async def work():
        async with connect(data=tmp_path) as client:
            for number in range(4):
                await client.call("import_message", text=f"text {number}", **kept)
            with FullDisk():
                first = await client.call("list_messages", conversation="local:room", limit=2)
                cursor = first.partition("cursor ")[2].split()[0]
                second = await client.call("list_messages", conversation="local:room", limit=2, cursor=cursor)
                try:
                    await client.call("send_message", conversation="local:room", text="more")
                except ToolError as error:
                    return [first.splitlines()[-1][-6:], second.splitlines()[-1][-6:], str(error)]

    said = in_a_child(work, show=repr)
    assert said.startswith("['text 3', 'text 1', ")
    assert "Nothing was sent" in said


def test_what_is_only_in_the_wal_file_is_never_hidden_by_a_full_disk(tmp_path):
    path = tmp_path / "x.db"
    anyio.run(begun, path)

    async def number_and_die():
        async with open_store(path) as store:
            await store.messages.number([SECOND])
            os._exit(0)

    async def look():
        with FullDisk():
            try:
                async with open_store(path) as store:
                    return await store.messages.locate(2)
            except DragomanError as error:
                return error.code

    in_a_child(number_and_die, show=repr)
    (tmp_path / "x.db-shm").unlink()  # without it, what is in the -wal file cannot be read where there is no room
    assert (tmp_path / "x.db-wal").stat().st_size > 0
    assert in_a_child(look, show=repr) in (repr(("acc", "c", "m2")), repr("unavailable"))
