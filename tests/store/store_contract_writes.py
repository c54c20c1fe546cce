"""What every store promises of the outbox, confirmations and the audit log."""

from dataclasses import replace
from datetime import UTC, datetime

import anyio
import pytest

from dragoman.core.errors import RateLimited
from dragoman.store import AuditRecord, Intent, State
from dragoman.store.writes import LEASE

INTENT = Intent(account="acc", operation="send_message", conversation="c", digest="d1", key="k1", who="me")
KEYLESS = replace(INTENT, key=None)
LINE = AuditRecord(who="client", account="acc", operation="send_message", conversation="c", outcome="done", digest="d")


class WritesContract:
    """Nothing is written twice by mistake, and who wrote what is on record."""

    async def test_a_repeated_key_gives_the_first_entry_with_its_outcome(self, store):
        entry = await store.writes.begin(INTENT)
        assert (entry.fresh, entry.state) == (True, State.PENDING)
        assert await store.writes.finish(entry.id, "done", "m1")
        again = await store.writes.begin(replace(INTENT, digest="d2"))
        assert (again.id, again.fresh, again.state, again.message, again.digest) == (
            entry.id,
            False,
            "done",
            "m1",
            "d1",
        )
        assert await store.writes.find("acc", "k1") == again
        assert await store.writes.find("acc", "other") is None

    async def test_a_failed_write_may_be_made_again_with_the_same_key_and_content(self, store):
        entry = await store.writes.begin(INTENT)
        await store.writes.finish(entry.id, "failed")
        other = await store.writes.begin(replace(INTENT, digest="d2"))
        assert (other.fresh, other.state) == (False, State.FAILED)
        again = await store.writes.begin(INTENT)
        assert (again.id, again.fresh, again.state) == (entry.id, True, State.PENDING)

    async def test_a_pending_write_is_not_made_again(self, store):
        await store.writes.begin(INTENT)
        assert not (await store.writes.begin(INTENT)).fresh

    async def test_an_outcome_is_noted_once(self, store):
        entry = await store.writes.begin(INTENT)
        assert await store.writes.finish(entry.id, "done", "m1")
        assert not await store.writes.finish(entry.id, "failed")
        assert not await store.writes.finish(999, "done")

    async def test_of_many_that_begin_with_one_key_one_is_to_act(self, store):
        entries = []

        async def begin():
            entries.append(await store.writes.begin(INTENT))

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(begin)
        assert sum(entry.fresh for entry in entries) == 1

    async def test_the_same_content_without_a_key_is_held_up_while_the_first_is_open(self, store):
        first = await store.writes.begin(KEYLESS)
        again = await store.writes.begin(KEYLESS)
        assert (again.id, again.fresh) == (first.id, False)
        await store.writes.finish(first.id, "done")
        second = await store.writes.begin(KEYLESS)
        assert second.fresh
        assert [entry.id for entry in await store.writes.pending()] == [second.id]

    async def test_content_that_is_to_be_written_once_is_held_up_for_a_minute(self, store, clock):
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

    async def test_content_that_is_to_be_written_once_may_be_written_again_after_a_minute(self, store, clock):
        once = replace(KEYLESS, once=True)
        entry = await store.writes.begin(once)
        await store.writes.finish(entry.id, "done")
        await store.writes.deliver(entry.id)
        clock.now += 61
        assert (await store.writes.begin(once)).fresh

    @pytest.mark.parametrize("seconds", [61, 3600, 24 * 3600 - 1])
    async def test_content_whose_answer_has_not_arrived_stands_in_the_way_for_a_day(self, store, clock, seconds):
        once = replace(KEYLESS, once=True)
        entry = await store.writes.begin(once)
        await store.writes.finish(entry.id, "done", "acc:c/m1")
        clock.now += seconds
        found = await store.writes.begin(once)
        assert (found.id, found.fresh, found.delivered) == (entry.id, False, False)
        clock.now += 24 * 3600 + 1 - seconds
        assert (await store.writes.begin(once)).fresh

    @pytest.mark.parametrize("seconds", [61, 3900, 100 * 24 * 3600])
    async def test_an_unknown_outcome_stands_in_the_way_until_it_is_settled(self, store, clock, seconds):
        entry = await store.writes.begin(KEYLESS)
        await store.writes.finish(entry.id, "unknown")
        clock.now += seconds
        found = await store.writes.begin(KEYLESS)
        assert (found.id, found.fresh, found.state) == (entry.id, False, State.UNKNOWN)
        await store.writes.finish(entry.id, "failed")
        assert (await store.writes.begin(KEYLESS)).fresh

    async def test_what_was_shown_is_known_to_every_process_for_a_day_and_only_of_the_same_viewer(
        self, store, other, clock
    ):
        for number, room in enumerate(["one", "two", "one"]):
            clock.now += number
            await store.exposures.record(("ann", "codex"), [("acc", room)])
        assert await other.exposures.list(("ann", "codex")) == [("acc", "one"), ("acc", "two")]
        assert await other.exposures.list(("ann", "claude")) == await other.exposures.list(("bo", "codex")) == []
        clock.now += 24 * 3600 - 1
        assert await other.exposures.list(("ann", "codex")) == [("acc", "one")]
        clock.now += 1
        assert await other.exposures.list(("ann", "codex")) == []

    async def test_a_write_that_nobody_renews_is_unknown(self, store, clock):
        entry = await store.writes.begin(INTENT)
        clock.now += LEASE - 1
        await store.writes.renew(entry)
        clock.now += LEASE - 1
        assert (await store.writes.find("acc", "k1")).state is State.PENDING
        clock.now += 2
        assert (await store.writes.find("acc", "k1")).state is State.UNKNOWN
        assert [found.id for found in await store.writes.unknown_outcomes("acc", "c", "")] == [entry.id]
        assert await store.writes.unknown_outcomes("acc", "c", "somebody else") == []

    async def test_an_unknown_write_is_made_again_only_with_the_stamp_of_what_is_known(self, store, clock):
        entry = await store.writes.begin(INTENT)
        clock.now += LEASE + 1
        unknown = await store.writes.begin(INTENT)
        assert (unknown.fresh, unknown.state) == (False, State.UNKNOWN)
        again = await store.writes.begin(INTENT, accepted=unknown.stamp)
        assert (again.id, again.fresh, again.attempts) == (entry.id, True, 2)
        assert not (await store.writes.begin(INTENT, accepted=unknown.stamp)).fresh

    async def test_the_failure_of_a_later_attempt_says_nothing_of_an_earlier_one(self, store, clock):
        entry = await store.writes.begin(INTENT)
        await store.writes.finish(entry.id, "unknown", attempts=1)
        again = await store.writes.begin(INTENT, accepted=(await store.writes.find("acc", "k1")).stamp)
        assert await store.writes.finish(entry.id, "failed", attempts=again.attempts)
        assert [(one.id, one.state) for one in await store.writes.pending()] == [(entry.id, State.UNKNOWN)]
        assert not (await store.writes.begin(INTENT)).fresh
        assert [line.outcome for line in await store.audit.read(1)] == ["failed"]

    async def test_what_failed_every_time_has_failed(self, store):
        for attempts in (1, 2):
            entry = await store.writes.begin(INTENT)
            await store.writes.finish(entry.id, "failed", attempts=attempts)
        assert await store.writes.pending() == []
        assert (await store.writes.find("acc", "k1")).state is State.FAILED

    async def test_the_failure_of_an_earlier_attempt_says_nothing_of_a_later_one(self, store, clock):
        entry = await store.writes.begin(INTENT)
        clock.now += LEASE + 1
        await store.writes.begin(INTENT, accepted=(await store.writes.find("acc", "k1")).stamp)
        assert not await store.writes.finish(entry.id, "failed", attempts=1)
        assert await store.writes.finish(entry.id, "done", "acc:c/m1", attempts=1)
        assert (await store.writes.find("acc", "k1")).state is State.DONE

    async def test_everybody_has_keys_of_their_own(self, store):
        first = await store.writes.begin(INTENT)
        other = await store.writes.begin(replace(INTENT, principal="ann@x.example"))
        assert other.fresh
        assert (await store.writes.find("acc", "k1", "ann@x.example")).id == other.id != first.id

    async def test_writes_beyond_the_most_in_a_minute_are_refused_with_the_time_to_wait(self, store, clock):
        for key in ("a", "b"):
            await store.writes.finish((await store.writes.begin(replace(INTENT, key=key), per_minute=2)).id, "done")
            clock.now += 10
        with pytest.raises(RateLimited, match="40 s") as refused:
            await store.writes.begin(replace(INTENT, key="c"), per_minute=2)
        assert refused.value.retry_after == 40
        assert (await store.writes.begin(replace(INTENT, key="c", account="other"), per_minute=2)).fresh
        clock.now += 41
        assert (await store.writes.begin(replace(INTENT, key="c"), per_minute=2)).fresh

    async def test_failed_writes_do_not_count(self, store):
        for key in ("a", "b", "c"):
            await store.writes.finish((await store.writes.begin(replace(INTENT, key=key), per_minute=1)).id, "failed")

    async def test_finished_writes_are_forgotten_after_ninety_days_and_unknown_ones_stay(self, store, clock):
        await store.writes.finish((await store.writes.begin(INTENT)).id, "done")
        lost = await store.writes.begin(replace(INTENT, key="lost"))
        clock.now += 91 * 24 * 3600
        await store.writes.finish((await store.writes.begin(replace(INTENT, key="new"))).id, "done")
        assert await store.writes.find("acc", "k1") is None
        assert [entry.id for entry in await store.writes.pending()] == [lost.id]

    async def test_what_is_begun_and_how_it_ends_is_in_the_audit_log(self, store):
        entry = await store.writes.begin(replace(INTENT, principal="ann@x.example"))
        await store.writes.finish(entry.id, "unknown")
        await store.writes.finish(entry.id, "done", "acc:c/m1", outcome="found")
        lines = await store.audit.read()
        assert [line.outcome for line in lines] == ["found", "unknown", "begun"]
        assert {(line.write, line.principal, line.digest) for line in lines} == {(entry.id, "ann@x.example", "d1")}
        assert lines[0].message == "acc:c/m1"

    async def test_a_confirmation_works_once_and_only_for_its_content(self, store):
        token = await store.confirmations.offer("digest")
        assert not await store.confirmations.redeem(token, "other digest")
        assert not await store.confirmations.redeem(token[:-1] + "\ud800", "digest")
        assert await store.confirmations.redeem(token, "digest")
        assert not await store.confirmations.redeem(token, "digest")

    async def test_a_confirmation_ends(self, store, clock):
        token = await store.confirmations.offer("digest", 600)
        clock.now += 601
        assert not await store.confirmations.redeem(token, "digest")

    async def test_of_many_that_redeem_a_confirmation_one_succeeds(self, store):
        token = await store.confirmations.offer("digest")
        outcomes = []

        async def redeem():
            outcomes.append(await store.confirmations.redeem(token, "digest"))

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(redeem)
        assert sum(map(bool, outcomes)) == 1

    async def test_the_audit_log_tells_the_newest_lines_first(self, store, clock):
        await store.audit.record(LINE)
        await store.audit.record(replace(LINE, outcome="refused", message="m"))
        at = datetime.fromtimestamp(clock.now, UTC)
        assert await store.audit.read(5) == [replace(LINE, outcome="refused", message="m", at=at), replace(LINE, at=at)]
        assert len(await store.audit.read(1)) == 1
