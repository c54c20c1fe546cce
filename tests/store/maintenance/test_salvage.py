import random
from dataclasses import replace
from datetime import UTC, datetime

import apsw
import pytest

from dragoman.core.errors import DragomanError, InvalidArgument, NotFound, Unavailable
from dragoman.core.model import Author, Conversation, Message
from dragoman.core.queries import SearchQuery
from dragoman.providers.base.provider import MessageQuery
from dragoman.providers.local import LocalProvider, LocalSettings
from dragoman.store import State, open_store
from dragoman.store.sqlite.maintenance.salvage import salvage
from dragoman.store.sqlite.maintenance.verify import verify

pytestmark = pytest.mark.anyio

PAGE = 4096
MESSAGES = 3000
WRITTEN = 1_773_000_000.0
"""The clock of the program that wrote the file of the fixture."""
NOW = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
async def large_store(tmp_path_factory) -> bytes:
    """A store with so many messages that their tree has three levels, as bytes."""
    path = tmp_path_factory.mktemp("large") / "x.db"
    authors = [Author(name=f"Person {number}") for number in range(20)]
    messages = [
        Message(
            id=f"m{number}",
            conversation="room",
            author=authors[number % 20],
            sent_at=None,
            text=f"word{number} " + "of a longer message " * (number % 40),
        )
        for number in range(MESSAGES)
    ]
    async with LocalProvider.open(LocalSettings(path=path)) as local:
        await local.import_conversation(Conversation(id="room", title="Room"), messages)
    return path.read_bytes()


def root_of(path, table: str) -> int:
    con = apsw.Connection(str(path))
    try:
        return con.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).get
    finally:
        con.close()


def overwrite(path, page: int, content: bytes = b"\xff" * PAGE):
    data = bytearray(path.read_bytes())
    data[(page - 1) * PAGE : (page - 1) * PAGE + len(content)] = content
    path.write_bytes(data)


async def test_all_of_a_sound_store_is_saved(store_file, tmp_path):
    new = tmp_path / "new.db"
    saved = salvage(store_file, new)
    assert (saved.unreadable, saved.problems) == (0, ())
    async with (
        open_store(new, clock=lambda: WRITTEN) as store,
        LocalProvider.open(LocalSettings(path=new)) as local,
    ):
        assert await store.messages.locate(4) == ("chat", "C02RELAY", "1.4")
        assert len((await store.messages.search("chat", SearchQuery(text="rehearsal"))).items) == 1
        assert await store.cursors.load("k9a7k8b") == {"tool": "list_messages", "offset": 50}
        assert (await store.writes.find("chat", "key-1", "ann@example.com")).state is State.DONE
        assert len(await store.audit.read()) == 8
        assert (await local.list_messages("room", MessageQuery())).total == 13
        sent = Message(id="new", conversation="c", account="a", author=Author(name="Ann"), sent_at=None, text="new")
        assert (await store.messages.number([sent]))[0].number == 7
    assert verify(new).problems == ()


async def test_what_was_acknowledged_and_is_in_the_wal_file_is_saved(tmp_path):
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    async with open_store(old) as store:
        await store.messages.number(
            [Message(id="m", conversation="c", account="a", author=Author(name="A"), sent_at=None, text="x")]
        )
        salvage(old, new)
    async with open_store(new) as store:
        assert await store.messages.locate(1) == ("a", "c", "m")


async def test_the_damaged_file_is_not_changed_and_no_file_is_overwritten(store_file, tmp_path):
    overwrite(store_file, 8)
    before = store_file.read_bytes()
    salvage(store_file, tmp_path / "new.db")
    assert store_file.read_bytes() == before
    with pytest.raises(InvalidArgument, match="exists already"):
        salvage(store_file, tmp_path / "new.db")
    with pytest.raises(NotFound):
        salvage(tmp_path / "missing.db", tmp_path / "other.db")
    assert {file.name for file in tmp_path.iterdir()} == {"dragoman.db", "new.db"}


async def test_a_lost_root_of_the_messages_costs_no_message(tmp_path, large_store):
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    old.write_bytes(large_store)
    overwrite(old, root_of(old, "local_messages"))
    saved = salvage(old, new)
    assert saved.rows["local_messages"] == MESSAGES
    assert saved.problems == ()
    async with LocalProvider.open(LocalSettings(path=new)) as local:
        assert len((await local.search_messages(SearchQuery(text="word2999"))).items) == 1


@pytest.mark.parametrize("page", [1, 2])
async def test_a_lost_beginning_of_the_file_costs_no_message(tmp_path, large_store, page):
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    old.write_bytes(large_store)
    overwrite(old, page)
    saved = salvage(old, new)
    assert saved.rows["local_messages"] == MESSAGES
    assert saved.problems == ()


async def test_messages_of_a_lost_conversation_and_of_lost_authors_are_shown(tmp_path, large_store):
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    old.write_bytes(large_store)
    lost = [root_of(old, table) for table in ("local_places", "local_authors")]
    for page in lost:
        overwrite(old, page)
    saved = salvage(old, new)
    assert saved.problems == ()
    async with LocalProvider.open(LocalSettings(path=new)) as local:
        page = await local.list_messages("salvaged-1", MessageQuery())
        assert page.total == MESSAGES
        assert page.items[0].author.name == "unknown"


async def test_deleted_texts_do_not_come_back(tmp_path):
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    one = Message(
        id="m", conversation="c", account="a", author=Author(name="A"), sent_at=None, text="a secret " + "x" * 20000
    )
    gone = replace(one, text="", deleted_at=NOW)
    async with open_store(old) as store:
        await store.messages.number([one])
        await store.messages.number([gone])
    salvage(old, new)
    assert b"a secret" not in new.read_bytes()


async def test_a_file_without_anything_is_told_and_makes_no_new_one(tmp_path):
    (tmp_path / "old.db").write_bytes(bytes(20 * PAGE))
    with pytest.raises(Unavailable, match=r"Nothing in .* can be read"):
        salvage(tmp_path / "old.db", tmp_path / "new.db")
    assert [file.name for file in tmp_path.iterdir()] == ["old.db"]


@pytest.mark.parametrize("seed", range(25))
async def test_wherever_a_file_is_damaged_nothing_crashes_and_the_saved_store_is_sound(tmp_path, full_store, seed):
    chance = random.Random(seed)
    damaged = bytearray(full_store)
    length = chance.choice([1, 16, 512, PAGE, 3 * PAGE])
    start = chance.randrange(len(damaged) - length)
    damaged[start : start + length] = bytes(length) if seed % 3 == 0 else chance.randbytes(length)
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    old.write_bytes(damaged)
    try:
        verify(old)
    except DragomanError as error:
        assert str(old) in str(error)
    saved = salvage(old, new)
    assert saved.problems == ()
    assert sum(saved.rows.values()) > 43 - 25
    assert verify(new).problems == ()
    async with open_store(new) as store:
        await store.messages.conversations()
        await store.audit.read()
        await store.writes.pending()
