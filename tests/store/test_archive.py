from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.model import Attachment, Author, Message, Reaction
from dragoman.core.queries import Filter, SearchQuery
from dragoman.store.conversations import PageQuery
from dragoman.store.sql.messages import conversations, message_pages
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.search.ranked import search
from dragoman.store.sqlite.open_file import open_first
from dragoman.store.sqlite.schema import MIGRATIONS
from dragoman.store.sqlite.tables import SqliteTables

START = datetime(2026, 3, 10, tzinfo=UTC)
ARCHIVE = MessageTable(SqliteTables("local"))


@pytest.fixture
def con():
    connection = open_first(None, MIGRATIONS, 1)
    yield connection
    connection.close()


def message(id_, second=0, text="hello", **rest):
    fields = {
        "conversation": "room",
        "author": Author(name="Ann"),
        "sent_at": START + timedelta(seconds=second),
        **rest,
    }
    return Message(id=id_, text=text, **fields)


def put(con, *messages):
    return ARCHIVE.put(con, "", "room", messages)


def ids(con, **stretch):
    place = conversations.ensure(con, ARCHIVE.tables, "", "room")
    return [stored.message.id for stored in message_pages.page(con, ARCHIVE, place, ("", "room"), PageQuery(**stretch))]


def hits(con, text, **wanted):
    page = search(con, ARCHIVE, SearchQuery(text=text, **wanted), "")
    return [hit.message.id for hit in page.items], page.cursor


def counted(con):
    place = conversations.find(con, ARCHIVE.tables, "", "room")
    return place.message_count, place.oldest_us, place.last_activity_us


def test_messages_are_in_the_order_of_time_and_then_of_arrival(con):
    put(con, message("b", 5), message("a", 5), message("c", 1), message("d", 9, sent_at=None))
    assert ids(con, newest_first=False) == ["d", "c", "b", "a"]
    assert ids(con) == ["a", "b", "c", "d"]


def test_what_has_no_time_is_in_no_span_of_time(con):
    put(con, message("timeless", sent_at=None), message("a"))
    assert ids(con, until=START + timedelta(1)) == ["a"]
    assert ids(con, since=START) == ["a"]


def test_a_span_begins_with_since_and_ends_before_until(con):
    put(con, *(message(str(n), n) for n in range(5)))
    assert ids(con, since=START + timedelta(seconds=1), until=START + timedelta(seconds=3)) == ["2", "1"]


def test_an_author_is_found_by_part_of_name_id_or_address(con):
    ann = Author(name="Änn O'Neil", id="U77", email="ann@x.example")
    put(con, message("a", author=ann), message("b", author=Author(name="Bob")))
    for part in ("änn", "O'NEIL", "u77", "@x.exa"):
        assert ids(con, author=part) == ["a"]
        assert hits(con, "hello", author=part)[0] == ["a"]
    assert ids(con, author="nobody") == []


def test_a_thread_is_a_message_and_everything_below_it(con):
    put(
        con,
        message("root", 0),
        message("reply", 1, reply_to="root"),
        message("deep", 2, reply_to="reply"),
        message("other", 3),
        message("gone", 4, reply_to="root", deleted_at=START),
        message("below gone", 5, reply_to="gone"),
    )
    assert ids(con, thread="root", newest_first=False) == ["root", "reply", "deep", "below gone"]
    assert ids(con, thread="reply", newest_first=False) == ["reply", "deep"]


def test_messages_that_answer_each_other_in_a_circle_are_a_thread(con):
    put(con, message("a", reply_to="b"), message("b", reply_to="a"), message("c", reply_to="c"))
    assert sorted(ids(con, thread="a")) == ["a", "b"]
    assert ids(con, thread="c") == ["c"]


def test_counters_follow_what_is_added_changed_and_deleted(con):
    put(con, message("a", 1), message("b", 2), message("c", 3, deleted_at=START))
    assert counted(con)[0] == 2
    put(con, message("b", 2, deleted_at=START))
    moment = 1_000_000 * int(START.timestamp() + 1)
    assert counted(con) == (1, moment, moment)
    put(con, message("b", 2))
    assert counted(con)[0] == 2
    put(con, message("a", 1, deleted_at=START), message("b", 2, deleted_at=START))
    assert counted(con)[:2] == (0, None)


def test_put_tells_how_many_are_new_and_can_be_shown(con):
    assert put(con, message("a"), message("a"), message("b"), message("t", deleted_at=START)) == 3 - 1
    assert put(con, message("a"), message("c")) == 1
    assert put(con, message("a"), message("c")) == 0


def test_numbers_are_not_used_again_after_a_refused_batch(con):
    put(con, message("a"))
    put(con, message("new author", author=Author(name="Zoe")), message("a", text="changed"), message("b"))
    numbers = ARCHIVE.numbers(con, "", "room", ["a", "new author", "b"])
    assert sorted(numbers.values()) == [1, 2, 3]
    stored = ARCHIVE.get(con, "", "room", ["new author"])["new author"]
    assert stored.message.author == Author(name="Zoe")


def test_subject_and_file_names_are_searched_too(con):
    put(con, message("a", subject="Invoice"), message("b", attachments=(Attachment(name="plan_v2.pdf"),)))
    assert hits(con, "invoice")[0] == ["a"]
    assert hits(con, "lan_v2")[0] == ["b"]
    put(con, message("a", subject="Receipt"))
    assert hits(con, "invoice")[0] == []


