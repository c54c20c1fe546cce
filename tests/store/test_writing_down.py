from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import anyio
import apsw
import pytest

from dragoman.core.errors import RateLimited
from dragoman.store import AuditRecord, Intent, State, open_store
from dragoman.store.cursors import KEPT, LIFETIME
from dragoman.store.sqlite.schema import APPLICATION_ID, MIGRATIONS
from dragoman.store.writes import LEASE

pytestmark = pytest.mark.anyio

START = datetime(2026, 3, 10, tzinfo=UTC)


async def test_a_cursor_is_short_and_brings_its_state_back(store):
    state = {"query": "π\ud800", "offset": 7, "nested": [1, None]}
    token = await store.cursors.save(state)
    assert len(token) <= 8
    assert token.isalnum()
    assert token == token.lower()
    assert not token.isdigit()
    assert await store.cursors.load(token) == state


async def test_cursors_never_repeat_and_do_not_tell_the_next(store):
    tokens = [await store.cursors.save({"page": page}) for page in range(200)]
    assert len(set(tokens)) == 200
    assert tokens != sorted(tokens)
    assert len({token[:3] for token in tokens}) > 150


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


@pytest.mark.parametrize(
    "token",
    ["", "k", "k000000", "kzzzzzz", "KABCDEF", "k3", "' OR 1=1", "k" * 9, "k\u0663\u0663\u0663\u0663\u0663\u0663"],
)
async def test_an_unknown_cursor_is_nothing(store, token):
    assert await store.cursors.load(token) is None


async def test_old_cursors_are_forgotten(store, clock):
    token = await store.cursors.save({"a": 1})
    clock.now += LIFETIME - 1
    assert await store.cursors.load(token) == {"a": 1}
    clock.now += 10
    assert await store.cursors.load(token) is None


async def test_only_so_many_cursors_are_kept(store, tmp_path):
    first = await store.cursors.save({})
    beyond = apsw.Connection(str(tmp_path / "dragoman.db"))
    beyond.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'cursors'", (KEPT,))
    assert await store.cursors.load(first) == {}
    await store.cursors.save({"page": 2})
    assert await store.cursors.load(first) is None


INTENT = Intent(account="acc", operation="send_message", conversation="c", digest="d1", key="k1", who="me")


async def test_a_repeated_key_gives_the_first_entry_with_its_outcome(store):
    entry = await store.writes.begin(INTENT)
    assert (entry.fresh, entry.state) == (True, State.PENDING)
    assert await store.writes.finish(entry.id, "done", "m1")
    again = await store.writes.begin(replace(INTENT, digest="d2"))
    assert (again.id, again.fresh, again.state, again.message, again.digest) == (entry.id, False, "done", "m1", "d1")
    assert await store.writes.find("acc", "k1") == again
    assert await store.writes.find("acc", "other") is None


async def test_a_failed_write_may_be_made_again_with_the_same_key_and_content(store):
    entry = await store.writes.begin(INTENT)
    await store.writes.finish(entry.id, "failed")
    other = await store.writes.begin(replace(INTENT, digest="d2"))
    assert (other.fresh, other.state) == (False, State.FAILED)
    again = await store.writes.begin(INTENT)
    assert (again.id, again.fresh, again.state) == (entry.id, True, State.PENDING)


async def test_a_pending_write_is_not_made_again(store):
    await store.writes.begin(INTENT)
    assert not (await store.writes.begin(INTENT)).fresh


async def test_an_outcome_is_noted_once(store):
    entry = await store.writes.begin(INTENT)
    assert await store.writes.finish(entry.id, "done", "m1")
    assert not await store.writes.finish(entry.id, "failed")
    assert not await store.writes.finish(999, "done")


async def test_of_many_that_begin_with_one_key_one_is_to_act(store):
    entries = []

    async def begin():
        entries.append(await store.writes.begin(INTENT))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(begin)
    assert sum(entry.fresh for entry in entries) == 1


KEYLESS = replace(INTENT, key=None)


async def test_the_same_content_without_a_key_is_held_up_while_the_first_is_open(store):
    first = await store.writes.begin(KEYLESS)
    again = await store.writes.begin(KEYLESS)
    assert (again.id, again.fresh) == (first.id, False)
    await store.writes.finish(first.id, "done")
    second = await store.writes.begin(KEYLESS)
    assert second.fresh
    assert [entry.id for entry in await store.writes.pending()] == [second.id]


async def test_content_that_is_to_be_written_once_is_held_up_for_a_minute(store, clock):
    once = replace(KEYLESS, once=True)
    first = await store.writes.begin(once)
    await store.writes.finish(first.id, "done", "acc:c/m1")
    clock.now += 50
    repeated = await store.writes.begin(once)
    assert (repeated.id, repeated.fresh, repeated.message) == (first.id, False, "acc:c/m1")
    assert (await store.writes.begin(replace(once, digest="other"))).fresh
    assert (await store.writes.begin(replace(once, conversation="elsewhere"))).fresh
    assert (await store.writes.begin(replace(once, principal="somebody else"))).fresh
    assert (await store.writes.begin(once, accepted=repeated.stamp)).fresh


