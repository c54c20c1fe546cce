"""What every store promises of sync: steps that are stored wholly, coverage, arrivals."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from store_contract_leases import NOW, LeasesContract, lease_of
from store_contract_messages import START as SENT
from store_contract_messages import found, message

from dragoman.core.model import Conversation
from dragoman.store.coverage import BEGINNING, OPEN, Span
from dragoman.store.sync_state import LEASE, AccountSync, Attempts, ConversationSync, SyncStep

DAY = timedelta(days=1)
SINCE = NOW - 30 * DAY


async def covered(store, conversation, *args):
    return (await store.sync.coverage("acc", conversation)).covers(*args)


class StepsContract:
    """A step is stored with everything that it says, for all processes."""

    async def test_messages_conversations_coverage_and_states_come_together(self, store, other):
        lease = await lease_of(store)
        assert await other.sync.account("acc") == AccountSync()
        account = AccountSync(
            position="p\ud8001", listing="l", listed_at=NOW, fresh_at=NOW, began_at=SINCE,
            attempts=Attempts(failures=2, error="Too many requests.", retry_at=NOW + DAY),
        )  # fmt: skip
        state = ConversationSync(
            id="room", cursor="c\ud800", cursor_at=SINCE, last_message_at=SINCE + DAY, checked_at=NOW, follows=True,
            listed_at=NOW, attempts=Attempts(failures=1, error="x", retry_at=NOW),
        )  # fmt: skip
        step = SyncStep(
            messages=[message("a", "needle"), message("b")],
            conversations=[Conversation(id="room", title="Room")],
            covered=[("room", Span(SINCE, OPEN))],
            states=[state],
            account=account,
        )
        assert await store.sync.commit(lease, step) == 2
        assert await store.sync.commit(lease, step) == 0
        assert await found(other, "needle") == ["a"]
        assert (await other.messages.conversation("acc", "room")).title == "Room"
        assert await other.sync.account("acc") == account
        assert await other.sync.conversations("acc", ["room", "hall"]) == {"room": replace(state, reach=SINCE)}
        assert await covered(other, "room", SINCE)
        assert not await covered(other, "room", SINCE - DAY)

    async def test_spans_of_steps_are_joined_and_taken_away(self, store):
        lease = await lease_of(store)
        day = [SINCE + number * DAY for number in range(9)]
        await store.sync.commit(lease, SyncStep(covered=[("room", Span(day[0], day[2])), ("room", Span(day[4], OPEN))]))
        state = ConversationSync(id="room", checked_at=NOW)
        await store.sync.commit(lease, SyncStep(states=[state]))
        assert not await covered(store, "room", day[0], day[5])
        await store.sync.commit(lease, SyncStep(covered=[("room", Span(day[2], day[4]))]))
        assert await covered(store, "room", day[0])
        assert (await store.sync.conversations("acc", ["room"]))["room"].reach == day[0]
        await store.sync.commit(lease, SyncStep(uncovered=[("room", Span(day[1], day[3]))]))
        assert await covered(store, "room", day[0], day[1])
        assert not await covered(store, "room", day[1], day[2])
        assert (await store.sync.conversations("acc", ["room"]))["room"].reach == day[3]
        step = SyncStep(uncovered=[("room", Span(BEGINNING, OPEN))], covered=[("room", Span(day[5], day[6]))])
        await store.sync.commit(lease, step)
        assert (await store.sync.coverage("acc", "room")).coverage.spans == (Span(day[5], day[6]),)

    async def test_coverage_is_that_of_its_account_and_conversation(self, store):
        lease = await lease_of(store)
        state = ConversationSync(id="room\ud800", checked_at=NOW)
        await store.sync.commit(lease, SyncStep(covered=[("room\ud800", Span(BEGINNING, OPEN))], states=[state]))
        assert await covered(store, "room\ud800")
        assert not await covered(store, "room")
        assert not (await store.sync.coverage("other", "room\ud800")).covers()

    async def test_a_conversation_that_follows_is_as_fresh_as_its_account(self, store, clock):
        lease = await lease_of(store)
        states = [
            ConversationSync(id="followed", checked_at=NOW, follows=True),
            ConversationSync(id="asked", checked_at=NOW),
        ]
        spans = [("followed", Span(SINCE, OPEN)), ("asked", Span(SINCE, OPEN))]
        await store.sync.commit(lease, SyncStep(states=states, covered=spans, account=AccountSync(fresh_at=NOW)))
        clock.now += 600
        later = NOW + timedelta(seconds=600)
        await store.sync.commit(lease, SyncStep(account=AccountSync(fresh_at=later)))
        assert (await store.sync.coverage("acc", "followed")).fresh_at == later
        assert (await store.sync.coverage("acc", "asked")).fresh_at == NOW

    async def test_what_a_clock_has_noted_that_was_ahead_is_not_taken_for_fresh(self, store, clock):
        lease = await lease_of(store)
        state = ConversationSync(id="room", checked_at=NOW + 365 * DAY)
        await store.sync.commit(lease, SyncStep(states=[state], covered=[("room", Span(SINCE, OPEN))]))
        assert not await covered(store, "room", SINCE)
        clock.now += 366 * 24 * 3600
        assert await covered(store, "room", SINCE)

    async def test_when_the_service_has_lost_the_position_what_follows_is_known_up_to_then_only(self, store):
        lease = await lease_of(store)
        states = [
            ConversationSync(id=id_, checked_at=NOW, follows=id_ != "asked") for id_ in ("room", "young", "asked")
        ]
        spans = [("room", Span(SINCE, OPEN)), ("young", Span(SINCE + 3 * DAY, OPEN)), ("asked", Span(SINCE, OPEN))]
        await store.sync.commit(lease, SyncStep(states=states, covered=spans, account=AccountSync(fresh_at=NOW)))
        await store.sync.commit(lease, SyncStep(behind_from=SINCE + 2 * DAY))
        assert await covered(store, "room", SINCE, SINCE + 2 * DAY)
        assert not await covered(store, "room", SINCE)
        assert (await store.sync.coverage("acc", "young")).coverage.spans == ()
        assert await covered(store, "asked", SINCE)
        assert [one.id for one in await store.sync.incomplete("acc", SINCE, 9)] == ["room", "young"]


class WorkContract:
    """The store tells what is to be read next, and how much is held."""

    async def test_conversations_that_are_behind_come_first_and_then_the_most_recent(self, store):
        lease = await lease_of(store)
        states = [
            ConversationSync(id="held", last_message_at=NOW),
            ConversationSync(id="old", last_message_at=SINCE - DAY),
            ConversationSync(id="short", last_message_at=SINCE + 2 * DAY),
            ConversationSync(id="shorter", last_message_at=SINCE + 3 * DAY),
            ConversationSync(id="new", last_message_at=SINCE + DAY),
            ConversationSync(id="unknown"),
            ConversationSync(id="gone", gone_at=NOW),
            ConversationSync(id="later", attempts=Attempts(failures=1, error="x", retry_at=NOW + DAY)),
        ]
        spans = [("held", Span(BEGINNING, OPEN)), ("short", Span(NOW, OPEN)), ("shorter", Span(NOW, OPEN))]
        await store.sync.commit(lease, SyncStep(states=states, covered=spans))
        listed = [one.id for one in await store.sync.incomplete("acc", SINCE, 9)]
        assert listed == ["unknown", "new", "shorter", "short"]
        assert [one.id for one in await store.sync.incomplete("acc", SINCE, 2)] == listed[:2]
        assert [one.id for one in await store.sync.incomplete("acc", BEGINNING, 9)][-1] == "short"
        assert "old" in [one.id for one in await store.sync.incomplete("acc", BEGINNING, 9)]
        assert await store.sync.next_retry("acc", SINCE) == NOW + DAY
        assert await store.sync.incomplete("other", SINCE, 9) == []

    async def test_a_conversation_that_failed_is_tried_again_when_its_time_has_come(self, store, clock):
        lease = await lease_of(store)
        attempts = Attempts(failures=1, error="x", retry_at=NOW + timedelta(seconds=60))
        await store.sync.commit(lease, SyncStep(states=[ConversationSync(id="room", attempts=attempts)]))
        assert await store.sync.incomplete("acc", SINCE, 9) == []
        clock.now += 61
        assert [one.id for one in await store.sync.incomplete("acc", SINCE, 9)] == ["room"]
        assert await store.sync.next_retry("acc", SINCE) is None

    async def test_those_that_have_to_be_asked_one_by_one_come_in_turn(self, store):
        lease = await lease_of(store)
        states = [
            ConversationSync(id="b", checked_at=NOW - 2 * DAY),
            ConversationSync(id="a", checked_at=NOW - 3 * DAY),
            ConversationSync(id="fresh", checked_at=NOW),
            ConversationSync(id="follows", checked_at=NOW - 3 * DAY, follows=True),
            ConversationSync(id="gone", checked_at=NOW - 3 * DAY, gone_at=NOW),
        ]
        await store.sync.commit(lease, SyncStep(states=states))
        assert [one.id for one in await store.sync.unfollowed("acc", NOW - DAY, 9)] == ["a", "b"]

    async def test_those_that_a_list_has_not_named_are_known(self, store):
        lease = await lease_of(store)
        states = [
            ConversationSync(id="named", listed_at=NOW),
            ConversationSync(id="missing", listed_at=NOW - DAY),
            ConversationSync(id="gone", listed_at=NOW - DAY, gone_at=NOW),
        ]
        await store.sync.commit(lease, SyncStep(states=states))
        assert [one.id for one in await store.sync.unlisted("acc", NOW, 9)] == ["missing"]

    async def test_how_current_an_account_is_can_be_told(self, store, other, clock):
        lease = await lease_of(store)
        failed = Attempts(failures=3, error="The service says no.", retry_at=NOW + DAY)
        states = [
            ConversationSync(id="room", checked_at=NOW, last_message_at=NOW),
            ConversationSync(id="idle", last_message_at=SINCE - DAY),
            ConversationSync(id="bad", last_message_at=NOW, attempts=failed),
            ConversationSync(id="gone", gone_at=NOW, attempts=failed),
        ]
        account = AccountSync(fresh_at=NOW, listed_at=NOW, attempts=replace(failed, failures=1))
        step = SyncStep(messages=[message("a")], states=states, covered=[("room", Span(SINCE, OPEN))], account=account)
        await store.sync.commit(lease, step)
        summary = await other.sync.summary("acc", SINCE)
        assert (summary.conversations, summary.held, summary.failed) == (3, 2, 1)
        assert (summary.oldest, summary.fresh_at, summary.listed) == (SENT, NOW, True)
        assert [(one.conversation, one.attempts.failures) for one in summary.failures] == [("", 1), ("bad", 3)]
        assert summary.holder == "one"
        clock.now += LEASE + 1
        assert (await other.sync.summary("acc", BEGINNING)).holder == ""
        assert (await other.sync.summary("acc", BEGINNING)).held == 0


class ArrivalsContract:
    """What has arrived is told in the order of arrival, each message with its last version."""

    async def test_new_and_edited_messages_are_told_after_a_serial(self, store, other):
        lease = await lease_of(store)
        await store.sync.commit(lease, SyncStep(messages=[message("old")]))
        start = (await other.sync.arrivals("acc", 0, 9)).newest
        step = SyncStep(news=[message("a", reply_to="old"), message("b")])
        await store.sync.commit(lease, step)
        await store.sync.commit(lease, step)
        first = await other.sync.arrivals("acc", start, 9)
        assert [(one.message.id, one.first == one.serial) for one in first.items] == [("a", True), ("b", True)]
        assert first.items[0].message.reply_to_number == 1
        assert [one.message.number for one in first.items] == [2, 3]
        edited = replace(message("a", "changed"), edited_at=NOW)
        await store.sync.commit(lease, SyncStep(news=[edited, message("c")]))
        more = await other.sync.arrivals("acc", first.items[-1].serial, 9)
        assert [(one.message.id, one.message.text) for one in more.items] == [("a", "changed"), ("c", "hello")]
        assert more.items[0].first == first.items[0].serial
        assert [one.message.id for one in (await other.sync.arrivals("acc", start, 2)).items] == ["b", "a"]
        assert (await other.sync.arrivals("other", 0, 9)).items == []

    async def test_a_deleted_message_is_no_news(self, store):
        lease = await lease_of(store)
        await store.sync.commit(lease, SyncStep(news=[message("a"), message("b")]))
        gone = replace(message("a"), deleted_at=NOW)
        await store.sync.commit(lease, SyncStep(news=[gone]))
        assert [one.message.id for one in (await store.sync.arrivals("acc", 0, 9)).items] == ["b"]

    async def test_what_was_read_before_is_no_news_unless_it_is_recent_or_was_edited(self, store):
        lease = await lease_of(store)
        known = [message("old", sent_at=SINCE), message("edited", sent_at=SINCE), message("recent", sent_at=NOW)]
        await store.messages.number(known, account="acc")
        again = [known[0], replace(known[1], text="x", edited_at=SINCE + DAY), known[2], message("late", sent_at=SINCE)]
        await store.sync.commit(lease, SyncStep(news=again, news_since=NOW))
        told = (await store.sync.arrivals("acc", 0, 9)).items
        assert [one.message.id for one in told] == ["edited", "recent", "late"]
        assert told[0].first == 0

    async def test_what_was_never_brought_as_news_can_be_told_by_the_service(self, store):
        lease = await lease_of(store)
        await store.messages.number([message("a")], account="acc")
        await store.sync.commit(lease, SyncStep(news=[message("a")]))
        (told,) = (await store.sync.arrivals("acc", 0, 9)).items
        assert told.first == told.serial


class SyncCrashContract:
    """After a process was killed the coverage claims nothing that is not there."""

    @pytest.mark.parametrize("acknowledged", [1, 6, 15])
    async def test_a_step_is_there_wholly_or_not_at_all_after_kill_9(self, open, clock, acknowledged, killed_after):  # noqa: A002 - a fixture
        def day(turn):
            return SINCE - turn * DAY

        async def work(say):
            async with open(clock) as store:
                lease = await store.sync.take_lease("acc", "child")
                for turn in range(10_000):
                    step = SyncStep(
                        messages=[message(f"m{turn}", f"text {turn}", sent_at=day(turn))],
                        covered=[("room", Span(day(turn), OPEN))],
                        states=[ConversationSync(id="room", cursor=str(turn), checked_at=NOW)],
                    )
                    await store.sync.commit(lease, step)
                    os.write(say, f"{turn}\n".encode())

        lines = killed_after(acknowledged, work)
        async with open(clock) as store:
            state = (await store.sync.conversations("acc", ["room"]))["room"]
            last = int(state.cursor)
            assert last >= int(lines[-1])
            assert await covered(store, "room", day(last))
            assert not await covered(store, "room", day(last + 1))
            for turn in (0, last // 2, last):
                assert await found(store, f'"text {turn}"') == [f"m{turn}"]
            assert await found(store, f'"text {last + 1}"') == []
            assert await store.sync.take_lease("acc", "heir") is None
            clock.now += LEASE + 1
            assert await store.sync.take_lease("acc", "heir") is not None


class SyncContract(LeasesContract, StepsContract, WorkContract, ArrivalsContract, SyncCrashContract):
    """All of it."""
