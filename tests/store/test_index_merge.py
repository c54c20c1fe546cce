"""An index of many parts is put together after an import, in steps between which others write."""

from datetime import UTC, datetime, timedelta

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.model import Author, Conversation, Message
from dragoman.core.queries import SearchQuery
from dragoman.providers.local import LocalProvider, LocalSettings
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.search.ranked import search
from dragoman.store.sqlite import index_merge
from dragoman.store.sqlite.open_file import open_first
from dragoman.store.sqlite.schema import MIGRATIONS
from dragoman.store.sqlite.tables import SqliteTables

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
ROOM = Conversation(id="room", title="Room")
TABLES = SqliteTables("local")


def messages(*numbers):
    ann = Author(name="Ann")
    return [
        Message(
            id=f"m{n}", conversation="room", author=ann, sent_at=START + timedelta(minutes=n), text=f"needle word{n}"
        )
        for n in numbers
    ]


def segments(con):
    return con.execute("SELECT count(DISTINCT segid) FROM local_index_idx").fetchone()[0]


@pytest.mark.anyio
async def test_after_an_import_a_search_has_one_part_of_the_index_to_look_into(tmp_path, monkeypatch):
    path = tmp_path / "dragoman.db"
    monkeypatch.setattr("dragoman.providers.local.BATCH", 10)
    async with LocalProvider.open(LocalSettings(path=path)) as local:
        await local.import_conversation(ROOM, messages(*range(95)))
        assert segments(apsw.Connection(str(path))) == 1
        assert (await local.search_messages(SearchQuery(text="word94"))).items


@pytest.mark.anyio
async def test_an_import_whose_index_cannot_be_put_together_has_stored_everything(tmp_path, monkeypatch):
    def full(*_):
        raise apsw.FullError("database or disk is full")

    monkeypatch.setattr("dragoman.store.sqlite.database.merge_step", full)
    async with LocalProvider.open(LocalSettings(path=tmp_path / "dragoman.db")) as local:
        assert await local.import_conversation(ROOM, messages(1, 2, 3)) == 3
        assert len((await local.search_messages(SearchQuery(text="needle"))).items) == 3


@pytest.fixture
def con():
    connection = open_first(None, MIGRATIONS, 1)
    yield connection
    connection.close()


def test_a_few_messages_more_are_not_worth_merging_a_large_index(con):
    table = MessageTable(SqliteTables("local"))
    with con:
        table.put(con, "", "room", messages(*range(2000)))
    with con:
        table.put(con, "", "room", messages(9001))
    assert segments(con) == 2
    assert not index_merge.merge_step(con, TABLES)


@given(st.lists(st.sets(st.integers(0, 40), min_size=1, max_size=9), min_size=1, max_size=9), st.data())
def test_merging_in_steps_between_writes_changes_nothing_that_is_found(parts, data):
    con = open_first(None, MIGRATIONS, 1)
    table = MessageTable(SqliteTables("local"))
    for part in parts:
        with con:
            table.put(con, "", "room", messages(*part))
        if data.draw(st.booleans()):
            with con:
                index_merge.merge_step(con, TABLES)
    while index_merge.merge_step(con, TABLES):
        pass
    found = search(con, table, SearchQuery(text="needle", limit=100), "")
    assert {hit.message.id for hit in found.items} == {f"m{n}" for part in parts for n in part}
    con.close()
