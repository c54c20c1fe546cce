import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from dragoman.core.model import Attachment, Author, AuthorKind, Citation, Edit, Message, Reaction
from dragoman.core.queries import SearchQuery
from dragoman.providers.base.provider import MessageQuery
from dragoman.providers.local import LocalProvider, LocalSettings
from dragoman.store import State, open_store
from dragoman.store.sqlite.database import Database
from dragoman.store.sqlite.schema import APPLICATION_ID, MIGRATIONS, VERSION, sync
from dragoman.store.sqlite.store import SqliteStore
from dragoman.store.sync_state import SyncStep

pytestmark = pytest.mark.anyio

STORES = Path(__file__).parent.parent / "data" / "stores"
START = datetime(2026, 3, 10, 8, 58, tzinfo=UTC)
WRITTEN = 1_773_000_000.0
"""The clock of the program that wrote the file."""

BEFORE_SYNC = MIGRATIONS.index(sync.CREATE)


def test_the_version_of_a_file_counts_the_steps():
    assert len(MIGRATIONS) == VERSION


@pytest.fixture
def path(tmp_path):
    """A store as the third version of its tables left it, with one of everything."""
    path = tmp_path / "dragoman.db"
    path.write_bytes(gzip.decompress((STORES / "schema_3.db.gz").read_bytes()))
    return path


@pytest.fixture
async def store(path):
    async with open_store(path, clock=lambda: WRITTEN + 60) as store:
        yield store


def seen(id_: str, text: str, second: int, **rest) -> Message:
    fields = {"author": Author(name="Maria Koch", id="U1", email="maria@example.com"), **rest}
    return Message(
        id=id_, text=text, conversation="C02RELAY", sent_at=START + timedelta(seconds=second), account="chat", **fields
    )


async def test_an_old_file_is_brought_to_the_present_version(store, path):
    await store.messages.conversations()
    assert apsw.Connection(str(path)).execute("PRAGMA user_version").get == len(MIGRATIONS)


async def test_messages_of_an_old_file_keep_their_numbers_and_new_ones_go_on_from_there(store):
    assert await store.messages.locate(4) == ("chat", "C02RELAY", "1.4")
    assert await store.messages.locate(6) == ("mail", "C02RELAY", "n1")
    again, new = await store.messages.number([seen("1.2", "Migration rehearsal", 60), seen("1.9", "a new one", 900)])
    assert (again.number, new.number) == (2, 7)


async def test_messages_of_an_old_file_are_found_with_everything_that_they_said(store):
    page = await store.messages.search("chat", SearchQuery(text="rehearsal"))
    (hit,) = page.items
    assert hit.message.reply_to_number == 1
    assert hit.message.attachments == (
        Attachment(name="notes.docx", id="F1", media_type="application/docx", size=47000, url="https://example.com/n"),
    )
    (other,) = (await store.messages.search("chat", SearchQuery(text="天気"))).items
    assert (other.message.author, other.message.labels) == (Author(name="BuildBot", kind=AuthorKind.BOT), ("todo",))
    assert other.message.history == (Edit(text="東京", at=START),)
    assert other.message.citations == (Citation(title="doc", url="https://example.com/doc", text="x"),)
    (first,) = (await store.messages.search("chat", SearchQuery(text="morning"))).items
    assert first.message.reactions == (Reaction(emoji="👍", count=3),)
    assert (await store.messages.search("chat", SearchQuery(text="gone"))).items == []


async def test_conversations_and_cursors_of_an_old_file_are_known(store):
    (conversation,) = await store.messages.conversations("chat")
    assert (conversation.title, conversation.topic) == ("relay-launch", "Relay 2.0")
    assert await store.cursors.load("k9a7k8b") == {"tool": "list_messages", "offset": 50}


async def test_the_outbox_of_an_old_file_still_holds_back_what_was_written(store):
    assert [(entry.id, entry.state) for entry in await store.writes.pending()] == [
        (2, State.UNKNOWN),
        (4, State.UNKNOWN),
    ]
    done = await store.writes.find("chat", "key-1", "ann@example.com")
    assert (done.state, done.message, done.digest) == (State.DONE, "chat:C02RELAY/1.2", "d1")
    assert (await store.writes.find("chat", "key-3")).state is State.FAILED


async def test_confirmations_the_audit_log_and_the_usage_of_an_old_file_are_there(store):
    assert await store.confirmations.redeem("u3utq9jnxy4kxg", "digest-of-a-preview")
    outcomes = [line.outcome for line in await store.audit.read()]
    assert outcomes == ["refused", "begun", "failed", "begun", "unknown", "begun", "done", "begun"]
    assert [(count.tool, count.calls) for count in await store.usage.read(1)] == [("list_messages", 7)]


async def test_the_local_account_of_an_old_file_shows_its_messages_and_takes_more(path):
    async with LocalProvider.open(LocalSettings(path=path)) as local:
        page = await local.list_messages("room", MessageQuery(limit=3))
        assert [message.text for message in page.items][-1] == "a message of mine, changed"
        assert page.total == 13
        found = await local.search_messages(SearchQuery(text="launch room", conversation="room", limit=50))
        assert len(found.items) == 12


async def test_a_file_of_an_earlier_version_keeps_its_outbox_and_audit_log(tmp_path):
    old = apsw.Connection(str(tmp_path / "old.db"))
    for script in MIGRATIONS[:2]:
        old.execute(script)
    old.execute(f"PRAGMA user_version = 2; PRAGMA application_id = {APPLICATION_ID}")
    old.execute("INSERT INTO intents VALUES(7, 'acc', 'send_message', 'c', 'd1', 'k1', 'me', 'pending', NULL, 1, NULL)")
    old.execute("INSERT INTO audit VALUES(1, 1, 'me', 'acc', 'send_message', 'c', NULL, 'done', 'd')")
    old.close()
    async with open_store(tmp_path / "old.db") as store:
        assert [(entry.id, entry.state) for entry in await store.writes.pending()] == [(7, State.UNKNOWN)]
        assert [line.principal for line in await store.audit.read()] == [""]


async def test_a_file_of_the_version_before_keeps_its_messages_and_can_be_kept_current(tmp_path):
    async with Database.at(tmp_path / "old.db", MIGRATIONS[:BEFORE_SYNC]) as database:
        await SqliteStore(database).messages.number([seen("1", "needle", 1)])
    assert apsw.Connection(str(tmp_path / "old.db")).execute("PRAGMA user_version").get == BEFORE_SYNC
    async with open_store(tmp_path / "old.db") as store:
        lease = await store.sync.take_lease("chat", "me")
        assert await store.sync.commit(lease, SyncStep(messages=[seen("1", "needle", 1), seen("2", "needle", 2)])) == 1
        assert await store.messages.locate(2) == ("chat", "C02RELAY", "2")


async def test_a_server_of_the_version_before_goes_on_when_a_newer_one_has_changed_the_tables(tmp_path, monkeypatch):
    path = tmp_path / "old.db"
    async with Database.at(path, MIGRATIONS[:-1]) as database:
        older = SqliteStore(database)
        await older.messages.number([seen("1", "needle", 1)])
        monkeypatch.setattr(Database, "_shared", {})  # the newer one is another process
        async with open_store(path) as newer:
            await newer.messages.number([seen("2", "needle", 2)])
            (third,) = await older.messages.number([seen("3", "needle", 3)])
            assert third.number == 3
            for store in (older, newer):
                found = await store.messages.search("chat", SearchQuery(text="needle"))
                assert {hit.message.id for hit in found.items} == {"1", "2", "3"}