async def test_content_that_is_to_be_written_once_may_be_written_again_after_a_minute(store, clock):
    once = replace(KEYLESS, once=True)
    entry = await store.writes.begin(once)
    await store.writes.finish(entry.id, "done")
    await store.writes.deliver(entry.id)
    clock.now += 61
    assert (await store.writes.begin(once)).fresh


@pytest.mark.parametrize("seconds", [61, 3600, 24 * 3600 - 1])
async def test_content_whose_answer_has_not_arrived_stands_in_the_way_for_a_day(store, clock, seconds):
    once = replace(KEYLESS, once=True)
    entry = await store.writes.begin(once)
    await store.writes.finish(entry.id, "done", "acc:c/m1")
    clock.now += seconds
    found = await store.writes.begin(once)
    assert (found.id, found.fresh, found.delivered) == (entry.id, False, False)
    clock.now += 24 * 3600 + 1 - seconds
    assert (await store.writes.begin(once)).fresh


@pytest.mark.parametrize("seconds", [61, 3900, 100 * 24 * 3600])
async def test_an_unknown_outcome_stands_in_the_way_until_it_is_settled(store, clock, seconds):
    entry = await store.writes.begin(KEYLESS)
    await store.writes.finish(entry.id, "unknown")
    clock.now += seconds
    found = await store.writes.begin(KEYLESS)
    assert (found.id, found.fresh, found.state) == (entry.id, False, State.UNKNOWN)
    await store.writes.finish(entry.id, "failed")
    assert (await store.writes.begin(KEYLESS)).fresh


@pytest.fixture
async def other(store, tmp_path, clock):
    """The same store, opened once more."""
    async with open_store(tmp_path / "dragoman.db", clock=clock) as other:
        yield other


async def test_what_was_shown_is_known_to_every_process_for_a_day_and_only_of_the_same_viewer(store, other, clock):
    for number, room in enumerate(["one", "two", "one"]):
        clock.now += number
        await store.exposures.record(("ann", "codex"), ("acc", room))
    assert await other.exposures.list(("ann", "codex")) == [("acc", "one"), ("acc", "two")]
    assert await other.exposures.list(("ann", "claude")) == await other.exposures.list(("bo", "codex")) == []
    clock.now += 24 * 3600 - 1
    assert await other.exposures.list(("ann", "codex")) == [("acc", "one")]
    clock.now += 1
    assert await other.exposures.list(("ann", "codex")) == []


async def test_of_what_was_shown_the_last_hundred_conversations_of_a_viewer_are_kept(store, clock, tmp_path):
    for number in range(105):
        clock.now += 1
        await store.exposures.record(("", "c"), ("acc", f"r{number}"))
    await store.exposures.record(("", "d"), ("acc", "r"))
    assert await store.exposures.list(("", "c")) == [("acc", f"r{number}") for number in range(104, 4, -1)]
    con = apsw.Connection(str(tmp_path / "dragoman.db"))
    assert con.execute("SELECT count(*) FROM exposures").get == 101


async def test_a_write_that_nobody_renews_is_unknown(store, clock):
    entry = await store.writes.begin(INTENT)
    clock.now += LEASE - 1
    await store.writes.renew(entry)
    clock.now += LEASE - 1
    assert (await store.writes.find("acc", "k1")).state is State.PENDING
    clock.now += 2
    assert (await store.writes.find("acc", "k1")).state is State.UNKNOWN
    assert [found.id for found in await store.writes.unknown_outcomes("acc", "c", "")] == [entry.id]
    assert await store.writes.unknown_outcomes("acc", "c", "somebody else") == []


async def test_an_unknown_write_is_made_again_only_with_the_stamp_of_what_is_known(store, clock):
    entry = await store.writes.begin(INTENT)
    clock.now += LEASE + 1
    unknown = await store.writes.begin(INTENT)
    assert (unknown.fresh, unknown.state) == (False, State.UNKNOWN)
    again = await store.writes.begin(INTENT, accepted=unknown.stamp)
    assert (again.id, again.fresh, again.attempts) == (entry.id, True, 2)
    assert not (await store.writes.begin(INTENT, accepted=unknown.stamp)).fresh


async def test_the_failure_of_a_later_attempt_says_nothing_of_an_earlier_one(store, clock):
    entry = await store.writes.begin(INTENT)
    await store.writes.finish(entry.id, "unknown", attempts=1)
    again = await store.writes.begin(INTENT, accepted=(await store.writes.find("acc", "k1")).stamp)
    assert await store.writes.finish(entry.id, "failed", attempts=again.attempts)
    assert [(one.id, one.state) for one in await store.writes.pending()] == [(entry.id, State.UNKNOWN)]
    assert not (await store.writes.begin(INTENT)).fresh
    assert [line.outcome for line in await store.audit.read(1)] == ["failed"]


