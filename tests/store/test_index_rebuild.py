"""An index of other rules of folding is built again, in the background and through interruptions."""

import logging
import threading
from datetime import UTC, datetime, timedelta

import apsw
import pytest

from dragoman.core.model import Author, Conversation, Message
from dragoman.core.queries import ConversationQuery, SearchQuery
from dragoman.providers.local import LocalProvider, LocalSettings
from dragoman.store.sqlite import index_rebuild

pytestmark = pytest.mark.anyio
COUNT = 30


@pytest.fixture
async def path(tmp_path):
    """A file whose index and names were folded by other rules, and hold nothing that can be found."""
    path = tmp_path / "dragoman.db"
    room = Conversation(id="room", title="Żółw")
    start = datetime(2026, 3, 10, 9, tzinfo=UTC)
    lucja = Author(name="Łucja")
    times = [(n, start + timedelta(minutes=n)) for n in range(COUNT)]
    messages = [
        Message(id=f"m{n}", conversation="room", author=lucja, sent_at=time, text=f"needle {n}") for n, time in times
    ]
    async with LocalProvider.open(LocalSettings(path=path)) as local:
        await local.import_conversation(room, messages)
    con = apsw.Connection(str(path))
    con.execute("UPDATE index_builds SET version = 'of before'; UPDATE local_authors SET names = '';")
    con.execute("UPDATE local_places SET called = '', names = ''; DELETE FROM local_index")
    con.close()
    return path


@pytest.fixture
def batches(monkeypatch):
    """Small steps, each of which waits to be let through."""
    gate = threading.Semaphore(0)
    pause = index_rebuild.IndexRebuild._batch

    def batch(self, con):
        gate.acquire(timeout=20)
        return not self._stopped.is_set() and pause(self, con)

    monkeypatch.setattr(index_rebuild, "AT_ONCE", 10)
    monkeypatch.setattr(index_rebuild, "_BATCH", 10)
    monkeypatch.setattr(index_rebuild.IndexRebuild, "_batch", batch)
    return gate


async def found(local):
    page = await local.search_messages(SearchQuery(text="needle", limit=100))
    return [int(hit.message.id[1:]) for hit in page.items], page.missed


async def test_a_small_file_is_searched_at_once_with_names_and_titles(path):
    async with LocalProvider.open(LocalSettings(path=path)) as local:
        assert await found(local) == (list(range(COUNT))[::-1], "")
        page = await local.search_messages(SearchQuery(text="needle", author="lucja", limit=100))
        assert len(page.items) == COUNT
        (room,) = (await local.list_conversations(ConversationQuery(text="zolw", exact=True))).items
        assert room.title == "Żółw"


async def test_a_large_file_is_searched_newest_first_and_tells_how_far_it_is(path, batches, caplog):
    caplog.set_level(logging.INFO, logger="dragoman")
    async with LocalProvider.open(LocalSettings(path=path)) as local:
        numbers, missed = await found(local)
        assert numbers == list(range(20, 30))[::-1]
        assert "33% of the messages can be found so far" in missed
        thread = next(one for one in threading.enumerate() if one.name == "dragoman-index")
        batches.release(5)
        thread.join(20)
        local._store._cache.__init__()
        assert await found(local) == (list(range(COUNT))[::-1], "")
    assert "rebuilt in" in caplog.text


async def test_what_was_not_finished_goes_on_at_the_next_start(path, batches):
    async with LocalProvider.open(LocalSettings(path=path)) as local:
        assert len((await found(local))[0]) == 10
        batches.release()
    batches.release(5)
    async with LocalProvider.open(LocalSettings(path=path)) as local:
        next((one.join(20) for one in threading.enumerate() if one.name == "dragoman-index"), None)
        numbers, missed = await found(local)
        assert (sorted(numbers), missed) == (list(range(COUNT)), "")


async def test_messages_that_change_while_it_is_built_are_found_once_as_they_are(path, batches):
    async with LocalProvider.open(LocalSettings(path=path)) as local:
        changed = Message(
            id="m3",
            conversation="room",
            author=Author(name="Ann"),
            sent_at=None,
            text="needle",
            edited_at=datetime.now(UTC),
        )
        await local.import_conversation(Conversation(id="room"), [changed])
        thread = next(one for one in threading.enumerate() if one.name == "dragoman-index")
        batches.release(5)
        thread.join(20)
        numbers, _ = await found(local)
        assert sorted(numbers) == list(range(COUNT))
