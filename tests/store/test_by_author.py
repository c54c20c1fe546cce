"""Messages of the people whom a part of a name means: the same, whichever way they are read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.model import Author, Message
from dragoman.core.queries import Filter, SearchQuery
from dragoman.store.conversations import PageQuery
from dragoman.store.sql.messages import by_author, conversations, message_pages
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.search.ranked import search
from dragoman.store.sqlite.open_file import open_first
from dragoman.store.sqlite.schema import MIGRATIONS
from dragoman.store.sqlite.tables import SqliteTables

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
TABLE = MessageTable(SqliteTables("local"))
PEOPLE = [Author(name=f"{first} {last}", id=f"U{first}{last}") for first in ("Ann", "Bo", "Cy") for last in "xyz"]
PARTS = ("ann", "bo y", "x", "u", "z u", "cy", "nobody")


@pytest.fixture(scope="module")
def con():
    connection = open_first(None, MIGRATIONS, 1)
    messages = [
        Message(
            id=f"m{n}", conversation=f"room{n % 2}", author=PEOPLE[n * n % 9], text=f"needle {n % 3}",
            sent_at=START + timedelta(minutes=n // 3),
        )
        for n in range(60)
    ]  # fmt: skip
    with connection:
        for room in ("room0", "room1"):
            TABLE.put(connection, "", room, [one for one in messages if one.conversation == room])
    yield connection
    connection.close()


@pytest.fixture(params=[(0, 0, 0), (3, 3, 3), (3, 0, 9), (9, 9, 9), (9, 2, 0)], ids=str)
def limits(request, monkeypatch):
    """Every way of reading is taken for some of the filters."""
    listed, merged, first = request.param
    for name, value in (("_MOST_LISTED", listed), ("_MOST_MERGED", merged), ("_FIRST", first)):
        monkeypatch.setattr(by_author, name, value)
    monkeypatch.setattr(by_author, "_SORTED", 4)
    monkeypatch.setattr(by_author, "FEW", 12)


def of(part, message):
    name = f"{message.author.name} {message.author.id}".lower()
    return all(word in name for word in part.split())


def everything(con):
    return [
        stored.message
        for room in ("room0", "room1")
        for stored in message_pages.page(
            con, TABLE, conversations.key(con, TABLE.tables, "", room), ("", room), PageQuery(limit=99)
        )
    ]


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("part", PARTS)
def test_pages_of_an_author_hold_all_of_theirs_in_order(con, part, newest_first):
    place, found, after = conversations.key(con, TABLE.tables, "", "room1"), [], None
    while True:
        query = PageQuery(author=part, newest_first=newest_first, limit=4, after=after)
        page = message_pages.page(con, TABLE, place, ("", "room1"), query)
        found += [stored.message.id for stored in page]
        if len(page) < 4:
            break
        after = page[-1].row.time_us, page[-1].number
    wanted = [one.id for one in everything(con) if one.conversation == "room1" and of(part, one)]
    assert found == (wanted if newest_first else wanted[::-1])


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("text", ["", "needle", "needle 1"])
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("also", [None, "x", "ann"])
def test_a_search_finds_what_people_of_both_filters_wrote(con, part, also, text):
    filters = () if also is None else (Filter("from", also),)
    found = search(con, TABLE, SearchQuery(text=text, author=part, filters=filters, limit=99), "")
    words = text.split()
    wanted = {
        one.id
        for one in everything(con)
        if of(part, one) and (also is None or of(also, one)) and all(word in one.text for word in words)
    }
    assert {hit.message.id for hit in found.items} == wanted


@given(st.integers(1, 9), st.sampled_from(PARTS))
def test_a_list_of_an_author_is_the_same_however_it_is_cut(con, limit, part):
    found, cursor = [], None
    while True:
        page = search(con, TABLE, SearchQuery(text="", author=part, limit=limit, cursor=cursor), "")
        found += [hit.message.id for hit in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == [
        hit.message.id for hit in search(con, TABLE, SearchQuery(text="", author=part, limit=99), "").items
    ]


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("text", ["", "needle", "needle 1"])
@pytest.mark.parametrize("room", ["room0", "room1", None])
@pytest.mark.parametrize("part", PARTS)
def test_a_search_leaves_out_what_people_of_a_filter_wrote(con, part, room, text):
    filters = (Filter("from", part, negated=True),)
    found = search(con, TABLE, SearchQuery(text=text, conversation=room, filters=filters, limit=99), "")
    wanted = {
        one.id
        for one in everything(con)
        if not of(part, one)
        and one.conversation in (room or one.conversation)
        and all(w in one.text for w in text.split())
    }
    assert {hit.message.id for hit in found.items} == wanted