async def test_what_failed_every_time_has_failed(store):
    for attempts in (1, 2):
        entry = await store.writes.begin(INTENT)
        await store.writes.finish(entry.id, "failed", attempts=attempts)
    assert await store.writes.pending() == []
    assert (await store.writes.find("acc", "k1")).state is State.FAILED


async def test_the_failure_of_an_earlier_attempt_says_nothing_of_a_later_one(store, clock):
    entry = await store.writes.begin(INTENT)
    clock.now += LEASE + 1
    await store.writes.begin(INTENT, accepted=(await store.writes.find("acc", "k1")).stamp)
    assert not await store.writes.finish(entry.id, "failed", attempts=1)
    assert await store.writes.finish(entry.id, "done", "acc:c/m1", attempts=1)
    assert (await store.writes.find("acc", "k1")).state is State.DONE


async def test_everybody_has_keys_of_their_own(store):
    first = await store.writes.begin(INTENT)
    other = await store.writes.begin(replace(INTENT, principal="ann@x.example"))
    assert other.fresh
    assert (await store.writes.find("acc", "k1", "ann@x.example")).id == other.id != first.id


async def test_writes_beyond_the_most_in_a_minute_are_refused_with_the_time_to_wait(store, clock):
    for key in ("a", "b"):
        await store.writes.finish((await store.writes.begin(replace(INTENT, key=key), per_minute=2)).id, "done")
        clock.now += 10
    with pytest.raises(RateLimited, match="40 s") as refused:
        await store.writes.begin(replace(INTENT, key="c"), per_minute=2)
    assert refused.value.retry_after == 40
    assert (await store.writes.begin(replace(INTENT, key="c", account="other"), per_minute=2)).fresh
    clock.now += 41
    assert (await store.writes.begin(replace(INTENT, key="c"), per_minute=2)).fresh


async def test_failed_writes_do_not_count(store):
    for key in ("a", "b", "c"):
        await store.writes.finish((await store.writes.begin(replace(INTENT, key=key), per_minute=1)).id, "failed")


async def test_finished_writes_are_forgotten_after_ninety_days_and_unknown_ones_stay(store, clock):
    await store.writes.finish((await store.writes.begin(INTENT)).id, "done")
    lost = await store.writes.begin(replace(INTENT, key="lost"))
    clock.now += 91 * 24 * 3600
    await store.writes.finish((await store.writes.begin(replace(INTENT, key="new"))).id, "done")
    assert await store.writes.find("acc", "k1") is None
    assert [entry.id for entry in await store.writes.pending()] == [lost.id]


async def test_what_is_begun_and_how_it_ends_is_in_the_audit_log(store):
    entry = await store.writes.begin(replace(INTENT, principal="ann@x.example"))
    await store.writes.finish(entry.id, "unknown")
    await store.writes.finish(entry.id, "done", "acc:c/m1", outcome="found")
    lines = await store.audit.read()
    assert [line.outcome for line in lines] == ["found", "unknown", "begun"]
    assert {(line.write, line.principal, line.digest) for line in lines} == {(entry.id, "ann@x.example", "d1")}
    assert lines[0].message == "acc:c/m1"


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


async def test_a_confirmation_works_once_and_only_for_its_content(store):
    token = await store.confirmations.offer("digest")
    assert not await store.confirmations.redeem(token, "other digest")
    assert not await store.confirmations.redeem(token[:-1] + "\ud800", "digest")
    assert await store.confirmations.redeem(token, "digest")
    assert not await store.confirmations.redeem(token, "digest")


async def test_a_confirmation_ends(store, clock):
    token = await store.confirmations.offer("digest", 600)
    clock.now += 601
    assert not await store.confirmations.redeem(token, "digest")


async def test_of_many_that_redeem_a_confirmation_one_succeeds(store):
    token = await store.confirmations.offer("digest")
    outcomes = []

    async def redeem():
        outcomes.append(await store.confirmations.redeem(token, "digest"))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(redeem)
    assert sum(map(bool, outcomes)) == 1


async def test_a_confirmation_cannot_be_read_from_the_file(store, tmp_path):
    token = await store.confirmations.offer("digest")
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert token.encode() not in content


LINE = AuditRecord(who="client", account="acc", operation="send_message", conversation="c", outcome="done", digest="d")


async def test_the_audit_log_tells_the_newest_lines_first(store, clock):
    await store.audit.record(LINE)
    await store.audit.record(replace(LINE, outcome="refused", message="m"))
    at = datetime.fromtimestamp(clock.now, UTC)
    assert await store.audit.read(5) == [replace(LINE, outcome="refused", message="m", at=at), replace(LINE, at=at)]
    assert len(await store.audit.read(1)) == 1


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