def test_a_change_beside_the_text_keeps_the_message_findable(con):
    put(con, message("a", text="needle"))
    put(con, message("a", text="needle", reactions=(Reaction(emoji="👍", count=1),)))
    assert hits(con, "needle")[0] == ["a"]
    assert ARCHIVE.get(con, "", "room", ["a"])["a"].message.reactions[0].count == 1


def test_whole_words_rank_before_beginnings_and_newer_before_older_equals(con):
    put(con, message("begins", 9, "launching it"), message("old", 1, "launch it"), message("new", 5, "launch it"))
    assert hits(con, "launch")[0] == ["new", "old", "begins"]


def test_filters_of_time_apply_to_hits(con):
    put(con, *(message(str(n), n) for n in range(5)), message("timeless", sent_at=None))
    span = {"since": START + timedelta(seconds=1), "until": START + timedelta(seconds=3)}
    assert hits(con, "hello", **span)[0] == ["2", "1"]


@pytest.mark.parametrize("limit", [1, 7, 100, 130])
def test_paging_through_hits_shows_each_once_while_others_are_added(con, limit):
    texts = ["launch", "launch launch", "launcher here", "relaunch_4 x launch_5"]
    put(con, *(message(str(n), n % 50, texts[n % 4]) for n in range(260)))
    seen, cursor = hits(con, "launch", limit=limit)
    while cursor is not None:
        put(con, message(f"later {len(seen)}", 99, "launch"))
        more, cursor = hits(con, "launch", limit=limit, cursor=cursor)
        assert 0 < len(more) <= limit
        seen += more
    assert len(seen) == len(set(seen)) == 260


MANY = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 4), st.booleans(), st.sampled_from(["one", "two", "build_7"])),
    max_size=25,
)


@settings(deadline=None)
@given(MANY, st.integers(1, 6), st.booleans())
def test_whatever_is_stored_pages_show_the_last_states_once_in_order(changes, limit, newest_first):
    con = open_first(None, MIGRATIONS, 1)
    expected = {}
    for number in range(0, len(changes), 3):
        batch = [
            message(f"m{id_}", second, text, deleted_at=START if gone else None)
            for id_, second, gone, text in changes[number : number + 3]
        ]
        put(con, *batch)
        expected.update({m.id: m for m in batch})
    alive = {id_: m for id_, m in expected.items() if m.deleted_at is None}
    shown, after = [], None
    while page := message_pages.page(
        con,
        ARCHIVE,
        conversations.ensure(con, ARCHIVE.tables, "", "room"),
        ("", "room"),
        PageQuery(after=after, limit=limit, newest_first=newest_first),
    ):
        shown += [stored.message for stored in page]
        after = (page[-1].row.time_us, page[-1].number)
    assert {m.id: m for m in shown} == alive
    assert len(shown) == len(alive)
    times = [m.sent_at for m in shown]
    assert times == sorted(times, reverse=newest_first)
    for word in ("one", "two", "uild"):
        wanted = {m.id for m in alive.values() if word in m.text}
        assert set(hits(con, word, limit=50)[0]) == wanted
    held = conversations.find(con, ARCHIVE.tables, "", "room")
    assert (0 if held is None else held.message_count) == len(alive)
    con.close()


def test_a_subject_behind_thousands_of_texts_with_its_words_is_found_by_its_pages(con):
    put(con, *(message(f"old {at}", at, "the plan", subject="The plan") for at in range(3)))
    put(con, *(message(str(at), at + 9, "the plan") for at in range(4100)))
    found, cursor, pages = list[str](), None, 0
    while pages == 0 or cursor is not None:
        some, cursor = hits(con, "", filters=(Filter("subject", "plan"),), limit=2, cursor=cursor)
        found, pages = found + some, pages + 1
    assert found == ["old 2", "old 1", "old 0"]
    assert pages <= 5


def test_an_account_is_searched_alone_where_there_are_several(con):
    for account in ("one", "two-2"):
        ARCHIVE.put(con, account, "room", [replace(message("a"), account=account)])
    for account in ("one", "two-2"):
        page = search(con, ARCHIVE, SearchQuery(text="hello"), account)
        assert [hit.message.account for hit in page.items] == [account]


def test_of_many_messages_the_known_one_in_the_middle_is_merged_and_the_others_are_new(con):
    put(con, message("m30", text="first words"))
    first = number_of(con, "m30")

    new = put(con, *(message(f"m{n}", n, author=Author(name=f"P{n}"), text=f"word{n}") for n in range(60)))

    assert new == 59
    assert number_of(con, "m30") == first
    stored = ARCHIVE.get(con, "", "room", [f"m{n}" for n in range(60)])
    assert [stored[f"m{n}"].message.author.name for n in range(60)] == [f"P{n}" for n in range(60)]
    assert con.execute("SELECT count(*) FROM local_index WHERE local_index MATCH 'word7'").get == 1
    assert con.execute("SELECT count(*) FROM local_index").get == 60
    assert con.execute("SELECT held FROM local_places").get == 60


def number_of(con, id_):
    return ARCHIVE.numbers(con, "", "room", [id_])[id_]
