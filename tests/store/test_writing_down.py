from dataclasses import replace
from datetime import UTC, datetime

import anyio
import apsw
import pytest

from dragoman.store import Intent, Record, State
from dragoman.store.cursors import KEPT, LIFETIME

pytestmark = pytest.mark.anyio

START = datetime(2026, 3, 10, tzinfo=UTC)


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
