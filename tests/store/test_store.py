from dataclasses import replace
from datetime import UTC, datetime, timedelta

import anyio
import apsw
import pytest

from dragoman.errors import InvalidArgument
from dragoman.model import Author, Conversation, ConversationKind, Edit, Message
from dragoman.provider import SearchQuery
from dragoman.store import CONVERSATIONS, Intent, Record, State, Store
from dragoman.store.cursors import KEPT, LIFETIME

pytestmark = pytest.mark.anyio

START = datetime(2026, 3, 10, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 1_770_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def store(tmp_path, clock):
    async with Store.open(tmp_path / "dragoman.db", clock=clock) as store:
        yield store


def message(id_, text="hello", **rest):
    fields = {"conversation": "room", "account": "acc", "author": Author(name="Ann"), "sent_at": START, **rest}
    return Message(id=id_, text=text, **fields)


async def found(store, text, account="acc", **query):
    page = await store.search(account, SearchQuery(text=text, **query))
    return [hit.message.id for hit in page.items]


async def test_numbers_follow_first_sight_and_stay(store):
    first = await store.see([message("a"), message("b")])
    again = await store.see([message("b"), message("c")])
    assert [m.number for m in first] == [1, 2]
    assert [m.number for m in again] == [2, 3]


async def test_a_parent_that_was_never_seen_gets_its_number_first(store):
    (reply,) = await store.see([message("reply", reply_to="parent")])
    (parent,) = await store.see([message("parent")])
    assert (reply.reply_to_number, reply.number) == (1, 2)
    assert parent.number == 1


async def test_the_same_id_elsewhere_is_another_message(store):
    seen = await store.see([message("a"), message("a", conversation="other"), message("a", account="other")])
    assert len({m.number for m in seen}) == 3


async def test_a_number_leads_back_to_its_message(store):
    (seen,) = await store.see([message("a/π 7?", conversation="cnv \ud800")])
    assert await store.locate(seen.number) == ("acc", "cnv \ud800", "a/π 7?")
    assert [await store.locate(n) for n in (0, -1, 99, 2**63, 10**30)] == [None] * 5


async def test_nothing_is_written_when_all_is_known(store, tmp_path):
    seen = await store.see([message("a", extra={"pair": (1, 2)})])
    changes = apsw.Connection(str(tmp_path / "dragoman.db"))
    before = changes.execute("PRAGMA data_version").get
    assert await store.see(seen) == seen
    assert changes.execute("PRAGMA data_version").get == before
    await store.see([message("a", "another text")])
    assert changes.execute("PRAGMA data_version").get != before


async def test_numbers_only_keeps_no_text(store):
    (seen,) = await store.see([message("a", "secret")], "numbers")
    assert seen.number == 1
    assert await found(store, "secret") == []
    await store.see([message("a", "secret")], "full")
    assert await found(store, "secret") == ["a"]


async def test_off_gives_no_number_and_keeps_nothing(store):
    assert await store.see([message("a")], "off") == [message("a")]
    assert await store.locate(1) is None


async def test_an_edit_replaces_what_is_found(store):
    await store.see([message("a", "old words")])
    await store.see([message("a", "new words", edited_at=START)])
    assert await found(store, "old") == []
    assert await found(store, "new") == ["a"]


async def test_an_earlier_state_or_an_excerpt_does_not_replace_the_whole_text(store):
    await store.see([message("a", "the whole text", edited_at=START + timedelta(1))])
    await store.see([message("a", "old text", edited_at=START)])
    await store.see([message("a", "the whole", partial=True)])
    assert await found(store, "whole text") == ["a"]


async def test_of_a_tombstone_nothing_is_left_but_its_number(store, tmp_path):
    (seen,) = await store.see([message("a", "regrettable", subject="subj", history=(Edit(text="worse"),))])
    (buried,) = await store.see([message("a", "regrettable", deleted_at=START)])
    assert buried.number == seen.number
    assert await found(store, "regrettable") == []
    raw = apsw.Connection(str(tmp_path / "dragoman.db")).execute("SELECT text, data FROM seen_messages").get
    assert "regrettable" not in str(raw)
    assert "worse" not in str(raw)
    assert (await store.search("acc", SearchQuery(text="x"))).back_to is None


async def test_search_stays_within_account_and_conversation_and_tells_how_far_back_it_goes(store):
    late = {"sent_at": START + timedelta(1)}
    await store.see([message("a"), message("b", conversation="other", **late), message("c", account="second", **late)])
    page = await store.search("acc", SearchQuery(text="hello"))
    assert {hit.message.id for hit in page.items} == {"a", "b"}
    assert page.back_to == START
    narrow = await store.search("acc", SearchQuery(text="hello", conversation="other"))
    assert [hit.message.id for hit in narrow.items] == ["b"]
    assert narrow.back_to == late["sent_at"]
    assert await found(store, "hello", "nobody") == []
    assert await found(store, "hello", conversation="nowhere") == []


async def test_found_messages_have_account_number_and_parent(store):
    await store.see([message("root"), message("reply", "needle", reply_to="root")])
    page = await store.search("acc", SearchQuery(text="needle"))
    hit = page.items[0]
    assert (hit.message.account, hit.message.number, hit.message.reply_to_number) == ("acc", 2, 1)


async def test_what_is_told_of_a_conversation_is_remembered_and_not_forgotten_by_silence(store):
    told = Conversation(id="c", account="acc", title="Launch", kind=ConversationKind.CHANNEL, participants=("Ann",))
    await store.remember_conversations([told])
    await store.remember_conversations([Conversation(id="c", account="acc", unread=3)])
    assert await store.conversation("acc", "c") == replace(told, unread=3)
    assert await store.conversations() == await store.conversations("acc") == [replace(told, unread=3)]
    assert await store.conversations("other") == []


async def test_conversations_that_were_only_passed_through_are_not_told(store):
    await store.see([message("a")])
    assert await store.conversation("acc", "room") is None
    assert await store.conversations() == []


async def test_only_so_many_conversations_are_told_the_most_recent_ones(store):
    many = [
        Conversation(id=str(n), account="acc", last_message_at=START + timedelta(minutes=n))
        for n in range(CONVERSATIONS + 10)
    ]
    await store.remember_conversations(many)
    told = await store.conversations("acc")
    assert len(told) == CONVERSATIONS
    assert told[0].id == str(CONVERSATIONS + 9)


async def test_a_cursor_is_short_and_brings_its_state_back(store):
    state = {"query": "π\ud800", "offset": 7, "nested": [1, None]}
    token = await store.keep_cursor(state)
    assert len(token) <= 8
    assert token.isalnum()
    assert token == token.lower()
    assert not token.isdigit()
    assert await store.find_cursor(token) == state


async def test_cursors_never_repeat_and_do_not_tell_the_next(store):
    tokens = [await store.keep_cursor({}) for _ in range(200)]
    assert len(set(tokens)) == 200
    assert tokens != sorted(tokens)
    assert len({token[:3] for token in tokens}) > 150


@pytest.mark.parametrize(
    "token",
    ["", "k", "k000000", "kzzzzzz", "KABCDEF", "k3", "' OR 1=1", "k" * 9, "k\u0663\u0663\u0663\u0663\u0663\u0663"],
)
async def test_an_unknown_cursor_is_nothing(store, token):
    assert await store.find_cursor(token) is None


async def test_old_cursors_are_forgotten(store, clock):
    token = await store.keep_cursor({"a": 1})
    clock.now += LIFETIME - 1
    assert await store.find_cursor(token) == {"a": 1}
    clock.now += 10
    assert await store.find_cursor(token) is None


async def test_only_so_many_cursors_are_kept(store, tmp_path):
    first = await store.keep_cursor({})
    beyond = apsw.Connection(str(tmp_path / "dragoman.db"))
    beyond.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'cursors'", (KEPT,))
    assert await store.find_cursor(first) == {}
    await store.keep_cursor({})
    assert await store.find_cursor(first) is None


INTENT = Intent(account="acc", operation="send_message", conversation="c", digest="d1", key="k1", who="me")


async def test_a_repeated_key_gives_the_first_entry_with_its_outcome(store):
    entry = await store.begin(INTENT)
    assert (entry.fresh, entry.state) == (True, State.PENDING)
    assert await store.finish(entry.id, "done", "m1")
    again = await store.begin(replace(INTENT, digest="d2"))
    assert (again.id, again.fresh, again.state, again.message, again.digest) == (entry.id, False, "done", "m1", "d1")
    assert await store.attempt("acc", "k1") == again
    assert await store.attempt("acc", "other") is None


async def test_a_failed_write_may_be_made_again_with_the_same_key_and_content(store):
    entry = await store.begin(INTENT)
    await store.finish(entry.id, "failed")
    other = await store.begin(replace(INTENT, digest="d2"))
    assert (other.fresh, other.state) == (False, State.FAILED)
    again = await store.begin(INTENT)
    assert (again.id, again.fresh, again.state) == (entry.id, True, State.PENDING)


async def test_a_pending_write_is_not_made_again(store):
    await store.begin(INTENT)
    assert not (await store.begin(INTENT)).fresh


async def test_an_outcome_is_noted_once(store):
    entry = await store.begin(INTENT)
    assert await store.finish(entry.id, "done", "m1")
    assert not await store.finish(entry.id, "failed")
    assert not await store.finish(999, "done")


async def test_of_many_that_begin_with_one_key_one_is_to_act(store):
    entries = []

    async def begin():
        entries.append(await store.begin(INTENT))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(begin)
    assert sum(entry.fresh for entry in entries) == 1


async def test_writes_without_a_key_are_all_made_and_pending_ones_are_listed(store):
    first = await store.begin(replace(INTENT, key=None))
    second = await store.begin(replace(INTENT, key=None))
    await store.finish(first.id, "done")
    assert second.fresh
    assert [entry.id for entry in await store.pending()] == [second.id]


async def test_the_same_content_is_recent_for_a_while_unless_it_failed(store, clock):
    entry = await store.begin(replace(INTENT, key=None))
    clock.now += 50
    assert (await store.recent("acc", "c", "d1", 60)).id == entry.id
    assert await store.recent("acc", "c", "other", 60) is None
    assert await store.recent("acc", "elsewhere", "d1", 60) is None
    clock.now += 20
    assert await store.recent("acc", "c", "d1", 60) is None
    await store.finish(entry.id, "failed")
    assert await store.recent("acc", "c", "d1", 600) is None


async def test_a_confirmation_works_once_and_only_for_its_content(store):
    token = await store.offer("digest")
    assert not await store.redeem(token, "other digest")
    assert not await store.redeem(token[:-1] + "\ud800", "digest")
    assert await store.redeem(token, "digest")
    assert not await store.redeem(token, "digest")


async def test_a_confirmation_ends(store, clock):
    token = await store.offer("digest", 600)
    clock.now += 601
    assert not await store.redeem(token, "digest")


async def test_of_many_that_redeem_a_confirmation_one_succeeds(store):
    token = await store.offer("digest")
    outcomes = []

    async def redeem():
        outcomes.append(await store.redeem(token, "digest"))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(redeem)
    assert sum(outcomes) == 1


async def test_a_confirmation_cannot_be_read_from_the_file(store, tmp_path):
    token = await store.offer("digest")
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert token.encode() not in content


LINE = Record(who="client", account="acc", operation="send_message", conversation="c", outcome="done", digest="d")


async def test_the_audit_log_tells_the_newest_lines_first(store, clock):
    await store.record(LINE)
    await store.record(replace(LINE, outcome="refused", message="m"))
    at = datetime.fromtimestamp(clock.now, UTC)
    assert await store.audit(5) == [replace(LINE, outcome="refused", message="m", at=at), replace(LINE, at=at)]
    assert len(await store.audit(1)) == 1


@pytest.mark.parametrize("statement", ["DELETE FROM audit", "UPDATE audit SET outcome = 'x'"])
async def test_the_audit_log_only_grows(store, tmp_path, statement):
    await store.record(LINE)
    with pytest.raises(apsw.ConstraintError, match="only grows"):
        apsw.Connection(str(tmp_path / "dragoman.db")).execute(statement)
    assert len(await store.audit()) == 1


async def test_a_foreign_search_cursor_is_refused(store):
    for cursor in ("", "x", "1.2", "9.9.9", "0.99999.1", "0.1.1; DROP"):
        with pytest.raises(InvalidArgument):
            await store.search("acc", SearchQuery(text="a", cursor=cursor))


async def test_a_store_in_memory_does_all_that_one_on_disk_does(clock):
    async with Store.open(None, clock=clock) as store:
        (seen,) = await store.see([message("a")])
        assert await store.see([message("a")]) == [seen]
        assert await found(store, "hello") == ["a"]
        assert await store.find_cursor(await store.keep_cursor({"x": 1})) == {"x": 1}
