"""Watching a conversation begins whole, whoever else begins or ends to watch it at that moment."""

from functools import partial

import anyio
import pytest

from dragoman.accounts.workspace import Workspace
from dragoman.core.model import Author, Message
from dragoman.core.references import Reference
from dragoman.providers.local import LocalProvider
from dragoman.sync import watcher

pytestmark = pytest.mark.anyio

ROOM = Reference("local", "room")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(watcher, "EVERY", 0.005)


@pytest.fixture
async def workspace(tmp_path):
    settings = {"local": LocalProvider.Settings(provider="local", path=tmp_path / "local.db")}
    async with Workspace.open(settings, tmp_path / "dragoman.db") as opened:
        await post(opened, "hello")
        yield opened


async def post(workspace, text):
    provider = await workspace.account("local").provider()
    message = Message(id="", conversation="room", author=Author(name="Ann"), sent_at=None, text=text)
    await provider.import_message("room", message)


async def test_one_who_ends_while_another_begins_takes_nothing_from_it(workspace):
    watching, told = watcher.ConversationWatcher(), anyio.Event()

    async def tell():
        told.set()

    async def come_and_go():
        end = await watching.watch(workspace, "", ROOM, tell)
        end()

    async with anyio.create_task_group() as group:
        group.start_soon(watching.watch, workspace, "", ROOM, tell)
        group.start_soon(come_and_go)
    async with anyio.create_task_group() as group:
        group.start_soon(watching.run)
        await post(workspace, "something new")
        with anyio.fail_after(60):
            await told.wait()
        group.cancel_scope.cancel()


async def test_who_is_cancelled_while_beginning_leaves_room_for_others(workspace, monkeypatch):
    monkeypatch.setattr(watcher, "MOST_WATCHED", 1)
    watching = watcher.ConversationWatcher()
    async with anyio.create_task_group() as group:
        group.start_soon(partial(watching.watch, workspace, "", Reference("local", "side"), anyio.Event().wait))
        await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    end = await watching.watch(workspace, "", ROOM, anyio.Event().wait)
    end()
