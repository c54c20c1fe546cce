from contextlib import asynccontextmanager, closing

import apsw
import pytest
from store_contract import StoreContract
from store_contract_messages import START, found, message
from store_contract_writes import LINE

from dragoman.core.model import Edit
from dragoman.core.queries import SearchQuery
from dragoman.store import open_store
from dragoman.store.cursors import KEPT
from dragoman.store.per_user import PerUserStore
from dragoman.store.sqlite.database import Database
from dragoman.store.sqlite.store import SqliteStore

pytestmark = pytest.mark.anyio


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def open(self, tmp_path):
        """Each store has connections of its own, as another process has."""

        @asynccontextmanager
        async def opened(clock):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Database, "_shared", {})
                async with SqliteStore.open(tmp_path / "dragoman.db", clock=clock) as store:
                    yield store

        return opened


class TestViewOfOnePerson(StoreContract):
    @pytest.fixture
    def open(self, tmp_path):
        """The view keeps what every store keeps, in the person's own accounts."""

        @asynccontextmanager
        async def opened(clock):
            async with open_store(tmp_path / "dragoman.db", clock=clock) as store:
                yield PerUserStore(store, "ann", {"acc": "ann"})

        return opened


async def test_nothing_is_written_when_all_is_known(store, tmp_path):
    seen = await store.messages.number([message("a", extra={"pair": (1, 2)})])
    changes = apsw.Connection(str(tmp_path / "dragoman.db"))
    before = changes.execute("PRAGMA data_version").get
    assert await store.messages.number(seen) == seen
    assert changes.execute("PRAGMA data_version").get == before
    await store.messages.number([message("a", "another text")])
    assert changes.execute("PRAGMA data_version").get != before


async def test_a_cursor_that_a_power_cut_undid_leads_to_no_other_state(store, tmp_path):
    lost = [await store.cursors.save({"page": page}) for page in range(40)]
    with closing(apsw.Connection(str(tmp_path / "dragoman.db"))) as file:
        file.execute("DELETE FROM cursors; UPDATE sqlite_sequence SET seq = 0 WHERE name = 'cursors'")
    later = [await store.cursors.save({"page": page}) for page in range(100, 140)]
    found = [await store.cursors.load(token) for token in lost]
    assert found.count(None) >= 35, "one in 64 may look alike"
    assert [await store.cursors.load(token) for token in later] == [{"page": page} for page in range(100, 140)]


async def test_of_a_tombstone_nothing_is_left_but_its_number(store, tmp_path):
    (seen,) = await store.messages.number([message("a", "regrettable", subject="subj", history=(Edit(text="worse"),))])
    (buried,) = await store.messages.number([message("a", "regrettable", deleted_at=START)])
    assert buried.number == seen.number
    assert await found(store, "regrettable") == []
    raw = apsw.Connection(str(tmp_path / "dragoman.db")).execute("SELECT text, data FROM seen_messages").get
    assert "regrettable" not in str(raw)
    assert "worse" not in str(raw)
    assert (await store.messages.search("acc", SearchQuery(text="x"))).back_to is None


async def test_a_store_in_memory_does_all_that_one_on_disk_does(clock):
    async with open_store(None, clock=clock) as store:
        (seen,) = await store.messages.number([message("a")])
        assert await store.messages.number([message("a")]) == [seen]
        assert await found(store, "hello") == ["a"]
        assert await store.cursors.load(await store.cursors.save({"x": 1})) == {"x": 1}


async def test_the_same_page_asked_for_again_is_led_on_by_the_same_cursor_and_nothing_is_written(
    store, tmp_path, clock
):
    token = await store.cursors.save({"page": 2})
    changes = apsw.Connection(str(tmp_path / "dragoman.db"))
    before = changes.execute("PRAGMA data_version").get
    clock.now += 599
    assert await store.cursors.save({"page": 2}) == token
    assert changes.execute("PRAGMA data_version").get == before
    assert await store.cursors.save({"page": 3}) != token
    clock.now += 1
    later = await store.cursors.save({"page": 2})
    assert later != token
    assert await store.cursors.load(token) == await store.cursors.load(later) == {"page": 2}


async def test_a_cursor_that_is_gone_is_not_given_again(store, tmp_path):
    token = await store.cursors.save({"page": 2})
    with closing(apsw.Connection(str(tmp_path / "dragoman.db"))) as beyond:
        beyond.execute("DELETE FROM cursors")
    assert await store.cursors.load(token) is None
    again = await store.cursors.save({"page": 2})
    assert await store.cursors.load(again) == {"page": 2}


async def test_only_so_many_cursors_are_kept(store, tmp_path):
    first = await store.cursors.save({})
    beyond = apsw.Connection(str(tmp_path / "dragoman.db"))
    beyond.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'cursors'", (KEPT,))
    assert await store.cursors.load(first) == {}
    await store.cursors.save({"page": 2})
    assert await store.cursors.load(first) is None


async def test_a_confirmation_cannot_be_read_from_the_file(store, tmp_path):
    token = await store.confirmations.offer("digest")
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert token.encode() not in content


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit",
        "UPDATE audit SET outcome = 'x'",
        "REPLACE INTO audit(entry, at, who, account, operation, conversation, outcome) SELECT 1, 1, '', '', '', '', ''",
    ],
)
async def test_the_audit_log_only_grows(store, tmp_path, statement):
    await store.audit.record(LINE)
    with pytest.raises(apsw.ConstraintError, match="only grows"):
        apsw.Connection(str(tmp_path / "dragoman.db")).execute(statement)
    assert len(await store.audit.read()) == 1


async def test_of_what_was_shown_the_last_hundred_conversations_of_a_viewer_are_kept(store, clock, tmp_path):
    for number in range(105):
        clock.now += 1
        await store.exposures.record(("", "c"), [("acc", f"r{number}")])
    await store.exposures.record(("", "d"), [("acc", "r")])
    assert await store.exposures.list(("", "c")) == [("acc", f"r{number}") for number in range(104, 4, -1)]
    con = apsw.Connection(str(tmp_path / "dragoman.db"))
    assert con.execute("SELECT count(*) FROM exposures").get == 101
